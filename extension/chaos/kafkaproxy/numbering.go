package kafkaproxy

import (
	"math"
	"slices"
	"sync"

	"k6suite/extension/internal/recordbatch"
)

// numbering closes the gaps that dropped records leave in the sequence numbers of idempotent producers (KIP-98): a broker takes a
// batch only if it goes on where the one before ended. It belongs to the producer, not to a connection or a fault, and so outlives both.
type numbering struct {
	mu        sync.Mutex
	producers map[producerPartition]*sequences
}

type producerPartition struct {
	producer int64
	at       TopicPartition
}

// sequences are those of one producer in one partition, as the producer numbers.
type sequences struct {
	epoch     int16
	begun     bool
	next      int32 // what follows all that went through or was dropped
	gaps      []gap // in order
	forgotten int32 // how much gaps took that are too old to be kept
}

// gap is a batch of which records were dropped.
type gap struct {
	first, span int32
	lost        int32
	matcher     *matcher // which records of it; where it is nil, all
}

// maxGaps is how many gaps are remembered one by one, for producers that send a batch again. What is older only counts.
const maxGaps = 1024

func (n *numbering) init() { n.producers = map[producerPartition]*sequences{} }

func (n *numbering) used() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.producers) > 0
}

// prune forgets the producers that were watched in vain.
func (n *numbering) prune() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for key, s := range n.producers {
		if len(s.gaps) == 0 && s.forgotten == 0 {
			delete(n.producers, key)
		}
	}
}

// of returns the sequences that a batch belongs to, nil if they are not watched; the caller has the lock. A newer epoch of the producer
// begins anew, and an older one is the broker's to refuse.
func (n *numbering) of(b recordbatch.Batch, at TopicPartition) *sequences {
	s := n.producers[producerPartition{b.ProducerID(), at}]
	if s == nil || b.ProducerEpoch() < s.epoch {
		return nil
	}
	if b.ProducerEpoch() > s.epoch {
		*s = sequences{epoch: b.ProducerEpoch()}
	}
	return s
}

// watch follows the producer of a batch, before the batch goes through.
func (n *numbering) watch(b recordbatch.Batch, at TopicPartition) {
	if b.ProducerID() < 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if key := (producerPartition{b.ProducerID(), at}); n.producers[key] == nil {
		n.producers[key] = &sequences{epoch: b.ProducerEpoch()}
	}
}

// again returns the gap that a batch left when it was sent for the first time.
func (n *numbering) again(b recordbatch.Batch, at TopicPartition) (gap, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.of(b, at)
	if s == nil {
		return gap{}, false
	}
	i := slices.IndexFunc(s.gaps, func(g gap) bool { return g.first == b.BaseSequence() && g.span == b.Span() })
	if i < 0 {
		return gap{}, false
	}
	return s.gaps[i], true
}

// through reports whether a batch has gone through before: then it may be in the log, and can no longer be dropped.
func (n *numbering) through(b recordbatch.Batch, at TopicPartition) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.of(b, at)
	return s != nil && s.begun && behind(b.BaseSequence(), s.next)
}

// drop notes the gap that a batch leaves.
func (n *numbering) drop(b recordbatch.Batch, at TopicPartition, lost int32, m *matcher) {
	if b.ProducerID() < 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.of(b, at)
	if s == nil {
		return
	}
	s.gaps = append(s.gaps, gap{first: b.BaseSequence(), span: b.Span(), lost: lost, matcher: m})
	if len(s.gaps) > maxGaps {
		s.forgotten += s.gaps[0].lost
		s.gaps = slices.Delete(s.gaps, 0, 1)
	}
	s.advance(b.BaseSequence(), b.Span())
}

// pass returns the sequence number with which a batch goes through.
func (n *numbering) pass(b recordbatch.Batch, at TopicPartition) int32 {
	n.mu.Lock()
	defer n.mu.Unlock()
	sequence := b.BaseSequence()
	s := n.of(b, at)
	if s == nil || sequence < 0 {
		return sequence
	}
	s.advance(sequence, b.Span())
	lost := s.forgotten
	for _, g := range s.gaps {
		if behind(g.first, sequence) {
			lost += g.lost
		}
	}
	return (sequence - lost) & math.MaxInt32
}

func (s *sequences) advance(first, span int32) {
	if next := (first + span) & math.MaxInt32; !s.begun || behind(s.next, next) {
		s.begun, s.next = true, next
	}
}

// behind reports whether sequence number a comes before b. After the greatest int32 comes 0.
func behind(a, b int32) bool {
	distance := (b - a) & math.MaxInt32
	return distance != 0 && distance < math.MaxInt32/2
}
