package contract

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"k6suite/extension/ledger"
)

// ErrNotOneTest is why inputs cannot be judged as one.
var ErrNotOneTest = errors.New("these are not the instances of one test")

// Join makes one input of those of all instances of one test. Beyond holds the findings that only the ledgers of all together show: one
// about a record or an offset of which an instance tells already is not told again.
func Join(instances []Input, beyond []ledger.Finding) (Input, error) {
	if len(instances) == 0 {
		return Input{}, fmt.Errorf("%w: there is none", ErrNotOneTest)
	}
	all := instances[0]
	all.Run, all.Part = all.Part.Test, Part{}
	for _, in := range instances[1:] {
		if in.Part.Test != all.Run || in.Script != all.Script || in.Profile != all.Profile || in.System != all.System ||
			!maps.Equal(in.Claims, all.Claims) {
			return Input{}, fmt.Errorf("%w: %s of %s on %s (%s), and %s of %s on %s (%s), or with other claims", ErrNotOneTest,
				all.Script, all.Run, all.Profile, all.System, in.Script, in.Part.Test, in.Profile, in.System)
		}
		all = all.join(in)
	}
	all.Findings = append(all.Findings, news(all.Findings, beyond)...)
	return all, nil
}

// join adds another instance.
func (in Input) join(other Input) Input {
	in.Subject = in.Subject.and(other.Subject)
	in.Findings = slices.Concat(in.Findings, other.Findings)
	in.Foreseen = slices.Concat(in.Foreseen, other.Foreseen)
	in.Expectations = slices.Concat(in.Expectations, other.Expectations)
	in.Doubts = firsts(slices.Concat(in.Doubts, other.Doubts), func(d Doubt) string { return d.Text })
	in.Notes = firsts(slices.Concat(in.Notes, other.Notes), func(note string) string { return note })
	in.MinAcked = max(in.MinAcked, other.MinAcked)
	in.LieHits = plus(in.LieHits, other.LieHits)
	audit, transactions, access := in.Measured.Audit.and(other.Measured.Audit), in.Measured.Transactions, in.Measured.Access
	faults, recoveries := in.Measured.Faults, in.Measured.Recoveries
	in.Measured = in.Measured.sum(other.Measured)
	in.Measured.Audit, in.Measured.Transactions = audit, transactions.Plus(other.Measured.Transactions)
	in.Measured.Access = access
	in.Measured.Faults = slices.Concat(faults, other.Measured.Faults)
	in.Measured.Recoveries = slices.SortedStableFunc(slices.Values(slices.Concat(recoveries, other.Measured.Recoveries)), slowestFirst)
	return in
}

// and is what two instances found in one bucket. Each counts its own records.
func (a *Audit) and(other *Audit) *Audit {
	if a == nil || other == nil {
		return nil
	}
	return &Audit{
		Complete: a.Complete && other.Complete, Objects: max(a.Objects, other.Objects), Bytes: max(a.Bytes, other.Bytes),
		Records: a.Records + other.Records, Acked: a.Acked + other.Acked,
	}
}

// firsts keeps the first of each name.
func firsts[T any](all []T, name func(T) string) []T {
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(one T) bool {
		was := seen[name(one)]
		seen[name(one)] = true
		return was
	})
}

// news gives the findings that are about nothing of which others tell. Those folded into one that is told already are told, too.
func news(told, beyond []ledger.Finding) (fresh []ledger.Finding) {
	type place struct {
		topic     string
		partition int32
		offset    int64
	}
	placeOf := func(f ledger.Finding) place { return place{f.Topic, f.Partition, f.Offset} }
	records, places, rules := map[string]bool{}, map[place]bool{}, map[string]bool{}
	for _, f := range told {
		records[f.Record], places[placeOf(f)], rules[f.Rule()] = true, true, true
	}
	for _, f := range beyond {
		if f.Record != "" && records[f.Record] || f.Offset >= 0 && places[placeOf(f)] {
			continue
		}
		if rules[f.Rule()] {
			f.Count = 0
		}
		fresh = append(fresh, f)
	}
	return fresh
}
