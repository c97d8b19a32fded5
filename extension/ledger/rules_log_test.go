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
		{name: "final reads that stop below the high watermark", codes: fires(ledger.EndRegress), run: func(h *history) {
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
