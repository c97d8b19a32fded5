package ledger

import (
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// ProducerOptions of [Ledger.NewProducer]. They decide which rules apply.
type ProducerOptions struct {
	// Name is for evidence.
	Name string
	// Idempotent is enable.idempotence: any duplicate is a finding.
	Idempotent bool
	// Ordered says that acked order must be log order: the producer is idempotent or has one request in flight.
	Ordered bool
	// Keyed says that the partition is chosen by murmur2 of the key, so that PARTITIONER applies to records with a key.
	Keyed bool
}

// Producer numbers the records of one tracked producer.
type Producer struct {
	ledger  *Ledger
	options ProducerOptions
	number  uint32
	index   int           // in the ledger's roster
	sibling bool          // it is of another instance, and only what was read of it is known
	next    atomic.Uint64 // the next sequence; what is below counts as sent

	mu         sync.Mutex
	acked      set
	suspicious set
	bare       set // suspicious though never retried: nothing excuses the missing offset
	failed     set
	unknown    set
	found      []set // per final read
	seen       []set // per group
	garbled    set   // stands in a final read, though corrupt
	duplicated set   // met twice in one final read
	explained  set   // stands where INCONSISTENT_OFFSET tells the story
	clashed    set   // was acked at an offset at which another record was

	transactions []*Transaction // in the order of their sequences
	visible      set            // shown by a final read of what is committed
	early        set            // given to live readers of what is committed before anybody had asked for a commit
	stray        set            // … after it had been aborted
}

// NewProducer adds a producer. An instance has room for 65,536; beyond, it panics.
func (l *Ledger) NewProducer(o ProducerOptions) *Producer {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.producers.Load()
	number := known.own(l.instance)
	if number > 0xffff {
		panic("ledger: too many producers: an instance has room for 65536")
	}
	p := &Producer{ledger: l, options: o, number: uint32(l.instance)<<16 | uint32(number)}
	l.producers.Store(known.with(p))
	return p
}

// Make returns the next record, with a value of size bytes, or of the least that holds an identity (46) if size is smaller. From
// here on it counts as sent.
func (p *Producer) Make(key []byte, size int) Made { return makeRecord(p.nextID(), key, size) }

// Stamp gives an identity to a record that the script made: its key and value stay, a nil value (tombstone) too, and two headers
// come after the script's own. From here on it counts as sent.
func (p *Producer) Stamp(key, value []byte, headers []Header) Made {
	return stampRecord(p.nextID(), key, value, headers)
}

// Serial names the producer's record with a sequence, whether it was made or not.
func (p *Producer) Serial(sequence uint64) Serial { return newSerial(p.number, sequence) }

// Reserve counts the first n records as sent, as if they had been made: those of a client that makes records of its own.
func (p *Producer) Reserve(n uint64) {
	for {
		if next := p.next.Load(); next >= n || p.next.CompareAndSwap(next, n) {
			return
		}
	}
}

// Again returns the record of a sequence as Make makes it without a key, in the least size.
func (p *Producer) Again(sequence uint64) Made {
	return makeRecord(p.ledger.run.uuid(newSerial(p.number, sequence)), nil, 0)
}

func (p *Producer) nextID() uuid {
	sequence := p.next.Add(1) - 1
	if sequence > maxSequence {
		panic("ledger: too many records: a producer has room for 2^38")
	}
	return p.ledger.run.uuid(newSerial(p.number, sequence))
}

// at returns the i-th of a list of sets, which grows as needed.
func at(sets *[]set, i int) *set {
	for len(*sets) <= i {
		*sets = append(*sets, set{})
	}
	return &(*sets)[i]
}

// foundAny returns the sequences that any final read met; the caller holds the lock.
func (p *Producer) foundAny() *roaring64.Bitmap { return union(p.found) }
