package saved

import (
	"slices"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

// Run is all that the verdict of a run rests on.
type Run struct {
	Ledger  *ledger.Ledger
	Options ledger.JudgeOptions
	Input   contract.Input // but for what the ledger says
	Cut     bool           // the run did not get to its end: what the ledger misses because of that is no doubt of its own
	Plans   [][]byte       // of its faults, as in plan.json
}

// Judge gives the run its verdict. It changes nothing of the run and may be repeated.
func (r *Run) Judge() (contract.Verdict, error) {
	return contract.Judge(r.input(r.Ledger.Judge(r.Options)))
}

// input is all that the verdict rests on, with what the ledger says.
func (r *Run) input(judgement ledger.Judgement) contract.Input {
	in := r.Input
	in.Findings, in.Foreseen = judgement.Findings, judgement.Foreseen
	in.Notes = slices.Concat(in.Notes, judgement.Notes)
	in.Measured = measured(in.Measured, judgement)
	in.Doubts = slices.Clone(in.Doubts)
	if !r.Cut {
		in.Doubts = append(in.Doubts, doubts(judgement)...)
	}
	return in
}

// doubts gives those of the ledger, which concern all requirements.
func doubts(j ledger.Judgement) (all []contract.Doubt) {
	for _, d := range j.Doubts {
		all = append(all, contract.Doubt{Text: d.Text})
	}
	return all
}

// measured adds what the ledger counted.
func measured(m contract.Measured, j ledger.Judgement) contract.Measured {
	c, e := j.Counts, j.Evidence
	m.Sent, m.Acked, m.Failed, m.Unknown, m.Errors = c.Sent, c.Acked+c.Suspicious, c.Failed, c.Unknown, c.Errors
	m.LiveRead, m.Read, m.Found, m.Duplicates = c.Read, c.Found, e.AckedFound, c.Duplicated
	m.Ordered, m.Keyed, m.Covered, m.MetadataSeen = e.Ordered, e.Keyed, e.Covered, e.MetadataSeen
	m.Access, m.Transactions = e.Access, e.Transactions
	m.ForeseenLost, m.ForeseenDuplicates = e.ForeseenLost, e.ForeseenDuplicates
	m.Healed, m.AckedDisturbed, m.AckedAfterHeal, m.ReadAfterHeal = e.Heals, e.AckedDisturbed, e.AckedAfterHeal, e.ReadAfterHeal
	m.PartitionsWritten, m.PartitionsHealed = e.PartitionsWritten, e.PartitionsHealed
	m.Recoveries = contract.RecoveriesOf(j.Recoveries)
	if m.Audit != nil {
		audit := *m.Audit
		audit.Records, audit.Acked = e.InObjects, e.AckedInObjects
		m.Audit = &audit
	}
	return m
}
