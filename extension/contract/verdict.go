package contract

import "k6suite/extension/ledger"

// Verdict is what one script found out about one target, or, from Merge, several scripts. Its JSON is what a run saves as
// verdict.json.
type Verdict struct {
	Version  int     `json:"version"` // of this shape: 1
	Run      string  `json:"run"`
	Part     Part    `json:"part,omitzero"` // of a test that several k6 instances ran
	Script   string  `json:"script"`        // without .js; empty for several
	Scenario string  `json:"scenario"`      // S1 to S10; empty for several
	Profile  string  `json:"profile"`
	System   string  `json:"system"`
	Status   Status  `json:"status"`
	Subject  Subject `json:"subject,omitzero"`

	Scripts      []ScriptStatus `json:"scripts,omitempty"` // of several, in the order in which they ran
	Requirements []Judgement    `json:"requirements"`      // in the order of Requirements

	Findings  []ledger.Finding `json:"findings"`  // every one that counts
	Other     []ledger.Code    `json:"other"`     // rules among Findings that break nothing which the script judges
	Unclaimed []ledger.Finding `json:"unclaimed"` // break only what the profile does not claim, and do not count
	Foreseen  []ledger.Finding `json:"foreseen"`  // what faults were meant to bring about; they do not count

	Doubts       []Doubt       `json:"doubts"`       // why requirements are INCONCLUSIVE
	Expectations []Expectation `json:"expectations"` // as they came in
	Measured     `json:"measured"`
	LieHits      map[string]int64 `json:"lieHits,omitempty"` // how often each lie was told
	Notes        []string         `json:"notes"`             // worth knowing, judged by nobody
}

// Judgement is the outcome for one requirement.
type Judgement struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Status   Status   `json:"status"`
	Evidence []string `json:"evidence"` // sentences, the telling one first; never empty
}

// ScriptStatus is the outcome of one script of several.
type ScriptStatus struct {
	Script string `json:"script"`
	Status Status `json:"status"`
	Acked  int64  `json:"acked"`
}

// ExitCode is Status.ExitCode of the whole.
func (v *Verdict) ExitCode() int { return v.Status.ExitCode() }

// fillEmpty turns what is absent into empty lists, so that readers of the JSON meet no null.
func (v *Verdict) fillEmpty() {
	v.Requirements = append([]Judgement{}, v.Requirements...)
	v.Findings = append([]ledger.Finding{}, v.Findings...)
	v.Other = append([]ledger.Code{}, v.Other...)
	v.Unclaimed = append([]ledger.Finding{}, v.Unclaimed...)
	v.Foreseen = append([]ledger.Finding{}, v.Foreseen...)
	v.Doubts = append([]Doubt{}, v.Doubts...)
	v.Expectations = append([]Expectation{}, v.Expectations...)
	v.Notes = append([]string{}, v.Notes...)
}
