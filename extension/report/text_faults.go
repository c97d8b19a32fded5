package report

import (
	"fmt"
	"unicode/utf8"

	"github.com/fatih/color"

	"k6suite/extension/contract"
)

const (
	shownFaults     = 20 // how many faults a terminal gets to see
	shownRecoveries = 5  // … and how many partitions, the slowest ones
)

// faults writes what each fault hit, and for how long it lasted. One that hit nothing stands out.
func (t *text) faults(v contract.Verdict) {
	if len(v.Faults) == 0 {
		return
	}
	t.printf("\nFaults\n")
	shown := v.Faults[:min(len(v.Faults), shownFaults)]
	names, hits := make([]string, len(shown)), make([]string, len(shown))
	name, hit := 0, 0
	for i, f := range shown {
		names[i], hits[i] = fmt.Sprint(f.Number), plural(f.Hits, "hit")
		if f.Script != "" {
			names[i] = fmt.Sprintf("%s %d", f.Script, f.Number)
		}
		name, hit = max(name, utf8.RuneCountInString(names[i])), max(hit, len(hits[i]))
	}
	for i, f := range shown {
		count := pad(hits[i], hit)
		if f.Hits == 0 {
			count = t.paint(count, color.FgYellow)
		}
		t.printf("  %s  %s  %7s  %s\n", pad(names[i], name), count, lasted(f), f.Spec)
		t.took(f, name)
	}
	if more := len(v.Faults) - len(shown); more > 0 {
		t.printf("  and %d more in %s\n", more, VerdictFile)
	}
}

// took writes the first thing that a fault hit, below it.
func (t *text) took(f contract.FaultReport, indent int) {
	if len(f.Took) > 0 {
		more := ""
		if n := len(f.Took) - 1; n > 0 {
			more = fmt.Sprintf(" (+%d)", n)
		}
		t.printf("  %s  %s%s\n", pad("", indent), f.Took[0], more)
	}
	if f.Err != "" {
		t.printf("  %s  %s\n", pad("", indent), t.paint(f.Err, color.FgYellow))
	}
}

func lasted(f contract.FaultReport) string {
	if f.Ended.IsZero() {
		return "–"
	}
	return fmt.Sprintf("%.1f s", f.Seconds())
}

// recoveries writes how long partitions took to recover, the slowest first.
func (t *text) recoveries(v contract.Verdict) {
	if len(v.Recoveries) == 0 {
		return
	}
	t.printf("\nRecovery, by partition: the longest time to the first ack of a record sent after an interruption\n")
	shown := v.Recoveries[:min(len(v.Recoveries), shownRecoveries)]
	width := 0
	for _, r := range shown {
		width = max(width, utf8.RuneCountInString(partition(r)))
	}
	for _, r := range shown {
		t.printf("  %s  %7.3f s  after %s; recovered %d of %s\n",
			pad(partition(r), width), r.Worst, r.After, r.Recovered, plural(int64(r.Times), "time"))
	}
	if more := len(v.Recoveries) - len(shown); more > 0 {
		t.printf("  and %d more in %s, none slower\n", more, VerdictFile)
	}
}

func partition(r contract.PartitionRecovery) string {
	return fmt.Sprintf("%s/%d", r.Topic, r.Partition)
}
