package contract

import (
	"fmt"

	"k6suite/extension/ledger"
)

// Summary is the verdict of several scripts on one target.
type Summary struct {
	Version      int         `json:"version"` // of this shape: 1
	Run          string      `json:"run"`
	Profile      string      `json:"profile"`
	System       string      `json:"system"`
	Status       Status      `json:"status"`
	Scripts      []Script    `json:"scripts"`      // in the order in which they ran
	Requirements []Judgement `json:"requirements"` // the worst outcome of each, in the order of Requirements
}

// Script is one script's part in a summary.
type Script struct {
	Script   string           `json:"script"`
	Status   Status           `json:"status"`
	Findings []ledger.Finding `json:"findings"` // the counted ones
	Doubts   []Doubt          `json:"doubts"`
}

// Merge puts the verdicts of several scripts together: each requirement gets its worst outcome, and so does the whole. No
// verdict at all is INCONCLUSIVE: nothing was judged.
func Merge(verdicts []Verdict) Summary {
	s := Summary{Version: version, Status: Inconclusive}
	for i, v := range verdicts {
		if i == 0 {
			s.Run, s.Profile, s.System, s.Status = v.Run, v.Profile, v.System, v.Status
		}
		s.Status = worse(s.Status, v.Status)
		s.Scripts = append(s.Scripts, Script{
			Script: v.Script, Status: v.Status, Doubts: v.Doubts,
			Findings: append(append([]ledger.Finding{}, v.Findings...), v.OtherFindings...),
		})
	}
	for _, r := range Requirements() {
		if j, ok := mergeOne(r, verdicts); ok {
			s.Requirements = append(s.Requirements, j)
		}
	}
	return s
}

// mergeOne gives a requirement its worst outcome, with the evidence of the scripts that came to it.
func mergeOne(r Requirement, verdicts []Verdict) (Judgement, bool) {
	merged, found := Judgement{ID: r.ID, Title: r.Title, Status: NotClaimed}, false
	for _, v := range verdicts {
		for _, j := range v.Requirements {
			if j.ID != r.ID {
				continue
			}
			found = true
			if merged.Status != worse(merged.Status, j.Status) {
				merged.Status, merged.Evidence = j.Status, nil
			}
			if j.Status == merged.Status {
				merged.Evidence = append(merged.Evidence, named(v.Script, j.Evidence)...)
			}
		}
	}
	return merged, found
}

func named(script string, evidence []string) []string {
	out := make([]string, len(evidence))
	for i, text := range evidence {
		out[i] = fmt.Sprintf("%s: %s", script, text)
	}
	return out
}
