package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

func TestADisturbanceExcusesErrors(t *testing.T) {
	t.Parallel()
	const grace = 2 * time.Second
	excused := func(traffic func(h *history, p *ledger.Producer)) func(h *history) {
		return func(h *history) {
			h.l = ledger.New(ledger.Options{Run: "run", Now: h.now, Grace: grace})
			h.l.Own(topic)
			h.l.SetPartitions(topic, 2)
			h.options.PromisesNoErrors = true
			p := h.producer()
			h.sends(p, 0, 3)
			traffic(h, p)
			h.sends(p, 0, 3)
			h.finish()
		}
	}
	client := func(h *history) { h.l.ClientError("reader", "COORDINATOR_NOT_AVAILABLE", "") }
	judgeAll(t, []scenario{
		{name: "a send and a client in it", run: excused(func(h *history, p *ledger.Producer) {
			heal := h.l.Disturb(ledger.AllErrors)
			h.begun(p, 0, ledger.Unknown, 0)
			h.begun(p, 0, ledger.Failed, 0)
			client(h)
			heal()
		})},
		{name: "a send that began before it and failed in it", run: excused(func(h *history, p *ledger.Producer) {
			m, began := p.Make(nil, 60), h.now()
			heal := h.l.Disturb(ledger.AllErrors)
			h.l.Settle(ledger.Outcome{Serial: m.Serial, Kind: ledger.Unknown, TP: tp(0), Began: began, Error: "X"})
			heal()
		})},
		{name: "a send that began in it and failed long after", run: excused(func(h *history, p *ledger.Producer) {
			heal := h.l.Disturb(ledger.AllErrors)
			m, began := p.Make(nil, 60), h.now()
			heal()
			h.pass(time.Hour)
			h.l.Settle(ledger.Outcome{Serial: m.Serial, Kind: ledger.Unknown, TP: tp(0), Began: began, Error: "X"})
		})},
		{name: "within the grace", run: excused(func(h *history, p *ledger.Producer) {
			h.l.Disturb(ledger.AllErrors)()
			h.pass(grace - 10*time.Millisecond)
			h.begun(p, 0, ledger.Unknown, 0)
			client(h)
		})},
		{name: "after the grace", codes: fires(ledger.ErrorsSeen), total: 2, run: excused(func(h *history, p *ledger.Producer) {
			h.l.Disturb(ledger.AllErrors)()
			h.pass(grace)
			h.begun(p, 0, ledger.Unknown, 0)
			client(h)
		})},
		{name: "before it", codes: fires(ledger.ErrorsSeen), total: 2, run: excused(func(h *history, p *ledger.Producer) {
			h.begun(p, 0, ledger.Unknown, 0)
			client(h)
			h.l.Disturb(ledger.AllErrors)()
		})},
		{name: "learnt before it, told in it", codes: fires(ledger.ErrorsSeen), total: 1, run: excused(func(h *history, p *ledger.Producer) {
			m, at := p.Make(nil, 60), h.now()
			heal := h.l.Disturb(ledger.AllErrors)
			h.l.Settle(ledger.Outcome{Serial: m.Serial, Kind: ledger.Unknown, TP: tp(0), At: at, Error: "X"})
			heal()
		})},
		{name: "between two", codes: fires(ledger.ErrorsSeen), total: 1, run: excused(func(h *history, p *ledger.Producer) {
			h.l.Disturb(ledger.AllErrors)()
			h.pass(time.Minute)
			h.begun(p, 0, ledger.Unknown, 0)
			h.l.Disturb(ledger.AllErrors)()
		})},
		{name: "in the first of two", run: excused(func(h *history, p *ledger.Producer) {
			heal := h.l.Disturb(ledger.AllErrors)
			m, began := p.Make(nil, 60), h.now()
			heal()
			h.pass(time.Minute)
			h.l.Disturb(ledger.AllErrors)()
			h.pass(time.Minute)
			h.l.Settle(ledger.Outcome{Serial: m.Serial, Kind: ledger.Unknown, TP: tp(0), Began: began, Error: "X"})
		})},
		{name: "nested: one heals, one goes on", run: excused(func(h *history, _ *ledger.Producer) {
			first, second := h.l.Disturb(ledger.AllErrors), h.l.Disturb(ledger.AllErrors)
			first()
			first()
			h.pass(time.Hour)
			client(h)
			second()
		})},
		{
			name: "a failed record that is there all the same", codes: fires(ledger.AbortedRead), total: 1,
			run: excused(func(h *history, p *ledger.Producer) {
				heal := h.l.Disturb(ledger.AllErrors)
				m := p.Make(nil, 60)
				h.put(0, recordOf(m))
				h.outcome(m, ledger.Failed, 0, "INVALID_RECORD")
				heal()
			}),
		},
	})
}

func TestExcusedErrorsAreCountedAndNoted(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.options.PromisesNoErrors = true
	p := h.producer()
	heal := h.l.Disturb(ledger.AllErrors)
	h.begun(p, 0, ledger.Unknown, 0)
	h.begun(p, 0, ledger.Unknown, 0)
	h.l.ClientError("reader", "COORDINATOR_NOT_AVAILABLE", "")
	h.l.Settle(ledger.Outcome{Serial: p.Make(nil, 60).Serial, Kind: ledger.Unknown, TP: tp(0), Error: "CANCELED", Abandoned: true})
	heal()
	h.begun(p, 0, ledger.Unknown, 0)
	j := h.l.Judge(h.options)
	require.Equal(t, int64(3), j.Counts.Excused)
	require.Equal(t, map[string]int64{"REQUEST_TIMED_OUT": 3, "COORDINATOR_NOT_AVAILABLE": 1, "CANCELED": 1}, j.Counts.Errors)
	require.Contains(t, j.Notes, "1 sends were given up by the script: CANCELED")
	require.Contains(t, j.Notes, "3 errors are excused by a disturbance: COORDINATOR_NOT_AVAILABLE × 1, REQUEST_TIMED_OUT × 2")
	require.Equal(t, int64(1), total(j.Findings, ledger.ErrorsSeen))
}
