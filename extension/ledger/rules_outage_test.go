package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

func TestAckInOutage(t *testing.T) {
	t.Parallel()
	inOutage := fires(ledger.AckInOutage)
	outage := func(traffic func(h *history, p *ledger.Producer)) func(h *history) {
		return func(h *history) {
			p := h.producer()
			h.begun(p, 0, ledger.Acked, 0)
			h.begun(p, 0, ledger.Acked, 0)
			over := h.l.Outage()
			h.pass(time.Second)
			traffic(h, p)
			h.pass(time.Second)
			over()
			over()
			h.begun(p, 0, ledger.Acked, 0)
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "sent and acked in it", codes: inOutage, total: 3, run: outage(func(h *history, p *ledger.Producer) {
			h.begun(p, 0, ledger.Acked, 0)
			h.begun(p, 1, ledger.Acked, time.Second)
			h.begun(p, 0, ledger.Acked, 0)
		})},
		{name: "none is", run: outage(func(h *history, p *ledger.Producer) { h.begun(p, 0, ledger.Unknown, 0) })},
		{name: "sent before it", run: func(h *history) {
			p := h.producer()
			m, began := p.Make(nil, 60), h.now()
			over := h.l.Outage()
			h.pass(time.Second)
			h.l.Settle(ledger.Outcome{Serial: m.Serial, TP: tp(0), Offset: h.put(0, recordOf(m)), Began: began})
			h.pass(time.Second)
			over()
			h.finish()
		}},
		{name: "acked after it", run: func(h *history) {
			p := h.producer()
			over := h.l.Outage()
			h.pass(time.Second)
			m, began := p.Make(nil, 60), h.now()
			h.pass(time.Second)
			over()
			h.l.Settle(ledger.Outcome{Serial: m.Serial, TP: tp(0), Offset: h.put(0, recordOf(m)), Began: began})
			h.finish()
		}},
		{name: "at its very beginning and end", run: func(h *history) {
			p := h.producer()
			over := h.l.Outage()
			h.begun(p, 0, ledger.Acked, 0)
			h.pass(10 * time.Second)
			h.begun(p, 0, ledger.Acked, 0)
			over()
			h.finish()
		}},
		{name: "between two", run: func(h *history) {
			p := h.producer()
			h.l.Outage()()
			h.pass(time.Second)
			h.begun(p, 0, ledger.Acked, 0)
			h.pass(time.Second)
			h.l.Outage()()
			h.finish()
		}},
		{name: "two at a time, one goes on", codes: inOutage, total: 1, run: func(h *history) {
			p := h.producer()
			first, second := h.l.Outage(), h.l.Outage()
			h.pass(time.Second)
			first()
			h.begun(p, 0, ledger.Acked, 0)
			h.pass(time.Second)
			second()
			h.finish()
		}},
		{name: "the bytes come later", codes: inOutage, total: 2, run: func(h *history) {
			p := h.producer()
			over := h.l.Outage()
			h.pass(time.Second)
			h.begun(p, 0, ledger.Acked, 0)
			h.begun(p, 0, ledger.Acked, 0)
			h.pass(time.Second)
			over()
			h.written = h.now()
			h.finish()
		}},
		{name: "the bytes come later, of what was sent or acked at the edges, too", codes: inOutage, total: 1, run: func(h *history) {
			p := h.producer()
			over := h.l.Outage()
			h.begun(p, 0, ledger.Acked, 0)
			h.pass(time.Second)
			h.begun(p, 0, ledger.Acked, 0)
			h.pass(time.Second)
			h.begun(p, 0, ledger.Acked, 0)
			over()
			h.begun(p, 0, ledger.Acked, 0)
			h.written = h.clock.Add(time.Second)
			h.finish()
		}},
		{name: "acks come before the bytes all the time", codes: fires(ledger.AckWithoutBytes), total: 5, run: func(h *history) {
			outage(func(h *history, p *ledger.Producer) {
				h.begun(p, 0, ledger.Acked, 0)
				h.begun(p, 0, ledger.Acked, 0)
				h.written = h.clock.Add(time.Hour)
			})(h)
		}},
		{name: "what is lost is told as lost", codes: fires(ledger.LostAcked), total: 1, run: outage(func(h *history, p *ledger.Producer) {
			h.begun(p, 0, ledger.Acked, 0)
			h.logs[0][2] = nil
		})},
	})
	h := newHistory(t)
	outage(func(h *history, p *ledger.Producer) { h.begun(p, 0, ledger.Acked, time.Second) })(h)
	require.Equal(t, "storage has taken no write since 2027-01-15T08:00:00.005000Z; this record was first sent at "+
		"2027-01-15T08:00:01.006000Z, and acked at offset 2", h.l.Judge(h.options).Findings[0].Detail)
}
