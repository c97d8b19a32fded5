package ledger

import (
	"sync"
	"time"
)

// Transaction is one of a tracked producer (KIP-98): what it makes between its beginning and the question for its end. Sequences are dense,
// so that a range names its records.
type Transaction struct {
	producer *Producer
	from, to uint64 // to is exclusive, and beyond all sequences while more may come; the producer's lock guards it
	fate     fate   // so it does this
}

// fate is what is known of a transaction.
type fate uint8

const (
	fateOpen      fate = iota // nobody has asked for a commit
	fateAsked                 // somebody has, and there is no answer: it is unknown
	fateCommitted             // … and it was committed
	fateAborted               // nobody ever asks for a commit any more, or none was sent
)

const noEnd = maxSequence + 1

// BeginTransaction opens a transaction: what the producer makes from now on belongs to it. One that is open still is over then: its
// producer has crashed, and who comes after him never commits it.
func (p *Producer) BeginTransaction() *Transaction {
	p.mu.Lock()
	defer p.mu.Unlock()
	from := p.next.Load()
	if n := len(p.transactions); n > 0 {
		p.transactions[n-1].close(from)
	}
	t := &Transaction{producer: p, from: from, to: noEnd}
	p.transactions = append(p.transactions, t)
	return t
}

func (t *Transaction) close(at uint64) {
	if t.to == noEnd {
		t.to = at
	}
}

// Committing must come before the commit is asked for: until then nobody who reads what is committed may see a record of it.
func (t *Transaction) Committing() { t.become(fateAsked) }

// Committed says that the coordinator has said so.
func (t *Transaction) Committed() { t.become(fateCommitted) }

// Aborted says that no commit was sent, and that none ever will be.
func (t *Transaction) Aborted() { t.become(fateAborted) }

func (t *Transaction) become(f fate) {
	t.producer.mu.Lock()
	defer t.producer.mu.Unlock()
	t.close(t.producer.next.Load())
	t.fate = f
}

// transactionOf finds the transaction that a sequence belongs to, or nil; the caller holds the lock.
func (p *Producer) transactionOf(sequence uint64) *Transaction {
	low, high := 0, len(p.transactions)
	for low < high {
		if middle := (low + high) / 2; p.transactions[middle].to <= sequence {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == len(p.transactions) || sequence < p.transactions[low].from {
		return nil
	}
	return p.transactions[low]
}

// shownCommitted notes that a live reader of what is committed was given a record. It tells whether it was too early: nobody had asked for
// a commit. The caller holds the lock.
func (p *Producer) shownCommitted(sequence uint64) (early bool) {
	t := p.transactionOf(sequence)
	switch {
	case t == nil:
		return false
	case t.fate == fateOpen:
		p.early.add(sequence)
	case t.fate == fateAborted:
		p.stray.add(sequence)
	default:
		return false
	}
	return true
}

// uncommitted returns the sequences of transactions that are not known to be committed; the caller holds the lock.
func (p *Producer) uncommitted() *bitmap {
	all := setOf(0, 0)
	for _, t := range p.transactions {
		if t.fate != fateCommitted {
			all.AddRange(t.from, min(t.to, p.next.Load()))
		}
	}
	return all
}

// TransactionEvidence counts what the rules of transactions had to go by.
type TransactionEvidence struct {
	Committed int64 `json:"committed"`
	Aborted   int64 `json:"aborted"`
	Abandoned int64 `json:"abandoned"` // never ended by who had begun them
	Unknown   int64 `json:"unknown"`   // asked to be committed, without an answer
	// Hidden are acked records of transactions that were not committed, and that no reader of what is committed was shown.
	Hidden int64 `json:"hidden"`
	// Whole are committed transactions with several records, all of which were shown to readers of what is committed.
	Whole int64 `json:"whole"`
	// CommittedReads are complete final reads of what is committed.
	CommittedReads int64 `json:"committedReads"`
	// Processed are source records of consume-transform-produce with exactly one output, Redone those among them of which an earlier output
	// was never committed.
	Processed int64 `json:"processed"`
	Redone    int64 `json:"redone"`
}

// Plus adds what another instance of the run had to go by.
func (e TransactionEvidence) Plus(o TransactionEvidence) TransactionEvidence {
	return TransactionEvidence{
		Committed: e.Committed + o.Committed, Aborted: e.Aborted + o.Aborted, Abandoned: e.Abandoned + o.Abandoned,
		Unknown: e.Unknown + o.Unknown, Hidden: e.Hidden + o.Hidden, Whole: e.Whole + o.Whole,
		CommittedReads: e.CommittedReads + o.CommittedReads, Processed: e.Processed + o.Processed, Redone: e.Redone + o.Redone,
	}
}

// shownEarly keeps who was given records of transactions that were not committed.
type shownEarly struct {
	mu   sync.Mutex
	kept bounded[oddRead]
}

// oddRead is a record that a live reader was given.
type oddRead struct {
	tp     TopicPartition
	offset int64
	serial Serial
	reader string
	at     time.Time
}

func (s *shownEarly) add(o oddRead) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.add(o)
}
