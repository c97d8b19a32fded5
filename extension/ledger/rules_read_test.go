package ledger_test

import (
	"testing"

	"k6suite/extension/ledger"
)

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
