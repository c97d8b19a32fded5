package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/fatih/color"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

// shownFindings is how many findings a terminal gets to see; all of them are in findings.jsonl.
const shownFindings = 20

// Text writes a verdict for people: the contract, one requirement a line with its telling evidence, then every finding with
// its place, then what each fault hit and how partitions recovered, then why anything is INCONCLUSIVE, and in the last line the
// whole. With colour it uses ANSI escapes.
func Text(w io.Writer, v contract.Verdict, colour bool) error {
	t := &text{colour: colour}
	t.head(v)
	t.contract(v)
	t.findings(v)
	t.foreseen(v)
	t.faults(v)
	t.recoveries(v)
	t.list("Doubts", doubts(v.Doubts))
	t.list("Notes", v.Notes)
	t.total(v)
	_, err := w.Write(t.out.Bytes())
	return err
}

type text struct {
	out    bytes.Buffer
	colour bool
}

func (t *text) printf(format string, args ...any) { fmt.Fprintf(&t.out, format, args...) }

func (t *text) head(v contract.Verdict) {
	name := v.Script
	if len(v.Scripts) > 0 {
		name = fmt.Sprintf("%d scripts", len(v.Scripts))
	}
	t.printf("Contract of %s on profile %s (%s), run %s\n\n", name, v.Profile, v.System, v.Run)
}

func (t *text) contract(v contract.Verdict) {
	title := 0
	for _, j := range v.Requirements {
		title = max(title, utf8.RuneCountInString(j.Title))
	}
	for _, j := range v.Requirements {
		evidence := ""
		if len(j.Evidence) > 0 {
			evidence = j.Evidence[0]
		}
		if more := len(j.Evidence) - 1; more > 0 {
			evidence += fmt.Sprintf(" (+%d)", more)
		}
		t.printf("%s  %-6s  %s  %s\n", t.status(j.Status, 12), j.ID, pad(j.Title, title), evidence)
	}
	if len(v.Requirements) == 0 {
		t.printf("no requirement was judged\n")
	}
}

func (t *text) findings(v contract.Verdict) {
	if len(v.Findings) > 0 {
		t.printf("\nFindings\n")
	}
	for i, f := range v.Findings {
		if i == shownFindings {
			t.printf("  and %d more in %s\n", len(v.Findings)-i, FindingsFile)
			break
		}
		t.finding(f)
	}
	if len(v.Other) > 0 {
		t.printf("  broken beyond what is judged here: %s\n", codes(v.Other))
	}
	if len(v.Unclaimed) > 0 {
		t.printf("\nNot counted, because the profile does not claim it\n")
	}
	for i, f := range v.Unclaimed {
		if i == shownFindings {
			t.printf("  and %d more in %s\n", len(v.Unclaimed)-i, VerdictFile)
			break
		}
		t.finding(f)
	}
}

// foreseen sums up what faults of the run brought about on purpose, by rule and topic: that it was noticed is what matters.
func (t *text) foreseen(v contract.Verdict) {
	type key struct{ rule, topic string }
	counts := map[key]int64{}
	var order []key
	for _, f := range v.Foreseen {
		k := key{f.Rule(), f.Topic}
		if counts[k] == 0 {
			order = append(order, k)
		}
		counts[k] += 1 + f.Count
	}
	if len(order) > 0 {
		t.printf("\nBrought about by faults of this run, and noticed\n")
	}
	for _, k := range order {
		t.printf("  %s  %s: %s\n", t.paint(k.rule, color.FgGreen), k.topic, plural(counts[k], "time"))
	}
}

// finding writes the rule and its place in one line, and what else is known below it.
func (t *text) finding(f ledger.Finding) {
	t.printf("  %s", t.paint(f.Rule(), color.FgRed, color.Bold))
	if f.Topic != "" {
		t.printf("  %s partition %d", f.Topic, f.Partition)
		if f.Offset >= 0 {
			t.printf(" offset %d", f.Offset)
		}
	}
	t.printf("\n")
	t.field("record", f.Record)
	t.field("time", f.Time)
	t.field("object", f.Object)
	t.field("reader", f.Reader)
	t.field("what", f.Detail)
	if f.Count > 0 {
		t.field("more", fmt.Sprintf("%d like this", f.Count))
	}
}

func (t *text) field(name, value string) {
	if value != "" {
		t.printf("    %-8s%s\n", name, value)
	}
}

func (t *text) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	t.printf("\n%s\n", title)
	for _, line := range lines {
		t.printf("  %s\n", line)
	}
}

func (t *text) total(v contract.Verdict) {
	counts := map[contract.Status]int{}
	for _, j := range v.Requirements {
		counts[j.Status]++
	}
	var parts []string
	for _, s := range []contract.Status{contract.Pass, contract.Fail, contract.Inconclusive, contract.NotClaimed} {
		if counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], s))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing"}
	}
	t.printf("\n%s  %s; %s; %s acked\n", t.status(v.Status, 0), strings.Join(parts, ", "),
		plural(int64(len(v.Findings)), "finding"), plural(v.Acked, "record"))
}

// status writes a status, padded to a width, in the colour that it has.
func (t *text) status(s contract.Status, width int) string {
	switch s {
	case contract.Pass:
		return t.paint(pad(string(s), width), color.FgGreen)
	case contract.Fail:
		return t.paint(pad(string(s), width), color.FgRed, color.Bold)
	case contract.Inconclusive:
		return t.paint(pad(string(s), width), color.FgYellow)
	default:
		return t.paint(pad(string(s), width), color.Faint)
	}
}

func (t *text) paint(s string, attributes ...color.Attribute) string {
	if !t.colour {
		return s
	}
	c := color.New(attributes...)
	c.EnableColor()
	return c.Sprint(s)
}

func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

func doubts(all []contract.Doubt) []string {
	lines := make([]string, len(all))
	for i, d := range all {
		lines[i] = d.Text
		if len(d.Requirements) > 0 {
			lines[i] += " (" + strings.Join(d.Requirements, " ") + ")"
		}
	}
	return lines
}

func codes(all []ledger.Code) string {
	words := make([]string, len(all))
	for i, c := range all {
		words[i] = string(c)
	}
	return strings.Join(words, " ")
}
