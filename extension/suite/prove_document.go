package suite

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k6suite/extension/ledger"
)

// proofText is the proof as Markdown: the rules with the lies that break them, in how many runs each was found, and all rules by all lies.
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
	out.WriteString(matrix(rows))
	return out.String()
}

// matrix tells of each lie and each rule in how many runs it was found, as text of a fixed width: the rules, numbered, are its columns.
func matrix(rows []*row) string {
	var out strings.Builder
	out.WriteString("\nIn how many runs each rule found something, a dot for none:\n\n```text\n")
	width := 0
	for _, r := range rows {
		width = max(width, len(r.name))
	}
	rules := ledger.Rules()
	fmt.Fprintf(&out, "%-*s", width, "")
	for i := range rules {
		fmt.Fprintf(&out, " %2d", i+1)
	}
	out.WriteString("\n")
	for _, r := range rows {
		fmt.Fprintf(&out, "%-*s", width, r.name)
		for _, rule := range rules {
			cell := "."
			if n := r.found[rule.Name()]; n > 0 {
				cell = strconv.Itoa(n)
			}
			fmt.Fprintf(&out, " %2s", cell)
		}
		out.WriteString("\n")
	}
	out.WriteString("\n")
	for i, rule := range rules {
		fmt.Fprintf(&out, "%2d %s\n", i+1, rule.Name())
	}
	out.WriteString("```\n")
	return out.String()
}

func orDash(texts []string) string {
	if len(texts) == 0 {
		return "–"
	}
	return strings.Join(texts, ", ")
}
