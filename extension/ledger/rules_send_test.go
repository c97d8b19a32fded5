package ledger_test

import (
	"testing"

	"k6suite/extension/ledger"
)

func TestAbortedRead(t *testing.T) {
	t.Parallel()
	judgeAll(t, []scenario{
		{name: "failed and there", codes: fires(ledger.AbortedRead), total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 5)
			m := p.Make(nil, 60)
			h.put(0, recordOf(m))
			h.outcome(m, ledger.Failed, 0, "MESSAGE_TOO_LARGE")
			h.finish()
		}},
		{name: "failed and not there", run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 5)
			h.outcome(p.Make(nil, 60), ledger.Failed, 0, "MESSAGE_TOO_LARGE")
			h.finish()
		}},
		{name: "unknown and there", run: func(h *history) {
			p := h.producer()
			m := p.Make(nil, 60)
			h.put(0, recordOf(m))
			h.outcome(m, ledger.Unknown, 0, "REQUEST_TIMED_OUT")
			h.finish()
		}},
	})
}

func TestErrorsSeen(t *testing.T) {
	t.Parallel()
	errs := func(promised bool) func(h *history) {
		return func(h *history) {
			h.options.PromisesNoErrors = promised
			p := h.producer()
			h.sends(p, 0, 10)
			for range 3 {
				h.outcome(p.Make(nil, 60), ledger.Unknown, 0, "REQUEST_TIMED_OUT")
			}
			h.outcome(p.Make(nil, 60), ledger.Failed, 0, "MESSAGE_TOO_LARGE")
			h.l.ClientError("reader 1", "NOT_LEADER_OR_FOLLOWER", "fetch: not leader")
			p.Make(nil, 60)
			h.finish()
		}
	}
	// A refusal that was stored in truth, and what the client makes of the records behind it.
	stored := func(behind ledger.OutcomeKind, name string, abandoned bool) func(h *history) {
		return func(h *history) {
			h.options.PromisesNoErrors = true
			p := h.producer()
			h.sends(p, 0, 5)
			m := p.Make(nil, 60)
			h.put(0, recordOf(m))
			h.outcome(m, ledger.Failed, 0, "INVALID_RECORD")
			h.l.Settle(ledger.Outcome{Serial: p.Make(nil, 60).Serial, Kind: behind, TP: tp(0), Error: name, Abandoned: abandoned})
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "refused, stored: another failed with it", codes: fires(ledger.AbortedRead), run: stored(ledger.Failed, "INVALID_RECORD", false)},
		{name: "refused, stored: another is unknown", codes: fires(ledger.AbortedRead), run: stored(ledger.Unknown, "INVALID_RECORD", false)},
		{
			name: "refused, stored: another error beside it", codes: fires(ledger.AbortedRead, ledger.ErrorsSeen),
			run: stored(ledger.Unknown, "REQUEST_TIMED_OUT", false),
		},
		{name: "given up by the script", codes: fires(ledger.AbortedRead), run: stored(ledger.Unknown, "CANCELED", true)},
		{name: "where none are promised", codes: fires(ledger.ErrorsSeen), total: 6, run: errs(true)},
		{name: "where errors are legal", run: errs(false)},
		{name: "none", run: func(h *history) {
			h.options.PromisesNoErrors = true
			h.sends(h.producer(), 0, 10)
			h.finish()
		}},
	})
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	judgeAll(t, []scenario{
		{name: "settled twice", doubts: []ledger.DoubtCode{ledger.LedgerMisused}, run: func(h *history) {
			m := h.send(h.producer(), 0)
			h.outcome(m, ledger.Unknown, 0, "X")
			h.finish()
		}},
		{name: "settled, never made", doubts: []ledger.DoubtCode{ledger.LedgerMisused}, run: func(h *history) {
			h.l.Settle(ledger.Outcome{Serial: 77})
			h.finish()
		}},
	})
}
