package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

func TestEndRegress(t *testing.T) {
	t.Parallel()
	regress := fires(ledger.EndRegress)
	saw := func(h *history, ends ledger.LogEnds) {
		asked := h.now()
		h.l.SawLog(tp(0), "r", ends, asked)
	}
	unknown := ledger.LogEnds{Start: -1, LastStable: -1, HighWatermark: -1}
	ends := func(all ...ledger.LogEnds) func(h *history) {
		return func(h *history) {
			h.start[0] = 0
			p := h.producer()
			h.sends(p, 1, 10)
			for range 20 {
				h.put(0, recordOf(p.Make(nil, 60))) // never acked: no end has to cover them
			}
			for _, one := range all {
				saw(h, one)
				h.pass(10 * time.Millisecond)
			}
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "they grow", run: ends(ledger.LogEnds{0, 1, 2}, ledger.LogEnds{0, 2, 3}, ledger.LogEnds{0, 2, 3}, ledger.LogEnds{0, 20, 20})},
		{name: "high watermark", codes: regress, total: 1, run: ends(ledger.LogEnds{0, 5, 9}, ledger.LogEnds{0, 5, 8})},
		{name: "last stable offset", codes: regress, total: 1, run: ends(ledger.LogEnds{0, 5, 9}, ledger.LogEnds{0, 4, 9})},
		{name: "log start offset", codes: regress, run: ends(ledger.LogEnds{3, 5, 9}, ledger.LogEnds{2, 5, 9})},
		{name: "again and again", codes: regress, total: 3, run: ends(ledger.LogEnds{0, 9, 9},
			ledger.LogEnds{0, 9, 8}, ledger.LogEnds{0, 9, 7}, ledger.LogEnds{0, 9, 8})},
		{name: "not known", run: ends(ledger.LogEnds{0, 5, 9}, unknown)},
		{name: "behind the end that final reads find", codes: regress, total: 4, run: ends(ledger.LogEnds{0, 5, 25})},
		{name: "asked before the answer to another had come", run: func(h *history) {
			for range 20 {
				h.put(0, recordOf(h.producer().Make(nil, 60)))
			}
			asked := h.now()
			saw(h, ledger.LogEnds{0, 9, 9})
			h.l.SawLog(tp(0), "slow", ledger.LogEnds{0, 8, 8}, asked)
			h.finish()
		}},
		{name: "ListOffsets after a fetch", codes: regress, total: 1, run: func(h *history) {
			for range 20 {
				h.put(0, recordOf(h.producer().Make(nil, 60)))
			}
			saw(h, ledger.LogEnds{0, 9, 9})
			h.l.AskEnd(tp(0), "lag").Answered(8)
			h.finish()
		}},
		{name: "a fetch after ListOffsets", codes: regress, total: 1, run: func(h *history) {
			for range 20 {
				h.put(0, recordOf(h.producer().Make(nil, 60)))
			}
			h.l.AskEnd(tp(0), "lag").Answered(9)
			h.pass(time.Second)
			saw(h, ledger.LogEnds{0, -1, 8})
			h.finish()
		}},
		{name: "ListOffsets asked before", run: func(h *history) {
			for range 20 {
				h.put(0, recordOf(h.producer().Make(nil, 60)))
			}
			q := h.l.AskEnd(tp(0), "lag")
			h.l.AskEnd(tp(0), "lag").Answered(9)
			q.Answered(8)
			h.finish()
		}},
		{name: "LOST_SUFFIX tells it", codes: fires(ledger.LostSuffix), total: 3, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			saw(h, ledger.LogEnds{0, 10, 10})
			h.logs[0] = h.logs[0][:7]
			h.bucket = h.cloned()
			h.pass(time.Second)
			saw(h, ledger.LogEnds{0, 7, 7})
			h.finish()
		}},
		{name: "LOST_ACKED tells it", codes: fires(ledger.LostAcked), total: 1, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			saw(h, ledger.LogEnds{0, 10, 10})
			h.logs[0] = h.logs[0][:9]
			h.pass(time.Second)
			saw(h, ledger.LogEnds{0, 9, 9})
			h.put(0, nil)
			h.sends(h.producer(), 0, 5)
			h.finish()
		}},
		{name: "STALE_END tells it", codes: fires(ledger.StaleEnd), total: 1, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			saw(h, ledger.LogEnds{0, 10, 10})
			h.pass(time.Second)
			h.l.AskEnd(tp(0), "lag").Answered(7)
			h.finish()
		}},
	})
}

func TestEndsAreKeptInBoundedMemoryAndOldOnesStillCount(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	p := h.producer()
	for range 100_000 {
		h.put(0, recordOf(p.Make(nil, 46)))
	}
	asked := make([]time.Time, 0, 100_000)
	for end := range int64(100_000) {
		asked = append(asked, h.now())
		h.l.SawLog(tp(0), "r", ledger.LogEnds{-1, -1, end + 1}, asked[end])
		h.pass(2 * time.Millisecond)
	}
	for i := 0; i < len(asked); i += 997 {
		h.l.SawLog(tp(0), "just", ledger.LogEnds{-1, -1, int64(i)}, asked[i])
	}
	require.Empty(t, h.l.Judge(h.options).Findings, "what was let go is never taken for more than it was")
	h.l.SawLog(tp(0), "late", ledger.LogEnds{-1, -1, 20_000}, asked[50_000])
	h.l.SawLog(tp(0), "late", ledger.LogEnds{-1, -1, 20_000}, asked[90_000])
	require.Equal(t, int64(2), total(h.l.Judge(h.options).Findings, ledger.EndRegress))
}

func TestRealtimeOrder(t *testing.T) {
	t.Parallel()
	const apart = 10 * time.Millisecond
	// overtaken has one record acked above a free offset, and then sends another one, which takes that.
	overtaken := func(second func(h *history, first *ledger.Producer) *ledger.Producer) func(h *history) {
		return func(h *history) {
			p := h.producer()
			h.sends(p, 0, 3)
			q := second(h, p)
			a := p.Make(nil, 60)
			h.ack(a, 0, 4)
			h.pass(apart)
			b, began := q.Make(nil, 60), h.now()
			h.put(0, recordOf(b))
			h.put(0, recordOf(a))
			h.l.Settle(ledger.Outcome{Serial: b.Serial, TP: tp(0), Offset: 3, Began: began, At: h.now()})
			h.finish()
		}
	}
	another := func(h *history, _ *ledger.Producer) *ledger.Producer { return h.producer() }
	same := func(_ *history, p *ledger.Producer) *ledger.Producer { return p }
	judgeAll(t, []scenario{
		{name: "below one that was acked before", codes: fires(ledger.RealtimeOrder), total: 1, run: overtaken(another)},
		{name: "of one producer that promises order", codes: fires(ledger.SendReorder), total: 1, run: overtaken(same)},
		{name: "of one producer that promises none", codes: fires(ledger.RealtimeOrder), total: 1, run: func(h *history) {
			p := h.l.NewProducer(ledger.ProducerOptions{Name: "plain"})
			a, b := p.Make(nil, 60), p.Make(nil, 60)
			h.ack(a, 0, 1)
			h.pass(apart)
			began := h.now()
			h.put(0, recordOf(b))
			h.put(0, recordOf(a))
			h.l.Settle(ledger.Outcome{Serial: b.Serial, TP: tp(0), Offset: 0, Began: began, At: h.now()})
			h.finish()
		}},
		{name: "the ack named a wrong offset", codes: fires(ledger.TwoAcks), total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 3)
			h.pass(apart)
			m, began := p.Make(nil, 60), h.now()
			h.put(0, recordOf(m))
			h.l.Settle(ledger.Outcome{Serial: m.Serial, TP: tp(0), Offset: 0, Began: began, At: h.now()})
			h.finish()
		}},
		{name: "sent before the other was acked", run: func(h *history) {
			p, q := h.producer(), h.producer()
			b, began := q.Make(nil, 60), h.now()
			h.pass(apart)
			a := p.Make(nil, 60)
			h.put(0, recordOf(b))
			h.ack(a, 0, h.put(0, recordOf(a)))
			h.pass(apart)
			h.l.Settle(ledger.Outcome{Serial: b.Serial, TP: tp(0), Offset: 0, Began: began, At: h.now()})
			h.finish()
		}},
		{name: "nobody knows when it was sent", run: func(h *history) {
			p, q := h.producer(), h.producer()
			a, b := p.Make(nil, 60), q.Make(nil, 60)
			h.put(0, recordOf(b))
			h.ack(a, 0, h.put(0, recordOf(a)))
			h.pass(apart)
			h.ack(b, 0, 0)
			h.finish()
		}},
		{name: "in another partition", run: func(h *history) {
			p := h.producer()
			for range 5 {
				h.begun(p, 0, ledger.Acked, apart)
			}
			h.begun(p, 1, ledger.Acked, apart)
			h.finish()
		}},
	})
}
