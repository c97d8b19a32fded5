package contract

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"k6suite/extension/ledger"
)

// Merge puts the verdicts of several scripts together: each requirement gets its worst outcome with the evidence of the
// scripts that came to it, the one with the most records first, and so does the whole. No verdict at all is INCONCLUSIVE:
// nothing was judged.
func Merge(verdicts []Verdict) Verdict {
	if len(verdicts) == 0 {
		none := Verdict{Version: version, Status: Inconclusive, Doubts: []Doubt{{Text: "no script was judged"}}}
		none.fillEmpty()
		return none
	}
	first := verdicts[0]
	all := Verdict{Version: version, Run: first.Run, Profile: first.Profile, System: first.System, Subject: first.Subject, Status: NotClaimed}
	for _, v := range verdicts {
		all.add(v)
	}
	telling := slices.SortedStableFunc(slices.Values(verdicts), func(a, b Verdict) int { return cmp.Compare(b.Acked, a.Acked) })
	for _, r := range Requirements() {
		if j, ok := mergeOne(r, telling); ok {
			all.Requirements = append(all.Requirements, j)
		}
	}
	all.fillEmpty()
	return all
}

// add takes over what is not a requirement. Texts say from which script they come.
func (v *Verdict) add(from Verdict) {
	v.Status = worse(v.Status, from.Status)
	v.Subject = v.Subject.and(from.Subject)
	v.Scripts = append(v.Scripts, ScriptStatus{Script: from.Script, Status: from.Status, Acked: from.Acked})
	v.Findings = append(v.Findings, from.Findings...)
	v.Unclaimed = append(v.Unclaimed, from.Unclaimed...)
	v.Foreseen = append(v.Foreseen, from.Foreseen...)
	v.Expectations = append(v.Expectations, from.Expectations...)
	v.Notes = append(v.Notes, named(from.Script, from.Notes)...)
	for _, code := range from.Other {
		if !slices.Contains(v.Other, code) {
			v.Other = append(v.Other, code)
		}
	}
	for _, d := range from.Doubts {
		v.Doubts = append(v.Doubts, Doubt{Text: from.Script + ": " + d.Text, Requirements: d.Requirements})
	}
	v.LieHits = plus(v.LieHits, from.LieHits)
	faults, recoveries := v.Faults, v.Recoveries
	v.Measured = v.sum(from.Measured)
	v.Faults, v.Recoveries = faults, recoveries
	for _, f := range from.Faults {
		f.Script = from.Script
		v.Faults = append(v.Faults, f)
	}
	v.Recoveries = append(v.Recoveries, from.Recoveries...)
	slices.SortStableFunc(v.Recoveries, slowestFirst)
}

// sum adds what can be added over several runs; what only one run can say (its reads, its audit) stays with it.
func (m Measured) sum(other Measured) Measured {
	all := Measured{
		Sent: m.Sent + other.Sent, Acked: m.Acked + other.Acked, Failed: m.Failed + other.Failed, Unknown: m.Unknown + other.Unknown,
		LiveRead: m.LiveRead + other.LiveRead, FinalReads: m.FinalReads + other.FinalReads,
		Read: m.Read + other.Read, Found: m.Found + other.Found, Duplicates: m.Duplicates + other.Duplicates,
		Ordered: m.Ordered + other.Ordered, Keyed: m.Keyed + other.Keyed, Covered: m.Covered + other.Covered,
		Restarted: m.Restarted + other.Restarted, Errors: plus(m.Errors, other.Errors),
		ForeseenLost: m.ForeseenLost + other.ForeseenLost, ForeseenDuplicates: m.ForeseenDuplicates + other.ForeseenDuplicates,
		MetadataSeen: m.MetadataSeen + other.MetadataSeen, Spread: maps.Clone(m.Spread),
		Healed: m.Healed + other.Healed, AckedDisturbed: m.AckedDisturbed + other.AckedDisturbed,
		AckedAfterHeal: m.AckedAfterHeal + other.AckedAfterHeal, ReadAfterHeal: m.ReadAfterHeal + other.ReadAfterHeal,
		PartitionsWritten: m.PartitionsWritten + other.PartitionsWritten, PartitionsHealed: m.PartitionsHealed + other.PartitionsHealed,
		Chaos: m.plus(other.Chaos), Storm: cmp.Or(m.Storm, other.Storm), TLS: cmp.Or(m.TLS, other.TLS),
	}
	for id, t := range other.Spread {
		if all.Spread == nil {
			all.Spread = map[int32]ledger.BrokerTraffic{}
		}
		was := all.Spread[id]
		all.Spread[id] = ledger.BrokerTraffic{Connections: was.Connections + t.Connections, Requests: was.Requests + t.Requests}
	}
	return all
}

// plus adds counts by their names; nil, which nobody counted, stays nil.
func plus(counts, more map[string]int64) map[string]int64 {
	all := maps.Clone(counts)
	for name, n := range more {
		if all == nil {
			all = map[string]int64{}
		}
		all[name] += n
	}
	return all
}

func mergeOne(r Requirement, verdicts []Verdict) (Judgement, bool) {
	merged, found := Judgement{ID: r.ID, Title: r.Title, Status: NotClaimed}, false
	for _, v := range verdicts {
		for _, j := range v.Requirements {
			if j.ID != r.ID {
				continue
			}
			found = true
			if worst := worse(merged.Status, j.Status); worst != merged.Status {
				merged.Status, merged.Evidence = worst, nil
			}
			if j.Status == merged.Status {
				merged.Evidence = append(merged.Evidence, named(v.Script, j.Evidence)...)
			}
		}
	}
	return merged, found
}

func named(script string, texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = fmt.Sprintf("%s: %s", script, text)
	}
	return out
}
