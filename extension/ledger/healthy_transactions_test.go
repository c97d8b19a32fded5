package ledger_test

import (
	"fmt"

	"k6suite/extension/ledger"
)

// healthyTxn is a transaction as the coordinator has it, whatever its producer knows.
type healthyTxn struct {
	t     *ledger.Transaction
	fate  txnFate
	first [2]int64 // offset of its first record in each partition, −1 for none
	acks  []ledger.Outcome
}

type txnFate int

const (
	txnOpen txnFate = iota
	txnCommitted
	txnAborted
)

// transactions of a healthy run: two producers that send some, and a processor that makes records of partition 1 of those of partition 0.
type transactions struct {
	producers []*ledger.Producer
	current   []*healthyTxn            // of each producer, nil for none
	of        [2]map[int64]*healthyTxn // by partition and offset
	reader    *ledger.Reader           // of what is committed
	read      [2]int64                 // its next offsets

	pipe      *ledger.Pipeline
	processor *ledger.Producer
	source    *ledger.Reader
	consumed  int64 // offset that the group of the processor has committed
	crashes   int
}

func newTransactions(h *healthy) *transactions {
	x := &transactions{current: make([]*healthyTxn, 2), of: [2]map[int64]*healthyTxn{{}, {}}}
	for i := range x.current {
		x.producers = append(x.producers, h.l.NewProducer(transactional(fmt.Sprintf("transactional %d", i))))
	}
	x.reader = h.l.NewReader(ledger.ReaderOptions{Name: "committed", Committed: true})
	x.pipe = h.l.NewPipeline("processor")
	x.processor = h.l.NewProducer(transactional("processor"))
	x.source = h.l.NewReader(ledger.ReaderOptions{Name: "source", Group: "processor", Committed: true})
	return x
}

func transactional(name string) ledger.ProducerOptions {
	return ledger.ProducerOptions{Name: name, Idempotent: true, Ordered: true}
}

// begin opens a transaction. One of the same producer that is open still has crashed: it is fenced, and the coordinator ends it.
func (h *healthy) begin(p *ledger.Producer) *healthyTxn {
	return &healthyTxn{t: p.BeginTransaction(), first: [2]int64{-1, -1}}
}

// sendIn sends a record in a transaction. Its ack is under way until the client flushes.
func (h *healthy) sendIn(x *healthyTxn, p *ledger.Producer, partition int32, key []byte) ledger.Made {
	m := p.Make(key, 60+h.r.IntN(40))
	offset := h.put(partition, recordOf(m))
	if x.first[partition] < 0 {
		x.first[partition] = offset
	}
	h.x.of[partition][offset] = x
	h.writeObject(partition, offset)
	x.acks = append(x.acks, ledger.Outcome{Serial: m.Serial, TP: tp(partition), Offset: offset, Began: h.clock})
	return m
}

// flush delivers the acks of a transaction.
func (h *healthy) flush(x *healthyTxn) {
	for _, o := range x.acks {
		o.At = h.now()
		h.l.Settle(o)
	}
	x.acks = nil
}

// conclude has the coordinator end a transaction, and write its markers.
func (h *healthy) conclude(x *healthyTxn, fate txnFate) {
	if x == nil || x.fate != txnOpen {
		return
	}
	x.fate = fate
	for partition, first := range x.first {
		if first >= 0 {
			h.put(int32(partition), nil)
		}
	}
}

// ask ends a transaction in one of all the ways in which that may go, and tells whether it was committed in truth.
func (h *healthy) ask(x *healthyTxn) bool {
	switch h.r.IntN(8) {
	case 0: // the application aborts
		h.flush(x)
		x.t.Aborted()
		h.conclude(x, txnAborted)
	case 1: // a send has failed, and so it must abort
		for i := range x.acks {
			x.acks[i].Kind, x.acks[i].Offset, x.acks[i].Error = ledger.Unknown, -1, "REQUEST_TIMED_OUT"
		}
		h.flush(x)
		x.t.Aborted()
		h.conclude(x, txnAborted)
	case 2: // it crashes, and is fenced by the next one
		if h.r.IntN(2) == 0 {
			h.flush(x)
		}
		h.conclude(x, txnAborted)
	case 3: // the commit is refused, or never answered, and not done
		h.flush(x)
		x.t.Committing()
		h.readCommitted()
		h.conclude(x, txnAborted)
	case 4: // … and done
		h.flush(x)
		x.t.Committing()
		h.conclude(x, txnCommitted)
	default:
		h.flush(x)
		x.t.Committing()
		h.conclude(x, txnCommitted)
		if h.r.IntN(2) == 0 {
			h.readCommitted() // before the producer hears of it
		}
		x.t.Committed()
	}
	return x.fate == txnCommitted
}

// transact has one of the producers go on with a transaction.
func (h *healthy) transact() {
	i := h.r.IntN(len(h.x.producers))
	p := h.x.producers[i]
	if h.x.current[i] == nil {
		h.x.current[i] = h.begin(p)
	}
	for range h.r.IntN(6) {
		partition := int32(h.r.IntN(2))
		h.sendIn(h.x.current[i], p, partition, fmt.Appendf(nil, "%d", h.r.IntN(5)))
	}
	if h.r.IntN(2) == 0 {
		h.ask(h.x.current[i])
		h.x.current[i] = nil
	}
}

// stable is the end of what readers of what is committed may be given (KIP-98: the last stable offset).
func (h *healthy) stable(partition int32) int64 {
	end := h.end(partition)
	for _, x := range h.x.current {
		if x != nil && x.first[partition] >= 0 {
			end = min(end, x.first[partition])
		}
	}
	return end
}

// committedAt gives the record at an offset if it is committed, else nil.
func (h *healthy) committedAt(partition int32, offset int64) *ledger.Record {
	if x := h.x.of[partition][offset]; x != nil && x.fate != txnCommitted {
		return nil
	}
	return h.logs[partition][offset]
}

// readCommitted lets the live reader of what is committed read on.
func (h *healthy) readCommitted() {
	for p := range int32(2) {
		for end := h.stable(p); h.x.read[p] < end; h.x.read[p]++ {
			if r := h.committedAt(p, h.x.read[p]); r != nil {
				h.x.reader.Read(tp(p), *r)
			}
		}
	}
}

// process has the processor take some records, and end its transaction in any way. What was not committed is read again.
func (h *healthy) process() {
	x := h.begin(h.x.processor)
	h.x.source.Assign(tp(0), -1)
	next, end := h.x.consumed, h.stable(0)
	for stop := min(end, next+int64(h.r.IntN(30))); next < stop; next++ {
		r := h.committedAt(0, next)
		if r == nil {
			continue
		}
		h.x.source.Read(tp(0), *r)
		output := h.sendIn(x, h.x.processor, 1, nil)
		h.x.pipe.Derived(tp(0), next, h.x.processor, output.Serial)
	}
	if h.ask(x) {
		h.x.consumed = next
	} else if h.r.IntN(4) == 0 { // another one goes on in its place
		h.x.crashes++
		h.x.processor = h.l.NewProducer(transactional(fmt.Sprintf("processor %d", h.x.crashes)))
	}
}

// settleTransactions ends what is open, as the coordinator does once its time is over.
func (h *healthy) settleTransactions() {
	if h.x == nil {
		return
	}
	for i, x := range h.x.current {
		if x != nil {
			h.flush(x)
			h.conclude(x, txnAborted)
			h.x.current[i] = nil
		}
	}
	h.readCommitted()
	h.x.pipe.Consumed(tp(0), h.x.consumed)
}

// committedReads are two complete reads of what is committed, and of some offsets that are shown by mistake, or hidden.
func (h *healthy) committedReads() {
	if h.x == nil {
		return
	}
	for n := range 2 {
		c := h.l.NewCommittedRead(fmt.Sprintf("committed %d", n+1))
		for p := range int32(2) {
			c.Begin(tp(p), ledger.Ends{Listed: h.end(p), HighWatermark: -1})
			log := c.Log(tp(p))
			for offset := range h.end(p) {
				if r := h.committedAt(p, offset); r != nil {
					log.Read(r)
				}
			}
			c.End(tp(p), ledger.Ends{Listed: h.end(p), HighWatermark: h.end(p), Reached: h.end(p), EmptyAtEnd: true})
		}
	}
}
