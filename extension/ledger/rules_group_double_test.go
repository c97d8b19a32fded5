package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

func TestGroupDouble(t *testing.T) {
	t.Parallel()
	double := fires(ledger.GroupDouble)
	all := []ledger.TopicPartition{tp(0), tp(1)}
	one := all[:1]
	run := func(steps func(h *history)) func(h *history) {
		return func(h *history) {
			steps(h)
			h.sends(h.producer(), 0, 3)
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "each has its own", run: run(func(h *history) {
			h.l.Owns("g", "m1", 3, one)
			h.l.Owns("g", "m2", 3, all[1:])
		})},
		{name: "two of them one", codes: double, total: 1, run: run(func(h *history) {
			h.l.Owns("g", "m1", 3, all)
			h.l.Owns("g", "m2", 3, one)
		})},
		{name: "two of them both", codes: double, total: 2, run: run(func(h *history) {
			h.l.Owns("g", "m1", 3, all)
			h.l.Owns("g", "m2", 3, all)
		})},
		{name: "one that was thrown out and does not know it", run: run(func(h *history) {
			h.l.Owns("g", "m1", 3, all)
			h.l.Owns("g", "m2", 4, all)
		})},
		{name: "late to say so", run: run(func(h *history) {
			h.l.Owns("g", "m2", 4, all)
			h.l.Owns("g", "m1", 3, all)
		})},
		{name: "late to say so, and wrong", codes: double, total: 1, run: run(func(h *history) {
			h.l.Owns("g", "m1", 3, one)
			h.l.Owns("g", "m1", 4, one)
			h.l.Owns("g", "m2", 3, one)
		})},
		{name: "it keeps what it has", run: run(func(h *history) {
			h.l.Owns("g", "m1", 3, all)
			h.l.Owns("g", "m1", 4, one)
			h.l.Owns("g", "m2", 4, all[1:])
			h.l.Owns("g", "m1", 4, one)
		})},
		{name: "epochs of members that come to them one after the other", run: run(func(h *history) { // KIP-848
			h.l.Owns("g", "m1", 3, all)
			h.l.Owns("g", "m2", 4, nil) // it waits until m1 has given up what it is to have
			h.l.Owns("g", "m1", 3, all[1:])
			h.l.Owns("g", "m1", 4, all[1:])
			h.l.Owns("g", "m2", 4, one)
		})},
		{name: "a member stays at an older epoch", run: run(func(h *history) {
			h.l.Owns("g", "m1", 3, all)
			h.l.Owns("g", "m2", 5, one) // m1 was silent for too long and does not know it yet
			h.l.Owns("g", "m1", 3, all)
		})},
		{name: "a member keeps at a new epoch what another is given at it", codes: double, total: 1, run: run(func(h *history) {
			h.l.Owns("g", "m1", 3, all)
			h.l.Owns("g", "m2", 4, one)
			h.l.Owns("g", "m1", 4, all)
		})},
		{name: "another group", run: run(func(h *history) {
			h.l.Owns("g", "m1", 3, all)
			h.l.Owns("h", "m2", 3, all)
		})},
		{name: "the generation is not known", run: run(func(h *history) {
			h.l.Owns("g", "m1", -1, all)
			h.l.Owns("g", "m2", -1, all)
		})},
		{name: "generations may be counted anew after a disturbance", run: run(func(h *history) {
			h.l.Owns("g", "m1", 1, all)
			h.l.Disturb(ledger.AllErrors)()
			h.l.Owns("g", "m2", 1, all)
		})},
		{name: "and in one", run: run(func(h *history) {
			healed := h.l.Disturb(ledger.AllErrors)
			h.l.Owns("g", "m1", 1, all)
			h.l.Owns("g", "m2", 1, all)
			healed()
		})},
		{name: "the commits of two owners go back", codes: double, total: 1, run: run(func(h *history) {
			h.l.Owns("g", "m1", 3, one)
			h.l.Owns("g", "m2", 3, one)
			h.l.Committed("g", "m1", tp(0), 3)
			h.l.Committed("g", "m2", tp(0), 1)
			h.l.AskCommitted("g", "final question", tp(0)).Answered(1)
		})},
	})
}

func TestGroupDoubleSaysWho(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.l.Owns("g", "m1", 7, []ledger.TopicPartition{tp(1)})
	h.l.Owns("g", "m2", 7, []ledger.TopicPartition{tp(1)})
	findings := h.l.Judge(h.options).Findings
	require.Len(t, findings, 1)
	require.Equal(t, "m2", findings[0].Reader)
	require.Equal(t, int32(1), findings[0].Partition)
	require.Contains(t, findings[0].Detail, `group "g": it owns the partition in generation 7, and so does m1, since`)
}

func TestOldGenerationsAreLetGo(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	for generation := range int32(1000) {
		h.l.Owns("g", "m1", generation, []ledger.TopicPartition{tp(0)})
	}
	h.l.Owns("g", "m2", 3, []ledger.TopicPartition{tp(0)})
	require.Empty(t, h.l.Judge(h.options).Findings)
	h.l.Owns("g", "m2", 999, []ledger.TopicPartition{tp(0)})
	require.Equal(t, int64(1), total(h.l.Judge(h.options).Findings, ledger.GroupDouble))
}
