package ledger_test

import (
	"testing"

	"k6suite/extension/ledger"
)

func TestTwoAcks(t *testing.T) {
	t.Parallel()
	judgeAll(t, []scenario{
		{name: "the later one stands elsewhere", codes: fires(ledger.TwoAcks), total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 5)
			m := p.Make(nil, 60)
			h.put(0, recordOf(m))
			h.ack(m, 0, 2)
			h.finish()
		}},
		{name: "the earlier one stands elsewhere", codes: fires(ledger.TwoAcks), total: 1, run: func(h *history) {
			p := h.producer()
			first, second := p.Make(nil, 60), p.Make(nil, 60)
			h.put(0, recordOf(first))
			h.ack(first, 0, 1)
			h.ack(second, 0, h.put(0, recordOf(second)))
			h.finish()
		}},
		{name: "after a read", codes: fires(ledger.TwoAcks), total: 1, run: func(h *history) {
			p, r := h.producer(), h.reader("r")
			first, second := p.Make(nil, 60), p.Make(nil, 60)
			h.put(0, recordOf(first))
			h.put(0, recordOf(second))
			h.read(r, 0, 0, 1)
			h.ack(second, 0, 0)
			h.ack(first, 0, 0)
			h.finish()
		}},
		{name: "the later one stands out of order", codes: fires(ledger.TwoAcks), total: 1, run: func(h *history) {
			p := h.producer()
			h.send(p, 0)
			a, b := p.Make(nil, 60), p.Make(nil, 60)
			h.ack(b, 0, h.put(0, recordOf(b)))
			h.send(p, 0)
			h.put(0, recordOf(a))
			h.ack(a, 0, 1)
			h.finish()
		}},
		{name: "the earlier ack came before the bytes", codes: fires(ledger.TwoAcks), total: 1, run: func(h *history) {
			p := h.producer()
			a, b := p.Make(nil, 60), p.Make(nil, 60)
			h.ack(a, 0, 1)
			written := h.now()
			h.put(0, recordOf(a))
			h.ack(b, 0, h.put(0, recordOf(b)))
			h.finalReads()
			audit := h.l.NewAudit()
			for o := range int64(2) {
				audit.Object(ledger.Object{Key: "x", TP: tp(0), Base: o, Last: o, Written: written})
				audit.Read(tp(0), "x", *h.logs[0][o])
			}
			audit.Complete(tp(0))
		}},
		{name: "one of them is gone", codes: fires(ledger.LostAcked), total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 5)
			h.ack(p.Make(nil, 60), 0, 2)
			h.finish()
		}},
		{name: "the earlier one is gone", codes: fires(ledger.LostAcked), total: 1, run: func(h *history) {
			p := h.producer()
			h.ack(p.Make(nil, 60), 0, 0)
			h.sends(p, 0, 5)
			h.finish()
		}},
		{name: "both are gone", codes: fires(ledger.LostAcked), total: 2, run: func(h *history) {
			p := h.producer()
			h.ack(p.Make(nil, 60), 0, 2)
			h.ack(p.Make(nil, 60), 0, 2)
			h.put(0, nil)
			h.sends(p, 1, 5)
			for range 5 {
				h.put(0, nil)
			}
			h.finish()
		}},
		{name: "one of three is gone", codes: fires(ledger.LostAcked, ledger.TwoAcks), run: func(h *history) {
			p := h.producer()
			h.ack(p.Make(nil, 60), 0, 0)
			h.send(p, 0)
			m := p.Make(nil, 60)
			h.put(0, recordOf(m))
			h.ack(m, 0, 0)
			h.finish()
		}},
		{name: "two of three are gone", codes: fires(ledger.LostAcked), total: 2, run: func(h *history) {
			p := h.producer()
			h.ack(p.Make(nil, 60), 0, 0)
			h.send(p, 0)
			h.ack(p.Make(nil, 60), 0, 0)
			h.finish()
		}},
		{
			name: "the later one stands elsewhere, the earlier one is gone", codes: fires(ledger.LostAcked, ledger.OffsetMismatch),
			run: func(h *history) {
				p := h.producer()
				h.sends(p, 0, 3)
				h.ack(p.Make(nil, 60), 0, 7)
				m := p.Make(nil, 60)
				h.put(0, recordOf(m))
				h.ack(m, 0, 7)
				for range 9 {
					h.put(0, nil)
				}
				h.finish()
			},
		},
		{
			name: "the earlier one stands elsewhere, the later one is gone", codes: fires(ledger.LostAcked, ledger.OffsetMismatch),
			run: func(h *history) {
				p := h.producer()
				h.sends(p, 0, 3)
				m := p.Make(nil, 60)
				h.put(0, recordOf(m))
				h.ack(m, 0, 7)
				h.ack(p.Make(nil, 60), 0, 7)
				h.put(0, nil)
				for range 9 {
					h.put(0, nil)
				}
				h.finish()
			},
		},
		{name: "one is gone, the other stands twice", codes: fires(ledger.Duplicate, ledger.LostAcked), run: func(h *history) {
			p := h.producer()
			h.ack(p.Make(nil, 60), 0, 0)
			m := h.send(p, 0)
			h.put(0, recordOf(m))
			h.finish()
		}},
		{name: "more than fit into other evidence are gone", codes: fires(ledger.LostAcked), total: 1000, run: func(h *history) {
			p := h.producer()
			for i := range int64(1000) {
				h.ack(p.Make(nil, 60), 0, i)
			}
			h.sends(p, 0, 1000)
			h.finish()
		}},
		{name: "one is gone, and its offset was only written for the other", codes: fires(ledger.LostAcked), total: 1, run: func(h *history) {
			p := h.producer()
			h.ack(p.Make(nil, 60), 0, 0)
			m := p.Make(nil, 60)
			h.put(0, recordOf(m))
			h.written = h.now()
			h.outcome(m, ledger.Unknown, 0, "REQUEST_TIMED_OUT")
			h.finish()
		}},
		{name: "one offset in two partitions", run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 5)
			h.sends(p, 1, 5)
			h.finish()
		}},
	})
}
