package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

// instances are histories of one run on one target, whose clocks are hours apart.
func instances(t *testing.T, n int) []*history {
	t.Helper()
	var all []*history
	for i := range n {
		h := newHistory(t)
		h.clock = h.clock.Add(-time.Duration(i) * time.Hour)
		if i > 0 {
			h.logs, h.start = all[0].logs, all[0].start
		}
		h.l = ledger.New(ledger.Options{Run: "run", Instance: uint8(i), Instances: n, Now: h.now})
		h.l.Own(topic)
		h.l.SetPartitions(topic, 2)
		all = append(all, h)
	}
	return all
}

// merged judges each instance alone, in which nothing may be wrong, and then all as one.
func merged(t *testing.T, all ...*history) ledger.Judgement {
	t.Helper()
	for i, h := range all {
		alone := h.l.Judge(h.options)
		require.Empty(t, alone.Findings, "instance %d", i)
		require.Empty(t, alone.Doubts, "instance %d", i)
	}
	return merge(t, all...)
}

func merge(t *testing.T, all ...*history) ledger.Judgement {
	t.Helper()
	m := ledger.NewMerged("run", len(all))
	for _, h := range all {
		require.NoError(t, m.Add(h.l))
	}
	return m.Ledger().Judge(all[0].options)
}

func onlyRule(t *testing.T, j ledger.Judgement, code ledger.Code) ledger.Finding {
	t.Helper()
	require.Len(t, j.Findings, 1)
	require.Equal(t, code, j.Findings[0].Code)
	require.Zero(t, j.Findings[0].Count)
	return j.Findings[0]
}

// The first instance ends while the others still send: its final reads cover less, and no record of others is a phantom.
func TestInstancesThatAreOneRun(t *testing.T) {
	t.Parallel()
	all := instances(t, 3)
	producers := []*ledger.Producer{all[0].producer(), all[1].producer(), all[2].producer()}
	for range 2000 {
		for i, h := range all {
			h.send(producers[i], int32(i%2))
		}
	}
	for _, h := range all {
		r := h.reader("r")
		for offset := range h.end(0) {
			h.read(r, 0, offset)
		}
	}
	all[0].finalReads()
	all[1].sends(producers[1], 0, 3000)
	all[1].finalReads()
	all[2].sends(producers[2], 1, 10)
	all[2].finalReads()

	require.Zero(t, all[0].l.ReadOfSiblings("nobody"))
	require.EqualValues(t, 2000, all[0].l.ReadOfSiblings("g"), "those of the third instance in partition 0")
	alone := all[0].l.Judge(all[0].options)
	require.EqualValues(t, 2000, alone.Counts.Sent)
	require.EqualValues(t, 2000, alone.Counts.Found)
	require.Equal(t, 1, alone.Counts.Producers)

	j := merged(t, all...)
	require.Empty(t, j.Findings)
	require.Empty(t, j.Doubts)
	require.Equal(t, 3, j.Counts.Producers)
	require.EqualValues(t, 9010, j.Counts.Acked)
	require.EqualValues(t, 9010, j.Evidence.AckedFound)
	require.EqualValues(t, 9010, j.Evidence.Ordered)
}

func TestTwoInstancesAreAckedAtOneOffset(t *testing.T) {
	t.Parallel()
	all := instances(t, 2)
	a, b := all[0].producer(), all[1].producer()
	all[0].sends(a, 0, 5)
	made := a.Make(nil, 100)
	offset := all[0].put(0, recordOf(made))
	all[0].ack(made, 0, offset)
	all[0].finalReads()
	other := b.Make(nil, 100)
	all[1].ack(other, 0, offset)
	// Its own instance finds it elsewhere; that two were acked there, nobody knows alone.
	all[1].put(0, recordOf(other))
	all[1].finalReads()

	require.Equal(t, ledger.OffsetMismatch, all[1].l.Judge(all[1].options).Findings[0].Code)
	finding := onlyRule(t, merge(t, all...), ledger.TwoAcks)
	require.Equal(t, offset, finding.Offset)
}

func TestARecordIsLostAfterItsInstanceHasEnded(t *testing.T) {
	t.Parallel()
	all := instances(t, 2)
	a, b := all[0].producer(), all[1].producer()
	all[0].sends(a, 0, 50)
	all[0].finalReads()
	all[1].sends(b, 0, 50)
	all[1].logs[0][30] = nil
	all[1].finalReads()

	finding := onlyRule(t, merged(t, all...), ledger.InconsistentOffset)
	require.EqualValues(t, 30, finding.Offset)
	require.Contains(t, finding.Detail, `final read "instance 1: final`)
	require.Contains(t, finding.Detail, `final read "instance 2: final`)
}

func TestReadersOfTwoInstancesDiffer(t *testing.T) {
	t.Parallel()
	all := instances(t, 2)
	a := all[0].producer()
	made := all[0].sends(a, 0, 5)
	all[1].producer()
	r := all[1].reader("r")
	swapped := *recordOf(made[1])
	swapped.Offset = 2
	r.Assign(tp(0), 2)
	r.Read(tp(0), swapped)
	all[0].finalReads()

	finding := onlyRule(t, merge(t, all...), ledger.InconsistentOffset)
	require.EqualValues(t, 2, finding.Offset)
}

func TestARecordIsStoredTwiceAfterItsInstanceHasEnded(t *testing.T) {
	t.Parallel()
	all := instances(t, 2)
	a, b := all[0].producer(), all[1].producer()
	made := all[0].sends(a, 0, 5)
	all[0].finalReads()
	all[1].sends(b, 0, 5)
	all[1].put(0, recordOf(made[3]))
	all[1].finalReads()

	finding := onlyRule(t, merged(t, all...), ledger.Duplicate)
	require.Contains(t, finding.Detail, "offset 3 and at t/0 offset 10")
}

func TestARecordThatNoInstanceHasSent(t *testing.T) {
	t.Parallel()
	all := instances(t, 3)
	a, b := all[0].producer(), all[1].producer()
	all[0].sends(a, 0, 5)
	never := b.Make(nil, 100)
	all[1].l = ledger.New(ledger.Options{Run: "run", Instance: 1, Instances: 3, Now: all[1].now}) // it has sent nothing
	all[1].l.Own(topic)
	all[0].put(0, recordOf(never))
	all[0].finalReads()
	all[1].finalReads()
	all[2].finalReads()

	m := ledger.NewMerged("run", 3)
	require.NoError(t, m.Add(all[0].l))
	require.Equal(t, []int{1, 2}, m.Lacks())
	require.NoError(t, m.Add(all[1].l))
	require.NoError(t, m.Add(all[2].l))
	require.Empty(t, m.Lacks())
	finding := onlyRule(t, m.Ledger().Judge(all[0].options), ledger.Phantom)
	require.EqualValues(t, 5, finding.Offset)
	require.Contains(t, finding.Detail, "never sent")
}

// A near miss: as long as an instance is missing, it may have sent what others saw.
func TestARecordOfAnInstanceThatIsMissing(t *testing.T) {
	t.Parallel()
	all := instances(t, 2)
	all[0].sends(all[0].producer(), 0, 5)
	all[1].sends(all[1].producer(), 0, 5)
	all[0].finalReads()

	m := ledger.NewMerged("run", 2)
	require.NoError(t, m.Add(all[0].l))
	require.Equal(t, []int{1}, m.Lacks())
	require.Empty(t, m.Ledger().Judge(all[0].options).Findings)
}

// Members of one group in two instances: what was given to one was given to the group.
func TestAGroupOverTwoInstances(t *testing.T) {
	t.Parallel()
	for _, given := range []int64{5, 4} {
		all := instances(t, 2)
		all[0].sends(all[0].producer(), 0, 10)
		all[1].producer()
		first, second := all[0].reader("first"), all[1].reader("second")
		first.Assign(tp(0), 0)
		all[0].read(first, 0, 0, 1, 2, 3, 4)
		second.Assign(tp(0), 10-given)
		for offset := 10 - given; offset < 10; offset++ {
			all[1].read(second, 0, offset)
		}
		all[1].l.Committed("g", "second", tp(0), 10)
		all[0].finalReads()
		all[1].finalReads()
		j := merged(t, all...)
		if given == 5 {
			require.Empty(t, j.Findings)
			continue
		}
		finding := onlyRule(t, j, ledger.GroupSkip)
		require.EqualValues(t, 5, finding.Offset)
	}
}

// Nobody has read to the end after the last instance had sent: nothing is lost, and nothing proven.
func TestInstancesOfWhichNobodyReadToTheEnd(t *testing.T) {
	t.Parallel()
	all := instances(t, 2)
	a, b := all[0].producer(), all[1].producer()
	all[0].sends(a, 0, 5)
	all[1].sends(b, 1, 5)
	all[0].finalReads()
	all[1].sends(b, 0, 5)

	j := merge(t, all...)
	require.Empty(t, j.Findings)
	require.Len(t, j.Doubts, 1)
	require.Contains(t, j.Doubts[0].Text, "t/0 0 of 2")
}

func TestWhatIsNoInstanceOfTheRun(t *testing.T) {
	t.Parallel()
	all := instances(t, 2)
	m := ledger.NewMerged("run", 2)
	require.NoError(t, m.Add(all[1].l))
	require.ErrorContains(t, m.Add(all[1].l), "there already")
	require.ErrorContains(t, m.Add(newHistory(t).l), "0 instances, not 2")
	require.ErrorContains(t, m.Add(ledger.New(ledger.Options{Run: "another", Instances: 2})), "another run")
}
