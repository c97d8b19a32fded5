package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

func TestGroupSkip(t *testing.T) {
	t.Parallel()
	skip := fires(ledger.GroupSkip)
	// ten records, and members that do something with them.
	run := func(steps func(h *history)) func(h *history) {
		return func(h *history) {
			h.sends(h.producer(), 0, 10)
			steps(h)
			h.finish()
		}
	}
	member := func(h *history, name string, from, to int64) {
		r := h.reader(name)
		r.Assign(tp(0), from)
		for offset := from; offset < to; offset++ {
			h.read(r, 0, offset)
		}
	}
	judgeAll(t, []scenario{
		{name: "all was given", run: run(func(h *history) {
			member(h, "m1", 0, 6)
			h.l.Committed("g", "m1", tp(0), 6)
			h.l.AskCommitted("g", "m2", tp(0)).Answered(6)
			member(h, "m2", 6, 10)
			h.l.Committed("g", "m2", tp(0), 10)
		})},
		{name: "some were given twice", run: run(func(h *history) {
			member(h, "m1", 0, 6)
			h.l.Committed("g", "m1", tp(0), 3)
			h.l.AskCommitted("g", "m2", tp(0)).Answered(3)
			member(h, "m2", 3, 10)
			h.l.Committed("g", "m2", tp(0), 10)
		})},
		{name: "what is not committed is late", run: run(func(h *history) {
			member(h, "m1", 0, 6)
			h.l.Committed("g", "m1", tp(0), 6)
		})},
		{name: "the next member was sent too far", codes: skip, total: 2, run: run(func(h *history) {
			member(h, "m1", 0, 4)
			h.l.Committed("g", "m1", tp(0), 4)
			h.l.AskCommitted("g", "m2", tp(0)).Answered(6)
			member(h, "m2", 6, 10)
			h.l.Committed("g", "m2", tp(0), 10)
		})},
		{name: "the target says that more is committed than was", codes: skip, total: 3, run: run(func(h *history) {
			member(h, "m1", 0, 4)
			h.l.Committed("g", "m1", tp(0), 4)
			h.l.AskCommitted("g", "final question", tp(0)).Answered(7)
		})},
		{name: "a commit that was not answered", run: run(func(h *history) {
			member(h, "m1", 0, 7)
			h.l.Committed("g", "m1", tp(0), 4)
			h.l.AskCommitted("g", "final question", tp(0)).Answered(7)
		})},
		{name: "another group has read it", codes: skip, total: 10, run: run(func(h *history) {
			member(h, "m1", 0, 10)
			h.l.NewReader(ledger.ReaderOptions{Name: "m2", Group: "other"})
			h.l.Committed("other", "m2", tp(0), 10)
		})},
		{name: "a group of which nobody is known", run: run(func(h *history) {
			h.l.AskCommitted("stranger", "final question", tp(0)).Answered(10)
		})},
		{name: "POLL_SKIP tells it", codes: fires(ledger.PollSkip), total: 1, run: run(func(h *history) {
			r := h.reader("m1")
			r.Assign(tp(0), 0)
			h.read(r, 0, 0, 1, 2, 4, 5)
			h.l.Committed("g", "m1", tp(0), 6)
		})},
		{name: "there is no record", run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 2)
			h.put(0, nil)
			h.sends(p, 0, 2)
			r := h.reader("m1")
			r.Assign(tp(0), 0)
			h.read(r, 0, 0, 1, 3, 4)
			h.l.Committed("g", "m1", tp(0), 5)
			h.finish()
		}},
		{name: "it was never acked", run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 2)
			m := p.Make(nil, 60)
			h.outcome(m, ledger.Unknown, 0, "TIMED_OUT")
			h.put(0, recordOf(m))
			member(h, "m1", 0, 2)
			h.l.Committed("g", "m1", tp(0), 2)
			h.l.AskCommitted("g", "final question", tp(0)).Answered(3)
			h.finish()
		}},
		{name: "INCONSISTENT_OFFSET tells it", codes: fires(ledger.InconsistentOffset), run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 4)
			a, b := h.logs[0][1], h.logs[0][2]
			r := h.reader("m1")
			r.Assign(tp(0), 0)
			h.read(r, 0, 0)
			r.Read(tp(0), *changed(a, func(r *ledger.Record) { r.Offset = 1 }))
			r.Read(tp(0), *changed(a, func(r *ledger.Record) { r.Offset = b.Offset }))
			h.read(r, 0, 3)
			h.l.Committed("g", "m1", tp(0), 4)
			h.finish()
		}},
		{name: "it is of a transaction that was aborted", doubts: []ledger.DoubtCode{ledger.FinalReadsMissing}, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 2)
			t := p.BeginTransaction()
			h.sends(p, 0, 2)
			t.Aborted()
			member(h, "m1", 0, 2)
			h.l.Committed("g", "m1", tp(0), 4)
			h.finish()
		}},
		{name: "the script deleted it", run: func(h *history) {
			h.sends(h.producer(), 0, 4)
			h.l.Trimmed(tp(0), 2)
			member(h, "m1", 2, 4)
			h.l.Committed("g", "m1", tp(0), 4)
			h.finish()
		}},
	})
}

func TestGroupSkipSaysWhoWasTold(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.sends(h.producer(), 0, 3)
	r := h.reader("m1")
	h.read(r, 0, 0)
	h.l.Committed("g", "m1", tp(0), 1)
	h.l.AskCommitted("g", "m2", tp(0)).Answered(2)
	h.finish()
	findings := h.l.Judge(h.options).Findings
	require.Len(t, findings, 1)
	require.Equal(t, int64(1), findings[0].Offset)
	require.NotEmpty(t, findings[0].Record)
	require.Contains(t, findings[0].Detail, `group "g" has committed offset 2 (so m2 was told)`)
}
