package suite

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k6suite/extension/ledger"
)

// proofText is the proof as Markdown: the rules with the lies that break them, and in how many runs each was found.
func proofText(trials []*trial) string {
	var out strings.Builder
	passed, suite, day := 0, "", ""
	for _, t := range trials {
		if t.wrong == "" {
			passed++
		}
		if t.subject.Suite != "" {
			suite, day = t.subject.Suite, t.subject.At.UTC().Format("2006-01-02")
		}
	}
	fmt.Fprintf(&out, "%d of %d runs came out as they must; suite %s, %s.\n\n", passed, len(trials), suite, day)
	out.WriteString("| Rule | Lie | What it does | Runs | Its rule | Any other rule | Scripts |\n|---|---|---|---|---|---|---|\n")
	rows := rowsOf(trials)
	slices.SortStableFunc(rows, func(a, b *row) int { return strings.Compare(a.rule, b.rule) })
	for _, r := range rows {
		if r.rule == "" {
			continue
		}
		others := maps.Clone(r.found)
		delete(others, ledger.Code(r.rule))
		fmt.Fprintf(&out, "| %s | `%s` | %s | %d | %d | %s | %s |\n",
			r.rule, r.name, r.description, r.runs, r.found[ledger.Code(r.rule)], orDash(timesEach(others)), strings.Join(r.scripts, ", "))
	}
	for _, r := range rows {
		if r.rule == "" {
			fmt.Fprintf(&out, "| none | none | a healthy target | %d | – | %s | %s |\n",
				r.runs, orDash(timesEach(r.found)), strings.Join(r.scripts, ", "))
		}
	}
	return out.String()
}

func orDash(texts []string) string {
	if len(texts) == 0 {
		return "–"
	}
	return strings.Join(texts, ", ")
}
