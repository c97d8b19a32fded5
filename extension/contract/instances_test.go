package contract_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

// part is one of two instances of a healthy run, with half of the records.
func part(number int) contract.Input {
	const half = 50_000
	in := healthy()
	in.Script, in.Part = "produce_consume", contract.Part{Test: "test", Number: number, Of: 2}
	m := &in.Measured
	for _, n := range []*int64{&m.Sent, &m.Acked, &m.Read, &m.Found, &m.Ordered, &m.Keyed, &m.Covered, &m.Audit.Records, &m.Audit.Acked} {
		*n = half
	}
	return in
}

func TestInstancesAreJudgedAsOne(t *testing.T) {
	t.Parallel()
	alone := judge(t, part(1))
	require.Equal(t, contract.Pass, alone.Status, "too few records, but it is one of two: %+v", alone.Doubts)
	require.Contains(t, alone.Notes[len(alone.Notes)-1], "instance 1 of 2 of test test")
	require.Equal(t, contract.NotClaimed, status(t, alone, "NFR3.5"))

	joined, err := contract.Join([]contract.Input{part(1), part(2)}, nil)
	require.NoError(t, err)
	verdict := judge(t, joined)
	require.Equal(t, contract.Pass, verdict.Status, "%+v", verdict)
	require.Equal(t, "test", verdict.Run)
	require.Zero(t, verdict.Part)
	require.EqualValues(t, 100_000, verdict.Acked)
	require.Equal(t, contract.Pass, status(t, verdict, "NFR3.5"))
}

func TestTwoInstancesThatSentTooFew(t *testing.T) {
	t.Parallel()
	few := part(2)
	few.Measured.Acked--
	joined, err := contract.Join([]contract.Input{part(1), few}, nil)
	require.NoError(t, err)
	verdict := judge(t, joined)
	require.Equal(t, contract.Inconclusive, verdict.Status)
}

func TestWhatOnlyAllInstancesShow(t *testing.T) {
	t.Parallel()
	at := func(code ledger.Code, offset int64, record string) ledger.Finding {
		return ledger.Finding{Code: code, Topic: "t", Offset: offset, Record: record, Sequence: -1, Count: 7}
	}
	one := part(1)
	one.Findings = []ledger.Finding{at(ledger.Rewrite, 5, "a"), at(ledger.LostAcked, 6, "b")}
	joined, err := contract.Join([]contract.Input{one, part(2)}, []ledger.Finding{
		at(ledger.InconsistentOffset, 5, ""), at(ledger.LostAcked, 6, "b"), at(ledger.Duplicate, 9, "b"), // told already
		at(ledger.LostAcked, 8, "c"), at(ledger.TwoAcks, 7, "d"),
	})
	require.NoError(t, err)
	want := slices.Concat(one.Findings, []ledger.Finding{at(ledger.LostAcked, 8, "c"), at(ledger.TwoAcks, 7, "d")})
	want[2].Count = 0 // nobody knows how many of them an instance has told already
	require.Equal(t, want, joined.Findings)
}

func TestWhatIsNotOneTest(t *testing.T) {
	t.Parallel()
	_, err := contract.Join(nil, nil)
	require.ErrorIs(t, err, contract.ErrNotOneTest)
	for _, change := range []func(in *contract.Input){
		func(in *contract.Input) { in.Script = "smoke_single" },
		func(in *contract.Input) { in.Part.Test = "another" },
		func(in *contract.Input) { in.Profile = "another" },
		func(in *contract.Input) { in.Claims = map[string]bool{"idempotence": false} },
	} {
		other := part(2)
		change(&other)
		_, err := contract.Join([]contract.Input{part(1), other}, nil)
		require.ErrorIs(t, err, contract.ErrNotOneTest)
	}
}
