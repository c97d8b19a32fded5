package ledger_test

import (
	"testing"
	"time"

	"k6suite/extension/ledger"
)

func TestLost(t *testing.T) {
	t.Parallel()
	judgeAll(t, []scenario{
		{name: "nothing at all", run: func(h *history) { h.finish() }},
		{name: "all there", run: func(h *history) {
			h.sends(h.producer(), 0, 3000)
			h.finish()
		}},
		{name: "one in the middle", codes: fires(ledger.LostAcked), total: 1, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.logs[0][4] = nil
			h.finish()
		}},
		{name: "many", codes: fires(ledger.LostAcked), total: 2000, run: func(h *history) {
			h.sends(h.producer(), 0, 5000)
			clear(h.logs[0][1000:3000])
			h.finish()
		}},
		{name: "acked without offset and gone", codes: fires(ledger.LostAcked), total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 3)
			h.outcome(p.Make(nil, 50), ledger.Suspicious, 0, "")
			h.finish()
		}},
		{name: "unknown and gone", run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 3)
			h.outcome(p.Make(nil, 50), ledger.Unknown, 0, "REQUEST_TIMED_OUT")
			p.Make(nil, 50)
			h.finish()
		}},
		{name: "in one final read of two", codes: fires(ledger.InconsistentOffset), total: 1, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.finalRead("final 1")
			kept := h.logs[0][4]
			h.logs[0][4] = nil
			h.finalRead("final 2")
			h.logs[0][4] = kept
			h.audit()
		}},
		{name: "only one final read", doubts: []ledger.DoubtCode{ledger.FinalReadsMissing}, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.logs[0][4] = nil
			h.finalRead("final 1")
			h.audit()
		}},
		{name: "a final read that stops early", doubts: []ledger.DoubtCode{ledger.FinalReadIncomplete}, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.finalRead("final 1")
			f := h.l.NewFinalRead("final 2")
			h.finalPart(f, 0, ledger.Ends{Listed: 10, HighWatermark: 10, Reached: 7})
			h.finalPart(f, 1, ledger.Ends{})
		}},
		{name: "final reads that stop below the high watermark", run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 7)
			h.put(0, recordOf(p.Make(nil, 60)))
			h.finalRead("final 1")
			f := h.l.NewFinalRead("final 2")
			h.finalPart(f, 0, ledger.Ends{Listed: 7, HighWatermark: 8, Reached: 7})
			h.finalPart(f, 1, ledger.Ends{})
		}, doubts: []ledger.DoubtCode{ledger.FinalReadIncomplete}},
		{name: "final reads that trust a low end", run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			for _, name := range []string{"a", "b"} {
				f := h.l.NewFinalRead(name)
				h.finalPart(f, 0, ledger.Ends{Listed: 7, HighWatermark: 7, Reached: 7})
				h.finalPart(f, 1, ledger.Ends{})
			}
		}, doubts: []ledger.DoubtCode{ledger.FinalReadIncomplete, ledger.FinalReadIncomplete}},
		{name: "two final reads that stop early", run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			for _, name := range []string{"a", "b"} {
				f := h.l.NewFinalRead(name)
				h.finalPart(f, 0, ledger.Ends{Listed: 10, HighWatermark: 10, Reached: 7})
				h.finalPart(f, 1, ledger.Ends{})
			}
		}, doubts: []ledger.DoubtCode{ledger.FinalReadIncomplete, ledger.FinalReadIncomplete}},
		{name: "the suffix", codes: fires(ledger.LostSuffix), total: 3, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.bucket = h.cloned()
			h.logs[0] = h.logs[0][:7]
			h.finish()
		}},
		{name: "the whole log", codes: fires(ledger.LostSuffix), total: 10, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.bucket = h.cloned()
			h.logs[0] = nil
			h.finish()
		}},
		{name: "the start of the log", codes: fires(ledger.LostAcked), total: 3, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.start[0] = 3
			h.finish()
		}},
		{name: "what the script deleted", run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.start[0] = 3
			h.l.Trimmed(tp(0), 3)
			h.bucket = h.cloned()
			clear(h.bucket[0][:3])
			h.finish()
		}},
	})
}

func TestOffsetMismatch(t *testing.T) {
	t.Parallel()
	elsewhere := func(partition int32, offset int64) func(h *history) {
		return func(h *history) {
			p := h.producer()
			h.sends(p, 0, 5)
			m := p.Make(nil, 100)
			h.put(0, recordOf(m))
			h.ack(m, partition, offset)
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "acked beyond the end", codes: fires(ledger.OffsetMismatch), total: 1, run: elsewhere(0, 17)},
		{name: "acked in another partition", codes: fires(ledger.OffsetMismatch), total: 1, run: elsewhere(1, 0)},
		{name: "acked where it stands", run: elsewhere(0, 5)},
		{name: "acked where a later object is", codes: fires(ledger.OffsetMismatch), total: 1, run: func(h *history) {
			p := h.producer()
			a := p.Make(nil, 60)
			h.ack(a, 0, 1)
			h.put(0, recordOf(a))
			h.put(0, recordOf(p.Make(nil, 60)))
			h.finalReads()
			audit, early := h.l.NewAudit(), h.written
			for o, written := range []time.Time{early, h.now()} {
				audit.Object(ledger.Object{Key: "x", TP: tp(0), Base: int64(o), Last: int64(o), Written: written})
				audit.Read(tp(0), "x", *h.logs[0][o])
			}
			audit.Complete(tp(0))
		}},
		{name: "all acks one too high", codes: fires(ledger.OffsetMismatch), total: 3000, run: func(h *history) {
			p := h.producer()
			for range 3000 {
				m := p.Make(nil, 60)
				h.ack(m, 0, h.put(0, recordOf(m))+1)
			}
			h.l.AskEnd(tp(0), "list").Answered(3000)
			h.finish()
		}},
		{name: "without offset, never retried", codes: fires(ledger.OffsetMismatch), total: 1, run: func(h *history) {
			p := h.producer()
			m := p.Make(nil, 60)
			h.put(0, recordOf(m))
			h.outcome(m, ledger.Acked, 0, "")
			h.finish()
		}},
		{name: "without offset, retried", run: func(h *history) {
			p := h.producer()
			m := p.Make(nil, 60)
			h.put(0, recordOf(m))
			h.l.Settle(ledger.Outcome{Serial: m.Serial, Kind: ledger.Suspicious, TP: tp(0), Offset: -1, Retried: true})
			h.finish()
		}},
	})
}

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
		{name: "one of them is gone", codes: fires(ledger.TwoAcks, ledger.LostAcked), run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 5)
			h.ack(p.Make(nil, 60), 0, 2)
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

func TestInconsistentOffset(t *testing.T) {
	t.Parallel()
	swap := func(log []*ledger.Record, a, b int64) {
		x, y := *log[a], *log[b]
		x.Offset, y.Offset = b, a
		log[a], log[b] = &y, &x
	}
	judgeAll(t, []scenario{
		{name: "final against final", codes: fires(ledger.InconsistentOffset), total: 2, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.finalRead("final 1")
			swap(h.logs[0], 3, 6)
			h.finalRead("final 2")
			h.audit()
		}},
		{name: "live against final", codes: fires(ledger.InconsistentOffset), total: 2, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			good := h.cloned()
			swap(h.logs[0], 3, 6)
			h.read(h.reader("r"), 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
			h.logs = good
			h.finish()
		}},
		{name: "a reader is shown the neighbour", codes: fires(ledger.InconsistentOffset), total: 1, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			good := h.cloned()
			h.logs[0][3] = changed(h.logs[0][4], func(r *ledger.Record) { r.Offset = 3 })
			h.read(h.reader("r"), 0, 0, 1, 2, 3, 4, 5)
			h.logs = good
			h.finish()
		}},
		{name: "a final read is shown the neighbour", codes: fires(ledger.InconsistentOffset), total: 1, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.finalRead("final 1")
			good := h.cloned()
			h.logs[0][3] = changed(h.logs[0][4], func(r *ledger.Record) { r.Offset = 3 })
			h.finalRead("final 2")
			h.logs = good
			h.audit()
		}},
		{name: "two readers, one after the other", codes: fires(ledger.InconsistentOffset), total: 2, run: func(h *history) {
			h.sends(h.producer(), 0, 3000)
			h.read(h.reader("r1"), 0, 10, 11, 12)
			good := h.cloned()
			swap(h.logs[0], 10, 12)
			h.read(h.reader("r2"), 0, 10, 11, 12)
			h.logs = good
			h.finish()
		}},
		{name: "moved between the final reads", codes: fires(ledger.InconsistentOffset), total: 1, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.finalRead("final 1")
			h.put(0, h.logs[0][4])
			h.logs[0][4] = nil
			h.finalRead("final 2")
			h.audit()
		}},
		{name: "beside a duplicate", codes: fires(ledger.Duplicate, ledger.InconsistentOffset), total: 1, run: func(h *history) {
			all := h.sends(h.producer(), 0, 10)
			h.put(0, recordOf(all[8]))
			h.finalRead("final 1")
			h.logs[0][3] = changed(h.logs[0][4], func(r *ledger.Record) { r.Offset = 3 })
			h.finalRead("final 2")
		}},
		{name: "a late landing behind the first final read", run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			late := p.Make(nil, 60)
			h.finalRead("final 1")
			h.put(0, recordOf(late))
			h.finalRead("final 2")
			h.audit()
		}},
	})
}

func TestDuplicate(t *testing.T) {
	t.Parallel()
	plain := func(h *history, budget int64, copies int) *ledger.Producer {
		h.options.DuplicateBudget = budget
		p := h.l.NewProducer(ledger.ProducerOptions{Name: "p", Ordered: true})
		all := h.sends(p, 0, 5)
		for range copies {
			h.put(0, recordOf(all[2]))
		}
		h.sends(p, 0, 5)
		h.finish()
		return p
	}
	judgeAll(t, []scenario{
		{name: "of an idempotent producer", codes: fires(ledger.Duplicate), total: 1, run: func(h *history) {
			p := h.producer()
			all := h.sends(p, 0, 5)
			h.put(0, recordOf(all[2]))
			h.sends(p, 0, 5)
			h.finish()
		}},
		{name: "in another partition", codes: fires(ledger.Duplicate), total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 1, 3)
			all := h.sends(p, 0, 5)
			h.put(1, recordOf(all[2]))
			h.sends(p, 1, 3)
			h.finish()
		}},
		{name: "in another partition, met before the first", codes: fires(ledger.Duplicate), total: 1, run: func(h *history) {
			p := h.producer()
			all := h.sends(p, 1, 5)
			h.sends(p, 0, 3)
			h.put(0, recordOf(all[2]))
			h.finish()
		}},
		{name: "the ack names the second", codes: fires(ledger.Duplicate), total: 1, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 5)
			m := p.Make(nil, 60)
			h.put(0, recordOf(m))
			h.ack(m, 0, h.put(0, recordOf(m)))
			h.send(p, 0)
			h.finish()
		}},
		{name: "within the budget", run: func(h *history) { plain(h, 2, 2) }},
		{name: "beyond the budget", codes: fires(ledger.Duplicate), total: 3, run: func(h *history) { plain(h, 2, 3) }},
		{name: "one offset given twice in one read", run: func(h *history) {
			h.sends(h.producer(), 0, 5)
			for _, name := range []string{"a", "b"} {
				f := h.l.NewFinalRead(name)
				ends := ledger.Ends{Listed: 5, HighWatermark: 5, Reached: 5}
				f.Begin(tp(0), ends)
				for _, o := range []int{0, 1, 2, 1, 2, 3, 4} {
					f.Read(tp(0), *h.logs[0][o])
				}
				f.End(tp(0), ends)
				h.finalPart(f, 1, ledger.Ends{})
			}
		}},
	})
}

func TestPhantom(t *testing.T) {
	t.Parallel()
	foreign := func() *ledger.Record {
		return recordOf(ledger.New(ledger.Options{Run: "another"}).NewProducer(ledger.ProducerOptions{}).Make(nil, 80))
	}
	unsent := func() *ledger.Record {
		p := ledger.New(ledger.Options{Run: "run"}).NewProducer(ledger.ProducerOptions{})
		for range 1000 {
			p.Make(nil, 0)
		}
		return recordOf(p.Make(nil, 80))
	}
	with := func(r *ledger.Record) func(h *history) {
		return func(h *history) {
			h.sends(h.producer(), 0, 5)
			h.put(0, r)
			h.finish()
		}
	}
	shared := func(r *ledger.Record) func(h *history) {
		return func(h *history) {
			other := ledger.TopicPartition{Topic: "shared"}
			for _, name := range []string{"a", "b"} {
				f := h.l.NewFinalRead(name)
				f.Begin(other, ledger.Ends{Listed: 1})
				f.Read(other, *r)
				f.End(other, ledger.Ends{Listed: 1, Reached: 1})
				h.finalPart(f, 0, ledger.Ends{})
				h.finalPart(f, 1, ledger.Ends{})
			}
			h.reader("r").Read(other, *r)
			a := h.l.NewAudit()
			a.Object(ledger.Object{Key: "x", TP: other, Base: 0, Last: 0})
			a.Read(other, "x", *r)
			for _, p := range []ledger.TopicPartition{other, tp(0), tp(1)} {
				a.Complete(p)
			}
		}
	}
	judgeAll(t, []scenario{
		{name: "never sent", codes: fires(ledger.Phantom), total: 1, run: with(unsent())},
		{name: "another run", codes: fires(ledger.Phantom), total: 1, run: with(foreign())},
		{name: "no identity", codes: fires(ledger.Phantom), total: 1, run: with(&ledger.Record{Value: []byte("hello")})},
		{
			name: "no identity, where one was acked that stands elsewhere", codes: fires(ledger.OffsetMismatch, ledger.Phantom),
			run: func(h *history) {
				p := h.producer()
				h.sends(p, 0, 5)
				m := p.Make(nil, 60)
				h.ack(m, 0, h.put(0, &ledger.Record{Value: []byte("hello")}))
				h.put(0, recordOf(m))
				h.finish()
			},
		},
		{name: "in the place of one that is lost", codes: fires(ledger.LostAcked, ledger.ObjectMismatch, ledger.Phantom), run: func(h *history) {
			h.sends(h.producer(), 0, 5)
			h.bucket = h.cloned()
			h.read(h.reader("r"), 0, 2, 3)
			h.logs[0][3] = changed(foreign(), func(r *ledger.Record) { r.Offset = 3 })
			h.finish()
		}},
		{name: "only a live reader sees it", codes: fires(ledger.Phantom), total: 1, run: func(h *history) {
			h.sends(h.producer(), 0, 5)
			good := h.cloned()
			h.put(0, foreign())
			h.read(h.reader("r"), 0, 4, 5)
			h.logs = good
			h.finish()
		}},
		{name: "another run in a shared topic", run: shared(foreign())},
		{name: "no identity in a shared topic", run: shared(&ledger.Record{Value: []byte("hello")})},
		{name: "never sent, in a shared topic", codes: fires(ledger.Phantom), total: 1, run: shared(unsent())},
		{name: "unknown but sent", run: func(h *history) {
			p := h.producer()
			h.put(0, recordOf(p.Make(nil, 60)))
			h.finish()
		}},
	})
}

func TestCorrupt(t *testing.T) {
	t.Parallel()
	spoil := func(change func(r *ledger.Record)) func(h *history) {
		return func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.logs[0][4] = changed(h.logs[0][4], change)
			h.finish()
		}
	}
	stamped := func(change func(r *ledger.Record)) func(h *history) {
		return func(h *history) {
			p := h.producer()
			m := p.Stamp([]byte("key"), nil, []ledger.Header{{Key: "a", Value: []byte("1")}, {Key: "a", Value: nil}})
			h.ack(m, 0, h.put(0, recordOf(m)))
			h.logs[0][0] = changed(h.logs[0][0], change)
			h.finish()
		}
	}
	corrupt := fires(ledger.CorruptRecord)
	judgeAll(t, []scenario{
		{name: "nothing", run: spoil(func(*ledger.Record) {})},
		{name: "a byte of the payload", codes: corrupt, total: 1, run: spoil(func(r *ledger.Record) { r.Value[70] ^= 1 })},
		{name: "a byte of the checksum", codes: corrupt, total: 1, run: spoil(func(r *ledger.Record) { r.Value[40] ^= 1 })},
		{name: "a byte of the UUID in the value", codes: corrupt, total: 1, run: spoil(func(r *ledger.Record) { r.Value[35] ^= 1 })},
		{name: "cut short", codes: corrupt, total: 1, run: spoil(func(r *ledger.Record) { r.Value = r.Value[:80] })},
		{name: "cut to nothing", codes: corrupt, total: 1, run: spoil(func(r *ledger.Record) { r.Value = nil })},
		{name: "key added", codes: corrupt, total: 1, run: spoil(func(r *ledger.Record) { r.Key = []byte{} })},
		{name: "header of another", codes: corrupt, total: 1, run: func(h *history) {
			all := h.sends(h.producer(), 0, 10)
			h.logs[0][4] = changed(h.logs[0][4], func(r *ledger.Record) { r.Headers = all[7].Headers })
			h.finish()
		}},
		{name: "headers swapped", codes: corrupt, total: 2, run: func(h *history) {
			all := h.sends(h.producer(), 0, 10)
			h.logs[0][4] = changed(h.logs[0][4], func(r *ledger.Record) { r.Headers = all[7].Headers })
			h.logs[0][7] = changed(h.logs[0][7], func(r *ledger.Record) { r.Headers = all[4].Headers })
			h.finish()
		}},
		{name: "header gone", codes: corrupt, total: 1, run: spoil(func(r *ledger.Record) { r.Headers = nil })},
		{name: "header twice", codes: corrupt, total: 1, run: spoil(func(r *ledger.Record) { r.Headers = append(r.Headers, r.Headers...) })},
		{name: "header added", codes: corrupt, total: 1, run: spoil(func(r *ledger.Record) {
			r.Headers = append(r.Headers, ledger.Header{Key: "x"})
		})},
		{name: "header garbled", codes: corrupt, total: 1, run: spoil(func(r *ledger.Record) { r.Headers[0].Value[3] = 'z' })},
		{name: "all garbled", codes: corrupt, total: 1, run: spoil(func(r *ledger.Record) {
			r.Headers[0].Value[3] = 'z'
			r.Value[3] = 'z'
		})},
		{name: "identity gone altogether", codes: corrupt, total: 1, run: spoil(func(r *ledger.Record) {
			r.Headers, r.Value = nil, []byte("what?")
		})},
		{name: "only in a live read", codes: corrupt, total: 1, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			good := h.cloned()
			h.logs[0][4] = changed(h.logs[0][4], func(r *ledger.Record) { r.Value[70] ^= 1 })
			h.read(h.reader("r"), 0, 3, 4, 5)
			h.logs = good
			h.finish()
		}},
		{name: "identity gone in a live read only", codes: corrupt, total: 1, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			good := h.cloned()
			h.logs[0][4] = changed(h.logs[0][4], func(r *ledger.Record) { r.Headers, r.Value = nil, nil })
			h.read(h.reader("r"), 0, 3, 4, 5)
			h.logs = good
			h.finish()
		}},
		{name: "corrupt in a live read and then gone", codes: fires(ledger.CorruptRecord, ledger.LostAcked), run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.logs[0][4] = changed(h.logs[0][4], func(r *ledger.Record) { r.Value[70] ^= 1 })
			h.read(h.reader("r"), 0, 3, 4, 5)
			h.logs[0][4] = nil
			h.finish()
		}},
		{name: "acked without offset", codes: corrupt, total: 1, run: func(h *history) {
			m := h.producer().Make(nil, 60)
			h.put(0, changed(recordOf(m), func(r *ledger.Record) { r.Value[55] ^= 1 }))
			h.l.Settle(ledger.Outcome{Serial: m.Serial, Kind: ledger.Suspicious, TP: tp(0), Offset: -1, Retried: true})
			h.finish()
		}},
		{name: "in one final read of two", codes: corrupt, total: 1, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			good := h.cloned()
			h.logs[0][4] = changed(h.logs[0][4], func(r *ledger.Record) { r.Value[70] ^= 1 })
			h.finalRead("final 1")
			h.logs = good
			h.finalRead("final 2")
			h.audit()
		}},
		{name: "though sound in the bucket", codes: corrupt, total: 1, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.bucket = h.cloned()
			h.logs[0][4] = changed(h.logs[0][4], func(r *ledger.Record) { r.Value[70] ^= 1 })
			h.finish()
		}},
		{name: "stamped, as sent", run: stamped(func(*ledger.Record) {})},
		{name: "stamped, null became empty", codes: corrupt, total: 1, run: stamped(func(r *ledger.Record) { r.Value = []byte{} })},
		{name: "stamped, key changed", codes: corrupt, total: 1, run: stamped(func(r *ledger.Record) { r.Key = []byte("kez") })},
		{name: "stamped, header changed", codes: corrupt, total: 1, run: stamped(func(r *ledger.Record) { r.Headers[0].Value[0] = '2' })},
		{name: "stamped, headers swapped", codes: corrupt, total: 1, run: stamped(func(r *ledger.Record) {
			r.Headers[0], r.Headers[1] = r.Headers[1], r.Headers[0]
		})},
		{name: "stamped, checksum gone", codes: corrupt, total: 1, run: stamped(func(r *ledger.Record) { r.Headers = r.Headers[:3] })},
	})
}

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

func TestPoll(t *testing.T) {
	t.Parallel()
	following := func(from int64, offsets ...int64) func(h *history) {
		return func(h *history) {
			h.sends(h.producer(), 0, 10)
			r := h.reader("r")
			r.Assign(tp(0), from)
			h.read(r, 0, offsets...)
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "in order", run: following(0, 0, 1, 2, 3)},
		{name: "from the middle", run: following(-1, 4, 5, 6)},
		{name: "skips two", codes: fires(ledger.PollSkip), total: 2, run: following(0, 0, 1, 4, 5)},
		{name: "skips the first", codes: fires(ledger.PollSkip), total: 1, run: following(0, 1, 2, 3)},
		{name: "goes back", codes: fires(ledger.PollBack), total: 1, run: following(0, 0, 1, 2, 1, 2, 3)},
		{name: "the same again", codes: fires(ledger.PollBack), total: 1, run: following(0, 0, 1, 1, 2)},
		{name: "goes back and jumps ahead again", codes: fires(ledger.PollBack), total: 1, run: following(0, 0, 1, 2, 3, 1, 4, 5)},
		{name: "before its start", codes: fires(ledger.PollBack), total: 1, run: following(3, 2, 3, 4)},
		{name: "over holes", run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 3)
			h.put(0, nil)
			h.put(0, nil)
			h.sends(p, 0, 3)
			r := h.reader("r")
			r.Assign(tp(0), 0)
			h.read(r, 0, 0, 1, 2, 5, 6, 7)
			h.finish()
		}},
		{name: "seeks and rebalances", run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			r := h.reader("r")
			r.Assign(tp(0), 0)
			h.read(r, 0, 0, 1, 2)
			r.Assign(tp(0), 7)
			h.read(r, 0, 7, 8)
			r.Assign(tp(0), 1)
			h.read(r, 0, 1, 2)
			r.Revoke(tp(0))
			h.read(r, 0, 9)
			r.Revoke(tp(0))
			r.Assign(tp(0), -1)
			h.read(r, 0, 5, 6)
			h.finish()
		}},
		{name: "partitions apart", run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			h.sends(p, 1, 10)
			r := h.reader("r")
			for o := range int64(10) {
				h.read(r, 0, o)
				h.read(r, 1, o)
			}
			h.finish()
		}},
	})
}

func TestSendReorder(t *testing.T) {
	t.Parallel()
	reordered := func(o ledger.ProducerOptions, acked bool) func(h *history) {
		return func(h *history) {
			p := h.l.NewProducer(o)
			h.sends(p, 0, 3)
			a, b := p.Make(nil, 60), p.Make(nil, 60)
			atB, atA := h.put(0, recordOf(b)), h.put(0, recordOf(a))
			h.ack(b, 0, atB)
			if acked {
				h.ack(a, 0, atA)
			}
			h.sends(p, 0, 3)
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "idempotent", codes: fires(ledger.SendReorder), total: 1, run: reordered(ledger.ProducerOptions{Ordered: true}, true)},
		{name: "no order promised", run: reordered(ledger.ProducerOptions{}, true)},
		{name: "the early one was never acked", run: reordered(ledger.ProducerOptions{Ordered: true}, false)},
		{name: "two producers in any order", run: func(h *history) {
			a, b := h.producer(), h.producer()
			for i := range 3000 {
				h.send([]*ledger.Producer{a, b}[i*7%5%2], int32(i/100%2))
			}
			h.finish()
		}},
	})
}

func TestStaleEnd(t *testing.T) {
	t.Parallel()
	ends := func(listed, watermark int64) func(h *history) {
		return func(h *history) {
			h.sends(h.producer(), 0, 10)
			for _, name := range []string{"a", "b"} {
				f := h.l.NewFinalRead(name)
				h.finalPart(f, 0, ledger.Ends{Listed: listed, HighWatermark: watermark, Reached: 10, EmptyAtEnd: true})
				h.finalPart(f, 1, ledger.Ends{})
			}
		}
	}
	judgeAll(t, []scenario{
		{name: "covers all", run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			h.l.AskEnd(tp(0), "lag").Answered(10)
			h.finish()
		}},
		{name: "too low, again and again", codes: fires(ledger.StaleEnd), total: 3, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			for end := range int64(3) {
				h.l.AskEnd(tp(0), "lag").Answered(end + 7)
			}
			h.finish()
		}},
		{name: "acked after the question", run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 10)
			q := h.l.AskEnd(tp(0), "lag")
			h.sends(p, 0, 10)
			q.Answered(10)
			h.finish()
		}},
		{name: "the last one acked after the question, at a lower offset", run: func(h *history) {
			p := h.producer()
			all := []ledger.Made{p.Make(nil, 50), p.Make(nil, 50), p.Make(nil, 50)}
			for _, m := range all {
				h.put(0, recordOf(m))
			}
			h.ack(all[0], 0, 0)
			q := h.l.AskEnd(tp(0), "lag")
			h.ack(all[1], 0, 1)
			h.ack(all[2], 0, 2)
			q.Answered(1)
			h.finish()
		}},
		{name: "what it does not cover is lost", codes: fires(ledger.LostSuffix), total: 3, run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.l.AskEnd(tp(0), "lag").Answered(7)
			h.bucket = h.cloned()
			h.logs[0] = h.logs[0][:7]
			h.finish()
		}},
		{name: "no answer", run: func(h *history) {
			h.sends(h.producer(), 0, 10)
			h.l.AskEnd(tp(0), "lag").Answered(-1)
			h.finish()
		}},
		{name: "final: ListOffsets too low, before and after", codes: fires(ledger.StaleEnd), total: 4, run: ends(8, 10)},
		{name: "final: high watermark too low", codes: fires(ledger.StaleEnd), total: 2, run: ends(10, 8)},
		{name: "final: high watermark one too low", codes: fires(ledger.StaleEnd), total: 2, run: ends(10, 9)},
		{name: "final: ListOffsets one too low", codes: fires(ledger.StaleEnd), total: 4, run: ends(9, 10)},
		{name: "final: not known", run: ends(-1, -1)},
	})
}

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

func TestPartitioner(t *testing.T) {
	t.Parallel()
	// Of two partitions, murmur2 puts "21" into 0 and "abc" into 1.
	keyed := func(o ledger.ProducerOptions, key []byte, partition int32) func(h *history) {
		return func(h *history) {
			m := h.l.NewProducer(o).Make(key, 60)
			h.ack(m, partition, h.put(partition, recordOf(m)))
			h.finish()
		}
	}
	byKey := ledger.ProducerOptions{Name: "p", Keyed: true}
	judgeAll(t, []scenario{
		{name: "right", run: keyed(byKey, []byte("21"), 0)},
		{name: "right too", run: keyed(byKey, []byte("abc"), 1)},
		{name: "wrong", codes: fires(ledger.Partitioner), total: 1, run: keyed(byKey, []byte("21"), 1)},
		{name: "wrong too", codes: fires(ledger.Partitioner), total: 1, run: keyed(byKey, []byte("abc"), 0)},
		{name: "no key", run: keyed(byKey, nil, 1)},
		{name: "partition chosen by hand", run: keyed(ledger.ProducerOptions{}, []byte("21"), 1)},
		{name: "the ack named the right one", codes: fires(ledger.OffsetMismatch), run: func(h *history) {
			m := h.l.NewProducer(byKey).Make([]byte("21"), 60)
			h.put(1, recordOf(m))
			h.ack(m, 0, 0)
			h.finish()
		}},
		{name: "a duplicate in the wrong one", codes: fires(ledger.Duplicate), run: func(h *history) {
			m := h.l.NewProducer(ledger.ProducerOptions{Keyed: true, Idempotent: true}).Make([]byte("21"), 60)
			h.ack(m, 0, h.put(0, recordOf(m)))
			h.put(1, recordOf(m))
			h.finish()
		}},
		{name: "the count is not what was told", doubts: []ledger.DoubtCode{ledger.PartitionsUnknown}, run: func(h *history) {
			h.options.Partitions[topic] = 3
			keyed(byKey, []byte("21"), 1)(h)
		}},
		{name: "not to be judged", run: func(h *history) {
			h.options.Partitions = nil
			keyed(byKey, []byte("21"), 1)(h)
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
