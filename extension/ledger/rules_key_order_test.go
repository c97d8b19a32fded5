package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

func TestKeyReorder(t *testing.T) {
	t.Parallel()
	ordered := ledger.ProducerOptions{Name: "p", Idempotent: true, Ordered: true}
	k, other, null := []byte("k"), []byte("other"), []byte(nil)
	// exchanged sends two records, the second of which stands first, between others of the producer; then something happens to both.
	type both func(h *history, a, b ledger.Made, atA, atB int64)
	exchanged := func(o ledger.ProducerOptions, first, second []byte, then both) func(h *history) {
		return func(h *history) {
			p := h.l.NewProducer(o)
			for range 3 {
				m := p.Make(k, 60)
				h.ack(m, 0, h.put(0, recordOf(m)))
			}
			a, b := p.Make(first, 60), p.Make(second, 60)
			atB := h.put(0, recordOf(b))
			then(h, a, b, h.put(0, recordOf(a)), atB)
			for i := range 3 {
				m := p.Make(fmt.Append(nil, i), 60)
				h.ack(m, 0, h.put(0, recordOf(m)))
			}
			h.finish()
		}
	}
	acked := func(h *history, a, b ledger.Made, atA, atB int64) {
		h.ack(a, 0, atA)
		h.ack(b, 0, atB)
	}
	judgeAll(t, []scenario{
		{name: "of one producer", codes: fires(ledger.KeyReorder), total: 1, run: exchanged(ordered, k, k, acked)},
		{name: "the empty key is one", codes: fires(ledger.KeyReorder), total: 1, run: exchanged(ordered, []byte{}, []byte{}, acked)},
		{name: "no order promised", run: exchanged(ledger.ProducerOptions{Name: "p"}, k, k, acked)},
		{name: "of two keys", codes: fires(ledger.SendReorder), total: 1, run: exchanged(ordered, k, other, acked)},
		{name: "of no key", codes: fires(ledger.SendReorder), total: 1, run: exchanged(ordered, null, null, acked)},
		{name: "no key and the empty one", codes: fires(ledger.SendReorder), total: 1, run: exchanged(ordered, null, []byte{}, acked)},
		{name: "the earlier one was tried again, and is unknown", run: exchanged(ordered, k, k, func(h *history, a, b ledger.Made, _, atB int64) {
			h.outcome(a, ledger.Unknown, 0, "REQUEST_TIMED_OUT")
			h.ack(b, 0, atB)
		})},
		{name: "the later one is unknown", run: exchanged(ordered, k, k, func(h *history, a, b ledger.Made, atA, _ int64) {
			h.ack(a, 0, atA)
			h.outcome(b, ledger.Unknown, 0, "REQUEST_TIMED_OUT")
		})},
		{name: "the earlier one stands before it, too", codes: fires(ledger.Duplicate), total: 1, run: func(h *history) {
			p := h.l.NewProducer(ordered)
			a, b := p.Make(k, 60), p.Make(k, 60)
			h.ack(a, 0, h.put(0, recordOf(a)))
			h.ack(b, 0, h.put(0, recordOf(b)))
			h.put(0, recordOf(a))
			h.finish()
		}},
		{name: "acks that say something else", codes: fires(ledger.OffsetMismatch, ledger.SendReorder), run: exchanged(ordered, k, k,
			func(h *history, a, b ledger.Made, atA, atB int64) {
				h.ack(a, 0, atB)
				h.ack(b, 0, atA)
			})},
		{name: "whole batches, of some keys", codes: fires(ledger.KeyReorder), total: 20, run: func(h *history) {
			p := h.l.NewProducer(ordered)
			var all []ledger.Made
			for i := range 40 {
				all = append(all, p.Make(fmt.Append(nil, i%7), 60))
			}
			for _, m := range append(all[20:], all[:20]...) {
				h.ack(m, 0, h.put(0, recordOf(m)))
			}
			h.finish()
		}},
		{name: "whole batches, each of keys of its own", codes: fires(ledger.SendReorder), total: 20, run: func(h *history) {
			p := h.l.NewProducer(ordered)
			var all []ledger.Made
			for i := range 40 {
				all = append(all, p.Make(fmt.Append(nil, i), 60))
			}
			for _, m := range append(all[20:], all[:20]...) {
				h.ack(m, 0, h.put(0, recordOf(m)))
			}
			h.finish()
		}},
		{name: "in two partitions, of one key in one of them", codes: fires(ledger.KeyReorder, ledger.SendReorder), run: func(h *history) {
			p := h.l.NewProducer(ordered)
			for partition, keys := range [][]byte{[]byte("aa"), []byte("ab")} {
				a, b := p.Make(keys[:1], 60), p.Make(keys[1:], 60)
				h.ack(b, int32(partition), h.put(int32(partition), recordOf(b)))
				h.ack(a, int32(partition), h.put(int32(partition), recordOf(a)))
			}
			h.finish()
		}},
		{name: "two producers of one key, in any order", run: func(h *history) {
			p, q := h.l.NewProducer(ordered), h.l.NewProducer(ordered)
			a, b := p.Make(k, 60), q.Make(k, 60)
			h.ack(b, 0, h.put(0, recordOf(b)))
			h.ack(a, 0, h.put(0, recordOf(a)))
			h.finish()
		}},
		{name: "one final read", codes: fires(ledger.SendReorder), doubts: []ledger.DoubtCode{ledger.FinalReadsMissing}, run: func(h *history) {
			p := h.l.NewProducer(ordered)
			a, b := p.Make(k, 60), p.Make(k, 60)
			h.ack(b, 0, h.put(0, recordOf(b)))
			h.ack(a, 0, h.put(0, recordOf(a)))
			h.finalRead("final 1")
		}},
	})
}

func TestKeyReorderInRealTime(t *testing.T) {
	t.Parallel()
	k, other := []byte("k"), []byte("other")
	// overtaken has a record of each key acked, from offset 1 on, and then sends one of key k, which takes offset 0.
	overtaken := func(same bool, began func(h *history) time.Time, keys ...[]byte) func(h *history) {
		return func(h *history) {
			p := h.l.NewProducer(ledger.ProducerOptions{Name: "p"})
			q := p
			if !same {
				q = h.l.NewProducer(ledger.ProducerOptions{Name: "q"})
			}
			early := h.now()
			place := h.put(0, nil)
			for _, key := range keys {
				m := p.Make(key, 60)
				h.ack(m, 0, h.put(0, recordOf(m)))
			}
			h.pass(10 * time.Millisecond)
			m, at := q.Make(k, 60), early
			if began != nil {
				at = began(h)
			}
			h.logs[0][place] = changed(recordOf(m), func(r *ledger.Record) { r.Offset = place })
			h.l.Settle(ledger.Outcome{Serial: m.Serial, TP: tp(0), Offset: place, Began: at, At: h.now()})
			h.finish()
		}
	}
	now := func(h *history) time.Time { return h.now() }
	judgeAll(t, []scenario{
		{name: "below one that was acked before", codes: fires(ledger.KeyReorder), total: 1, run: overtaken(false, now, k)},
		{name: "of one producer that promises no order", codes: fires(ledger.KeyReorder), total: 1, run: overtaken(true, now, k)},
		{name: "one of many", codes: fires(ledger.KeyReorder), total: 1, run: overtaken(false, now, other, k, other, other)},
		{name: "several of the key", codes: fires(ledger.KeyReorder), total: 1, run: overtaken(false, now, k, k, k)},
		{name: "of another key", codes: fires(ledger.RealtimeOrder), total: 1, run: overtaken(false, now, other)},
		{name: "of no key", codes: fires(ledger.RealtimeOrder), total: 1, run: overtaken(false, now, nil)},
		{name: "sent before the other was acked", run: overtaken(false, nil, k)},
		{name: "only one of another key had been acked when it was sent", codes: fires(ledger.RealtimeOrder), total: 1, run: func(h *history) {
			p, q := h.l.NewProducer(ledger.ProducerOptions{Name: "p"}), h.l.NewProducer(ledger.ProducerOptions{Name: "q"})
			place := h.put(0, nil)
			first, second := p.Make(other, 60), p.Make(k, 60)
			h.ack(first, 0, h.put(0, recordOf(first)))
			h.pass(10 * time.Millisecond)
			m, began := q.Make(k, 60), h.now()
			h.pass(10 * time.Millisecond)
			h.ack(second, 0, h.put(0, recordOf(second)))
			h.logs[0][place] = changed(recordOf(m), func(r *ledger.Record) { r.Offset = place })
			h.l.Settle(ledger.Outcome{Serial: m.Serial, TP: tp(0), Offset: place, Began: began, At: h.now()})
			h.finish()
		}},
		{name: "the ack named a wrong offset", codes: fires(ledger.TwoAcks), total: 1, run: func(h *history) {
			p := h.l.NewProducer(ledger.ProducerOptions{Name: "p", Idempotent: true, Ordered: true})
			for range 3 {
				m := p.Make(k, 60)
				h.ack(m, 0, h.put(0, recordOf(m)))
			}
			h.pass(10 * time.Millisecond)
			m, began := p.Make(k, 60), h.now()
			h.put(0, recordOf(m))
			h.l.Settle(ledger.Outcome{Serial: m.Serial, TP: tp(0), Offset: 0, Began: began, At: h.now()})
			h.finish()
		}},
	})
}

// What is kept of keys is bounded: beyond, SEND_REORDER tells of the pair.
func TestKeysBeyondTheBoundAreToldBySendReorder(t *testing.T) {
	t.Parallel()
	exchanged := func(keys int) ledger.Judgement {
		h := newHistory(t)
		p := h.producer()
		a := p.Make([]byte("k"), 0)
		for i := range keys {
			m := p.Make(fmt.Append(nil, i), 0)
			h.ack(m, 0, h.put(0, recordOf(m)))
		}
		b := p.Make([]byte("k"), 0)
		h.ack(b, 0, h.put(0, recordOf(b)))
		h.ack(a, 0, h.put(0, recordOf(a)))
		h.finalReads()
		return h.l.Judge(h.options)
	}
	require.Equal(t, fires(ledger.KeyReorder), codes(exchanged(ledger.MaxKeys-1)))
	require.Equal(t, fires(ledger.SendReorder), codes(exchanged(ledger.MaxKeys)))
}

// However much there is of one producer, others of the partition are told of, too.
func TestEvidenceOfKeysIsBoundedAndItsCountIsNot(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	for _, pairs := range []int{900, 99, 1} {
		p := h.producer()
		for range pairs {
			a, b := p.Make([]byte("k"), 0), p.Make([]byte("k"), 0)
			h.ack(b, 0, h.put(0, recordOf(b)))
			h.ack(a, 0, h.put(0, recordOf(a)))
		}
	}
	h.finish()
	j := h.l.Judge(h.options)
	require.Equal(t, fires(ledger.KeyReorder), codes(j))
	require.Equal(t, int64(1000), total(j.Findings, ledger.KeyReorder))
}

// Of several instances each looks at the keys of its own producers, and what it saw counts for all. What went by its clock stays with it.
func TestKeyReorderOfInstances(t *testing.T) {
	t.Parallel()
	all := instances(t, 2)
	p, q := all[0].producer(), all[1].producer()
	a, b := p.Make([]byte("k"), 60), p.Make([]byte("k"), 60)
	all[0].ack(b, 0, all[0].put(0, recordOf(b)))
	all[0].ack(a, 0, all[0].put(0, recordOf(a)))
	place := all[1].put(1, nil)
	first := q.Make([]byte("k"), 60)
	all[1].ack(first, 1, all[1].put(1, recordOf(first)))
	second, began := all[1].producer().Make([]byte("k"), 60), all[1].now()
	all[1].logs[1][place] = changed(recordOf(second), func(r *ledger.Record) { r.Offset = place })
	all[1].l.Settle(ledger.Outcome{Serial: second.Serial, TP: tp(1), Offset: place, Began: began, At: all[1].now()})
	for _, h := range all {
		h.finalReads()
	}
	require.Equal(t, int64(0), onlyRule(t, all[0].l.Judge(all[0].options), ledger.KeyReorder).Sequence)
	require.Equal(t, place, onlyRule(t, all[1].l.Judge(all[1].options), ledger.KeyReorder).Offset)
	require.Equal(t, int64(0), onlyRule(t, merge(t, all...), ledger.KeyReorder).Sequence)
}
