package contract

import "k6suite/extension/ledger"

// Verdict is what one script found out about one target. Its JSON is results/<run id>/verdict.json.
type Verdict struct {
	Version int `json:"version"` // of this shape: 1

	Run      string `json:"run"`
	Script   string `json:"script"`
	Scenario string `json:"scenario"`
	Profile  string `json:"profile"`
	System   string `json:"system"`
	Status   Status `json:"status"`

	Requirements []Judgement `json:"requirements"` // in the order of Requirements

	Findings          []ledger.Finding `json:"findings"`          // break a requirement above
	OtherFindings     []ledger.Finding `json:"otherFindings"`     // break none that this script judges, and the run FAILs all the same
	UnclaimedFindings []ledger.Finding `json:"unclaimedFindings"` // break only what the profile does not claim; not counted
	Doubts            []Doubt          `json:"doubts"`            // why requirements are INCONCLUSIVE
	Expectations      []Expectation    `json:"expectations"`      // as they came in
	Measured          Measured         `json:"measured"`          // as it came in
	Notes             []string         `json:"notes"`             // worth knowing, judged by nobody
}

// Judgement is the outcome for one requirement.
type Judgement struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Status   Status   `json:"status"`
	Evidence []string `json:"evidence"` // sentences, the telling one first; never empty
}
