package saved

import (
	"fmt"
	"slices"
	"strings"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

// Instances judges the saved runs of all k6 instances of one test as one: each by itself first, by all rules, and then all together by
// what none of them can know alone. One is read at a time.
type Instances struct {
	test    string
	options ledger.JudgeOptions
	merged  *ledger.Merged
	inputs  []contract.Input
}

// NewInstances begins with none of the instances of a test.
func NewInstances(p contract.Part) *Instances {
	return &Instances{test: p.Test, merged: ledger.NewMerged(p.Test, p.Of)}
}

// Add judges one instance by itself, gives that verdict, and takes over its ledger.
func (i *Instances) Add(r *Run) (contract.Verdict, error) {
	in := r.input(r.Ledger.Judge(r.Options))
	alone, err := contract.Judge(in)
	if err != nil {
		return alone, err //nolint:wrapcheck // it says what is wrong
	}
	if err := i.merged.Add(r.Ledger); err != nil {
		return alone, fmt.Errorf("merging the instances of %s: %w", i.test, err)
	}
	i.options, i.inputs = r.Options, append(i.inputs, in)
	return alone, nil
}

// Judge gives the verdict of all.
func (i *Instances) Judge() (contract.Verdict, error) {
	judgement := i.merged.Ledger().Judge(i.options)
	in, err := contract.Join(i.inputs, judgement.Findings)
	if err != nil {
		return contract.Verdict{}, fmt.Errorf("merging the instances of %s: %w", i.test, err)
	}
	c, e := judgement.Counts, judgement.Evidence
	in.Measured.Read, in.Measured.Found, in.Measured.Duplicates = c.Found, e.AckedFound, c.Duplicated
	in.Measured.Ordered, in.Measured.Keyed = e.Ordered, e.Keyed
	in.Doubts = append(in.Doubts, doubts(judgement)...)
	if lacking := i.merged.Lacks(); len(lacking) > 0 {
		in.Doubts = append(in.Doubts, contract.Doubt{Text: "no file was given of " + people(lacking) + ": nobody knows what was sent there"})
	}
	in.Notes = slices.Concat([]string{fmt.Sprintf(
		"%d instances are judged as one; rules that compare times were judged within each, as clocks of machines differ: %s",
		len(i.inputs), strings.Join(names(ledger.NeedsOneClock()), " "))}, in.Notes, judgement.Notes)
	return contract.Judge(in)
}

// people names instances as people count.
func people(numbers []int) string {
	var all []string
	for _, n := range numbers {
		all = append(all, fmt.Sprintf("instance %d", n+1))
	}
	return strings.Join(all, ", ")
}

func names(codes []ledger.Code) (all []string) {
	for _, code := range codes {
		all = append(all, string(code))
	}
	return all
}
