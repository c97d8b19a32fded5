package ledger_test

import (
	"testing"

	"k6suite/extension/ledger"
)

func TestEpochRegress(t *testing.T) {
	t.Parallel()
	regress := fires(ledger.EpochRegress)
	// epochs sends a record for each, with this leader epoch.
	epochs := func(all ...int32) func(h *history) {
		return func(h *history) {
			p := h.producer()
			for offset, epoch := range all {
				h.send(p, 0)
				h.logs[0][offset].LeaderEpoch = epoch
			}
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "one for all", run: epochs(3, 3, 3)},
		{name: "each leader has a greater one", run: epochs(0, 0, 1, 1, 4, 9)},
		{name: "it decreases", codes: regress, total: 1, run: epochs(0, 2, 1, 1, 1)},
		{name: "for one record", codes: regress, total: 1, run: epochs(5, 5, 4, 5)},
		{name: "twice", codes: regress, total: 2, run: epochs(5, 4, 3)},
		{name: "not known", run: epochs(5, -1, 5, -1)},
		{name: "behind one that is not known", codes: regress, total: 1, run: epochs(5, -1, 4)},
		{name: "in another partition", run: func(h *history) {
			p := h.producer()
			h.send(p, 0)
			h.send(p, 1)
			h.logs[0][0].LeaderEpoch = 7
			h.finish()
		}},
		{name: "around a hole", codes: regress, total: 1, run: func(h *history) {
			p := h.producer()
			h.send(p, 0)
			h.put(0, nil)
			h.send(p, 0)
			h.logs[0][0].LeaderEpoch, h.logs[0][2].LeaderEpoch = 2, 1
			h.finish()
		}},
		{name: "of a record that is not as it was sent", codes: fires(ledger.EpochRegress, ledger.Phantom), run: func(h *history) {
			h.sends(h.producer(), 0, 2)
			h.put(0, &ledger.Record{Value: []byte("of nobody")})
			h.logs[0][1].LeaderEpoch = 4
			h.finish()
		}},
		{name: "REWRITE or INCONSISTENT_OFFSET tells it", codes: fires(ledger.InconsistentOffset), run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 3)
			late := p.Make(nil, 60)
			h.outcome(late, ledger.Unknown, 0, "TIMED_OUT")
			h.finalRead("final 1")
			other := recordOf(late)
			other.Offset, other.LeaderEpoch = 1, 3
			h.logs[0] = append([]*ledger.Record{}, h.logs[0]...)
			h.logs[0][1] = other
			h.finalRead("final 2")
			h.bucket = h.cloned()
			h.audit()
		}},
	})
}
