package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

// at gives a record another offset.
func at(m ledger.Made, offset int64) *ledger.Record {
	return changed(recordOf(m), func(r *ledger.Record) { r.Offset = offset })
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	rewrite := fires(ledger.Rewrite)
	judgeAll(t, []scenario{
		{name: "acked, read, and another is there", codes: rewrite, total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			h.read(h.reader("r"), 0, 0, 1, 2, 3, 4, 5)
			h.logs[0][4] = at(p.Make(nil, 60), 4)
			h.finish()
		}},
		{name: "by one that is acked there, too", codes: rewrite, total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			h.read(h.reader("r"), 0, 0, 1, 2, 3, 4, 5)
			m := p.Make(nil, 60)
			h.logs[0][4] = at(m, 4)
			h.ack(m, 0, 4)
			h.finish()
		}},
		{name: "by a copy of another", codes: rewrite, total: 1, run: func(h *history) {
			all := h.sends(h.producer(), 0, 10)
			h.read(h.reader("r"), 0, 0, 1, 2, 3, 4, 5)
			h.logs[0][4] = at(all[8], 4)
			h.finish()
		}},
		{name: "never acked, read, and gone", codes: rewrite, total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 3)
			gone := p.Make(nil, 60)
			h.put(0, recordOf(gone))
			h.read(h.reader("r"), 0, 2, 3)
			h.outcome(gone, ledger.Unknown, 0, "REQUEST_TIMED_OUT")
			m := p.Make(nil, 60)
			h.logs[0][3] = at(m, 3)
			h.ack(m, 0, 3)
			h.finish()
		}},
		{name: "a whole stretch, two readers", codes: rewrite, total: 500, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 1000)
			for _, name := range []string{"a", "b"} {
				r := h.reader(name)
				for o := range int64(1000) {
					h.read(r, 0, o)
				}
			}
			for o := range int64(500) {
				h.logs[0][o+200] = at(p.Make(nil, 60), o+200)
			}
			h.finish()
		}},
		{name: "one final read cannot say that it changed for good", codes: fires(ledger.InconsistentOffset), total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			h.finalRead("final 1")
			h.logs[0][4] = at(p.Make(nil, 60), 4)
			h.finalRead("final 2")
			h.audit()
		}},
		{name: "an earlier final read, and two later ones", codes: rewrite, total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			h.finalRead("final 1")
			h.logs[0][4] = at(p.Make(nil, 60), 4)
			h.finish()
		}},
		{name: "shown again as it was", codes: fires(ledger.InconsistentOffset), total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			h.read(h.reader("r"), 0, 3, 4, 5)
			good := h.cloned()
			h.logs[0][4] = at(p.Make(nil, 60), 4)
			h.read(h.reader("r2"), 0, 3, 4, 5)
			h.logs = good
			h.finish()
		}},
		{name: "what had been acked there before the read", codes: fires(ledger.InconsistentOffset), total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			good := h.cloned()
			h.logs[0][4] = at(p.Make(nil, 60), 4)
			h.read(h.reader("r"), 0, 3, 4, 5)
			h.logs = good
			h.finish()
		}},
		{name: "a neighbour was shown before the ack was heard of", codes: fires(ledger.InconsistentOffset), total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 3)
			a, b := p.Make(nil, 60), p.Make(nil, 60)
			h.put(0, recordOf(a))
			h.put(0, recordOf(b))
			h.reader("r").Read(tp(0), *at(b, 3))
			h.ack(a, 0, 3)
			h.ack(b, 0, 4)
			h.finish()
		}},
		{name: "acked, never read, and another is there", codes: fires(ledger.LostAcked), total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			h.logs[0][4] = at(p.Make(nil, 60), 4)
			h.finish()
		}},
		{name: "the same again and again", run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.read(h.reader("r"), 0, 3, 4, 5)
			h.finish()
		}},
	})
}

func TestARewriteNamesItsEvidence(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	p := h.producer()
	all := h.sends(p, 0, 10)
	h.read(h.reader("r"), 0, 3, 4, 5)
	h.logs[0][4] = at(p.Make(nil, 60), 4)
	h.finish()
	j := h.l.Judge(h.options)
	require.Len(t, j.Findings, 1)
	f := j.Findings[0]
	require.Equal(t, string(all[4].Headers[0].Value), f.Record)
	require.Equal(t, "final 1", f.Reader)
	require.Equal(t, "t/0/segment-0", f.Object)
	require.Equal(t, "this record stood at offset 4 (acked at 2027-01-15T08:00:00.005000Z, read by r until "+
		"2027-01-15T08:00:00.013000Z), and now "+string(h.logs[0][4].Headers[0].Value)+
		" stands there: shown first to final 1, and to all complete final reads", f.Detail)
}

func seen(key, etag string, size int64, h *history) ledger.ObjectSeen {
	return ledger.ObjectSeen{Key: key, TP: tp(0), Base: 0, ETag: etag, Size: size, At: h.now()}
}

func TestObjectOverwritten(t *testing.T) {
	t.Parallel()
	const key = "t/0/segment-0"
	states := func(all ...func(h *history) ledger.ObjectSeen) func(h *history) {
		return func(h *history) {
			h.sends(h.producer(), 0, 10)
			for _, one := range all {
				h.l.SawObject(one(h))
			}
			h.finish()
		}
	}
	state := func(etag string, size int64) func(h *history) ledger.ObjectSeen {
		return func(h *history) ledger.ObjectSeen { return seen(key, etag, size, h) }
	}
	other := func(etag string) func(h *history) ledger.ObjectSeen {
		return func(h *history) ledger.ObjectSeen { return seen("t/0/other", etag, 7, h) }
	}
	judgeAll(t, []scenario{
		{name: "never", run: states(state("a", 5), other("b"), state("a", 5))},
		{name: "with another etag", codes: fires(ledger.ObjectMismatch), total: 1, run: states(state("a", 5), state("b", 5), state("b", 5))},
		{name: "and back again", codes: fires(ledger.ObjectMismatch), total: 1, run: states(state("a", 5), state("b", 5), state("a", 5))},
		{name: "with another size", codes: fires(ledger.ObjectMismatch), total: 1, run: states(state("", 5), state("", 6))},
		{name: "a size is not known", run: states(state("", 5), state("", 0), state("a", 5), state("a", -1))},
		{name: "known piece by piece", codes: fires(ledger.ObjectMismatch), total: 1, run: states(state("", 5), state("a", 0), state("b", 0))},
		{name: "REWRITE tells it", codes: fires(ledger.Rewrite), total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			h.read(h.reader("r"), 0, 3, 4, 5)
			h.l.SawObject(seen(key, "a", 5, h))
			h.l.SawObject(seen(key, "b", 5, h))
			h.logs[0][4] = at(p.Make(nil, 60), 4)
			h.finish()
			f := h.l.Judge(h.options).Findings[0]
			require.Equal(h.t, key, f.Object)
			require.Contains(h.t, f.Detail, "object overwritten: etag a → b")
		}},
		{name: "what nobody had read was overwritten, too", codes: fires(ledger.Rewrite), total: 2, run: func(h *history) {
			p := h.producer()
			all := h.sends(p, 0, 10)
			h.read(h.reader("r"), 0, 3, 4)
			h.l.SawObject(seen(key, "a", 5, h))
			h.l.SawObject(seen(key, "b", 5, h))
			h.logs[0][4], h.logs[0][5] = at(p.Make(nil, 60), 4), at(all[9], 5)
			h.finish()
		}},
		{name: "OBJECT_MISMATCH tells it", codes: fires(ledger.ObjectMismatch), total: 1, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.l.SawObject(seen(key, "a", 5, h))
			h.l.SawObject(seen(key, "b", 5, h))
			h.bucket = h.cloned()
			h.bucket[0][4] = nil
			h.finish()
			require.Contains(h.t, h.l.Judge(h.options).Findings[0].Detail, "; object overwritten: etag a → b")
		}},
	})
}
