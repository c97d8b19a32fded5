package contract

import (
	"fmt"

	"k6suite/extension/ledger"
)

// Input is everything that a verdict rests on.
type Input struct {
	Script  string // of a scenario; a path and .js are ignored
	Run     string // the run's id
	Part    Part   // of a test that several k6 instances run; nobody can say of one alone whether it acked too few
	Profile string // its name
	System  string // what runs there
	Subject Subject
	Claims  map[string]bool
	Unable  string // why the script cannot do to this target what its judgement rests on: all is NOT CLAIMED; "": it can
	Alone   bool   // there was one broker from the beginning: nobody was there to go on while it was away

	Findings     []ledger.Finding
	Foreseen     []ledger.Finding // what faults of the run were meant to bring about: evidence that it is noticed, against nobody
	Doubts       []Doubt
	Expectations []Expectation
	Measured     Measured
	LieHits      map[string]int64 // how often each lie that was asked for was told; one that was never told is a doubt
	MinAcked     int64            // raises the scenario's own minimum; 0 leaves it
	Notes        []string         // worth knowing, judged by nobody: holes in offsets, late records, unknown ones that are there
}

// Part is one of the k6 instances that run a test together, each a segment of it; the zero value: one runs it all.
type Part struct {
	Test   string `json:"test"`   // the run id that all were given
	Number int    `json:"number"` // from 1
	Of     int    `json:"of"`
}

func (p Part) String() string {
	return fmt.Sprintf("instance %d of %d of test %s", p.Number, p.Of, p.Test)
}

// Doubt is a reason why the run cannot say. Without requirements it concerns all of them.
type Doubt struct {
	Text         string   `json:"text"`
	Requirements []string `json:"requirements,omitempty"`
}

// Expectation is something that a script or the preflight looked at itself, with what it saw. One that is not OK breaks its
// requirement.
type Expectation struct {
	Requirement string   `json:"requirement"`
	What        string   `json:"what"` // "a topic made by hand has the partitions that were asked for"
	OK          bool     `json:"ok"`
	Evidence    string   `json:"evidence"`         // what was seen
	Claims      []string `json:"claims,omitempty"` // counted only where the profile makes all of them
}

// check refuses ids that do not exist: a doubt or an expectation under a wrong id would judge nothing.
func (in Input) check() error {
	for _, e := range in.Expectations {
		if _, ok := RequirementOf(e.Requirement); !ok {
			return fmt.Errorf("expectation %q: no requirement %q", e.What, e.Requirement)
		}
	}
	for _, d := range in.Doubts {
		for _, id := range d.Requirements {
			if _, ok := RequirementOf(id); !ok {
				return fmt.Errorf("doubt %q: no requirement %q", d.Text, id)
			}
		}
	}
	return nil
}
