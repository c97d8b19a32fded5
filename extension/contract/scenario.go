package contract

import (
	"fmt"
	"slices"
	"strings"

	"k6suite/extension/ledger"
)

// Stages of continuous integration; each includes the ones before it.
const (
	StagePR      = "pr"      // we did not break Kafka semantics
	StageMain    = "main"    // we did not break durability
	StageRelease = "release" // we did not break the architecture
)

// stages in the order in which they widen.
func stages() []string { return []string{StagePR, StageMain, StageRelease} }

// Scenario is one script in tests/ and what it judges.
type Scenario struct {
	ID       string   `json:"id"`     // S1 to S10; several scripts may share one
	Title    string   `json:"title"`  // what the scenario is about
	Script   string   `json:"script"` // name in tests/ without .js
	Load     string   `json:"load"`   // load and fault, for people
	Stage    string   `json:"stage"`
	Judges   []string `json:"judges"`   // ids of requirements
	MinAcked int64    `json:"minAcked"` // fewer acked records than this is INCONCLUSIVE
	Exists   bool     `json:"exists"`   // false: planned, there is no script yet

	// needs are claims that this scenario's way of judging a requirement rests on, beyond the requirement's own.
	needs map[string][]string
}

// JudgesRequirement reports whether the scenario judges the requirement with this id.
func (s Scenario) JudgesRequirement(id string) bool { return slices.Contains(s.Judges, id) }

// JudgesRule reports whether a finding of this rule, a code or "CODE/aspect", breaks a requirement that the scenario judges.
func (s Scenario) JudgesRule(rule ledger.Code) bool {
	return slices.ContainsFunc(s.Judges, func(id string) bool { return breaks(rule, id) })
}

// OnTheWire reports whether the scenario's faults act on messages, so that it needs a proxy between clients and brokers.
func (s Scenario) OnTheWire() bool { return s.ID == "S10" }

// claimsFor gives the claims without which the scenario cannot ask for a requirement.
func (s Scenario) claimsFor(r Requirement) []string {
	return slices.Concat(r.Claims, s.needs[r.ID])
}

// Scenarios gives all scenarios in the order in which they are run, the planned ones included.
func Scenarios() []Scenario {
	return slices.Concat(connectivity(), correctness(), deliveries(), storms(), faults(), chaos(), permissions())
}

// Stage gives the scenarios of a stage that exist, those of the stages before it included.
func Stage(name string) ([]Scenario, error) {
	at := slices.Index(stages(), name)
	if at < 0 {
		return nil, fmt.Errorf("stage %q: the stages are %s", name, strings.Join(stages(), ", "))
	}
	return slices.DeleteFunc(Scenarios(), func(s Scenario) bool {
		return !s.Exists || slices.Index(stages(), s.Stage) > at
	}), nil
}

// ScenarioOf finds a scenario by its script; a folder before the name and .js behind it are ignored.
func ScenarioOf(script string) (Scenario, error) {
	name := strings.TrimSuffix(script[strings.LastIndexByte(script, '/')+1:], ".js")
	all := Scenarios()
	if i := slices.IndexFunc(all, func(s Scenario) bool { return s.Script == name }); i >= 0 {
		return all[i], nil
	}
	names := make([]string, 0, len(all))
	for _, s := range all {
		if s.Exists {
			names = append(names, s.Script)
		}
	}
	return Scenario{}, fmt.Errorf("script %q is no scenario: the scenarios are %s", name, strings.Join(names, ", "))
}
