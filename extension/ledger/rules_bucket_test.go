package ledger_test

import (
	"testing"
	"time"

	"k6suite/extension/ledger"
)

func TestObjectMismatch(t *testing.T) {
	t.Parallel()
	bucket := func(change func(h *history, records []*ledger.Record)) func(h *history) {
		return func(h *history) {
			h.sends(h.producer(), 0, 3000)
			h.bucket = h.cloned()
			change(h, h.bucket[0])
			h.finish()
		}
	}
	mismatch := fires(ledger.ObjectMismatch)
	judgeAll(t, []scenario{
		{name: "missing in the object", codes: mismatch, total: 2, run: bucket(func(_ *history, records []*ledger.Record) {
			records[1500], records[2000] = nil, nil
		})},
		{name: "extra in the object", codes: mismatch, total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			h.put(0, recordOf(p.Make(nil, 60)))
			h.send(p, 0)
			h.bucket = h.cloned()
			h.logs[0][10] = nil
			h.finish()
		}},
		{name: "extra behind the end", run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			h.bucket = h.cloned()
			late := *recordOf(p.Make(nil, 60))
			late.Offset = 10
			h.bucket[0] = append(h.bucket[0], &late)
			h.finish()
		}},
		{name: "swapped in the object", codes: mismatch, total: 2, run: bucket(func(_ *history, records []*ledger.Record) {
			a, b := *records[5], *records[6]
			a.Offset, b.Offset = 6, 5
			records[5], records[6] = &b, &a
		})},
		{name: "corrupt in the object", codes: mismatch, total: 1, run: bucket(func(_ *history, records []*ledger.Record) {
			records[7] = changed(records[7], func(r *ledger.Record) { r.Value[60] ^= 1 })
		})},
		{name: "without identity in the object", codes: mismatch, total: 1, run: bucket(func(_ *history, records []*ledger.Record) {
			records[7] = changed(records[7], func(r *ledger.Record) { r.Headers, r.Value = nil, []byte("x") })
		})},
		{name: "audited before the final reads", run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 2000)
			h.put(0, recordOf(p.Make(nil, 60)))
			h.audit()
			h.finalReads()
		}},
		{name: "missing, audited before the final reads", codes: mismatch, total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 2000)
			h.put(0, recordOf(p.Make(nil, 60)))
			h.bucket = h.cloned()
			h.bucket[0][2000] = nil
			h.audit()
			h.finalReads()
		}},
		{name: "two objects say the same", run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.finalReads()
			a := h.audit()
			h.object(a, 0, "t/0/again")
		}},
		{name: "two objects differ", codes: mismatch, total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			h.finalReads()
			a := h.audit()
			h.bucket = h.cloned()
			h.bucket[0][3] = changed(recordOf(p.Make(nil, 60)), func(r *ledger.Record) { r.Offset = 3 })
			h.object(a, 0, "t/0/again")
		}},
		{name: "two objects, the first of them corrupt", codes: mismatch, total: 1, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			good := h.cloned()
			h.finalReads()
			h.bucket = h.cloned()
			h.bucket[0][3] = changed(h.bucket[0][3], func(r *ledger.Record) { r.Value[50] ^= 1 })
			a := h.audit()
			h.bucket = good
			h.object(a, 0, "t/0/again")
		}},
		{name: "a record that is in both, though no one sent it", codes: fires(ledger.Phantom), run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.put(0, &ledger.Record{Value: []byte("hello")})
			h.finish()
		}},
		{name: "the audit failed", doubts: []ledger.DoubtCode{ledger.AuditFailed}, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.finalReads()
			h.l.NewAudit().Fail("access denied")
		}},
		{name: "the audit stopped", doubts: []ledger.DoubtCode{ledger.AuditIncomplete}, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			h.sends(p, 1, 10)
			h.finalReads()
			a := h.l.NewAudit()
			h.object(a, 0, "x")
			a.Complete(tp(0))
		}},
	})
}

func TestAckWithoutBytes(t *testing.T) {
	t.Parallel()
	judgeAll(t, []scenario{
		{name: "written after the ack", codes: fires(ledger.AckWithoutBytes), total: 10, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.written = h.now()
			h.finish()
		}},
		{name: "some acked before", codes: fires(ledger.AckWithoutBytes), total: 4, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 4)
			h.written = h.now()
			h.sends(p, 0, 6)
			h.finish()
		}},
		{name: "time not known", run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.written = time.Time{}
			h.finish()
		}},
		{name: "in the same microsecond", run: func(h *history) {
			h.sends(h.producer(), 0, 1)
			h.written = h.clock
			h.finish()
		}},
		{name: "an earlier object covers it too", run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.finalReads()
			a := h.audit()
			h.written = h.now()
			h.object(a, 0, "t/0/compacted")
		}},
		{name: "no object covers what the script deleted", run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.start[0] = 3
			h.l.Trimmed(tp(0), 3)
			h.finalReads()
			a := h.l.NewAudit()
			a.Object(ledger.Object{Key: "x", TP: tp(0), Base: 3, Last: 9, Written: h.written})
			for _, r := range h.logs[0][3:] {
				a.Read(tp(0), "x", *r)
			}
			a.Complete(tp(0))
		}},
		{name: "no object covers it", codes: fires(ledger.AckWithoutBytes, ledger.ObjectMismatch), run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.bucket = h.cloned()
			h.bucket[0] = h.bucket[0][:7]
			h.finish()
		}},
		{name: "no object covers it, and it was never acked", codes: fires(ledger.ObjectMismatch), run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 7)
			h.bucket = h.cloned()
			h.put(0, recordOf(p.Make(nil, 60)))
			h.finish()
		}},
	})
}
