package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

func (h *history) reset(policy string, position int64) ledger.ResetQuestion {
	return h.l.AskReset(ledger.Reset{Group: "g", Reader: "m", TP: tp(0), Policy: policy, Position: position})
}

func TestOffsetReset(t *testing.T) {
	t.Parallel()
	broken := fires(ledger.OffsetReset)
	// ten records, what a reader is told, and five more.
	run := func(steps func(h *history, p *ledger.Producer)) func(h *history) {
		return func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			steps(h, p)
			h.sends(p, 0, 5)
			h.finish()
		}
	}
	told := func(policy string, position, answer int64) func(h *history) {
		return run(func(h *history, _ *ledger.Producer) { h.reset(policy, position).Answered(answer) })
	}
	trimmed := func(before int64, steps func(h *history)) func(h *history) {
		return func(h *history) {
			h.sends(h.producer(), 0, 10)
			r := h.reader("all")
			h.read(r, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
			steps(h)
			h.l.Trimmed(tp(0), before)
			h.start[0] = before
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "earliest, the beginning", run: told(ledger.ResetEarliest, -1, 0)},
		{name: "earliest, too high", codes: broken, run: told(ledger.ResetEarliest, -1, 3)},
		{name: "earliest, above holes only", run: func(h *history) {
			h.put(0, nil)
			h.put(0, nil)
			h.sends(h.producer(), 0, 3)
			h.reset(ledger.ResetEarliest, -1).Answered(2)
			h.finish()
		}},
		{name: "earliest, above what is not acked yet", run: func(h *history) {
			q := h.reset(ledger.ResetEarliest, -1)
			h.sends(h.producer(), 0, 3)
			q.Answered(1)
			h.finish()
		}},
		{name: "earliest, of a log that was trimmed", run: trimmed(6, func(h *history) {
			h.l.Trimmed(tp(0), 6)
			h.reset(ledger.ResetEarliest, 3).Answered(6)
		})},
		{name: "earliest, while the log is trimmed", run: trimmed(6, func(h *history) {
			q := h.reset(ledger.ResetEarliest, 3)
			h.l.Trimmed(tp(0), 6)
			q.Answered(6)
		})},
		{name: "earliest, too high for a log that was trimmed", codes: broken, run: trimmed(6, func(h *history) {
			h.l.Trimmed(tp(0), 6)
			h.reset(ledger.ResetEarliest, 3).Answered(7)
		})},
		{name: "earliest, too high, and trimmed only later", codes: broken, run: trimmed(6, func(h *history) {
			h.reset(ledger.ResetEarliest, -1).Answered(2)
		})},
		{name: "latest, the end", run: told(ledger.ResetLatest, -1, 10)},
		{name: "latest, the end of what is not acked yet", run: run(func(h *history, p *ledger.Producer) {
			m := p.Make(nil, 60)
			at := h.put(0, recordOf(m))
			h.reset(ledger.ResetLatest, -1).Answered(at + 1)
			h.ack(m, 0, at)
		})},
		{name: "latest, or not yet of that", run: run(func(h *history, p *ledger.Producer) {
			m := p.Make(nil, 60)
			at := h.put(0, recordOf(m))
			h.reset(ledger.ResetLatest, -1).Answered(at)
			h.ack(m, 0, at)
		})},
		{name: "latest, while something is acked", run: run(func(h *history, p *ledger.Producer) {
			q := h.reset(ledger.ResetLatest, -1)
			h.sends(p, 0, 2)
			q.Answered(10)
		})},
		{name: "latest, too low by one", codes: broken, run: told(ledger.ResetLatest, -1, 9)},
		{name: "latest, the beginning", codes: broken, run: told(ledger.ResetLatest, -1, 0)},
		{name: "latest, too high by one", codes: broken, run: told(ledger.ResetLatest, -1, 11)},
		{name: "latest, far too high", codes: broken, run: told(ledger.ResetLatest, -1, 1<<60)},
		{name: "latest, too low, of what was trimmed later", codes: broken, run: trimmed(6, func(h *history) {
			h.l.Trimmed(tp(0), 9)
			h.reset(ledger.ResetLatest, 3).Answered(9)
		})},
		{name: "out of range, and it was deleted", run: trimmed(6, func(h *history) {
			h.l.Trimmed(tp(0), 6)
			h.reset(ledger.ResetLatest, 5).Answered(10)
		})},
		{name: "out of range, and it is there", codes: broken, run: told(ledger.ResetLatest, 4, 10)},
		{name: "out of range, at the end", codes: broken, run: told(ledger.ResetEarliest, 10, 0)},
		{name: "out of range, beyond the end", run: told(ledger.ResetLatest, 12, 10)},
		{name: "out of range, of an empty log", run: func(h *history) {
			h.reset(ledger.ResetLatest, 3).Answered(0)
			h.sends(h.producer(), 0, 2)
			h.finish()
		}},
		{name: "while something was disturbed", run: run(func(h *history, _ *ledger.Producer) {
			healed := h.l.Disturb(ledger.AllErrors)
			h.reset(ledger.ResetLatest, -1).Answered(5)
			q := h.reset(ledger.ResetLatest, -1)
			h.l.ToldCommitted("g", "m", ledger.ResetNone, tp(0), 3)
			healed()
			q.Answered(5)
		})},
		{name: "nothing is committed", run: run(func(h *history, _ *ledger.Producer) {
			h.l.ToldCommitted("g", "m", ledger.ResetNone, tp(0), -1)
		})},
		{name: "somebody has committed, or tried to", run: run(func(h *history, _ *ledger.Producer) {
			h.l.Committing("g", tp(0))
			h.l.ToldCommitted("g", "m", ledger.ResetNone, tp(0), 3)
		})},
		{name: "nobody has committed", codes: broken, run: run(func(h *history, _ *ledger.Producer) {
			h.l.Committing("g", tp(1))
			h.l.Committing("other", tp(0))
			h.l.ToldCommitted("g", "m", ledger.ResetNone, tp(0), 0)
		})},
	})
}

// A group that began at the end has not skipped what lies below.
func TestWhatLiesBelowAResetIsNotSkipped(t *testing.T) {
	t.Parallel()
	for _, begins := range []bool{true, false} {
		h := newHistory(t)
		p := h.producer()
		h.sends(p, 0, 5)
		if begins {
			h.reset(ledger.ResetLatest, -1).Answered(5)
		}
		h.sends(p, 0, 3)
		r := h.reader("m")
		r.Assign(tp(0), 5)
		h.read(r, 0, 5, 6, 7)
		h.l.Committed("g", "m", tp(0), 8)
		h.finish()
		findings := h.l.Judge(h.options).Findings
		if begins {
			require.Empty(t, findings)
		} else {
			require.NotEmpty(t, findings)
			require.Equal(t, ledger.GroupSkip, findings[0].Code)
		}
	}
}

func TestAReaderTellsWhatItsGroupHadBefore(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.sends(h.producer(), 0, 2)
	one, other := h.reader("one"), h.reader("other")
	stranger := h.l.NewReader(ledger.ReaderOptions{Name: "stranger"})
	require.False(t, one.Read(tp(0), *h.logs[0][0]))
	require.True(t, other.Read(tp(0), *h.logs[0][0]))
	require.False(t, other.Read(tp(0), *h.logs[0][1]))
	require.False(t, stranger.Read(tp(0), *h.logs[0][1]))
	require.False(t, stranger.Read(tp(0), ledger.Record{Value: []byte("of nobody")}))
	require.NotEmpty(t, h.l.UUID(*h.logs[0][0]))
	require.Empty(t, h.l.UUID(ledger.Record{Value: []byte("of nobody")}))
}
