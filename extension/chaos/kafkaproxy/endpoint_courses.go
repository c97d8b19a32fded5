package kafkaproxy

import (
	"sync"
	"time"

	"k6suite/extension/internal/recordbatch"
)

// courses say, for one session, to which broker the last changes of each thing went, a partition or a group. No change goes to another
// broker as long as one is under way: two brokers would apply them in any order.
type courses[K comparable] struct {
	mu   sync.Mutex
	byID map[K]*course
}

type course struct {
	backend *backend
	under   int           // calls at the backend that have not ended
	free    chan struct{} // closed when none is under way; nil while nobody waits
	missing *missing
}

// enter claims the ways to brokers, all or none. If one thing is still under way to another broker, nothing is claimed, and who waits
// for the channel may try again. allow is asked about each before it is claimed; nil: all are.
func (s *courses[K]) enter(all []K, to func(K) *backend, allow func(K, *course) bool) (wait <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range all {
		c := s.byID[id]
		if c == nil || c.under == 0 {
			continue
		}
		if b := to(id); b == nil || b == c.backend {
			continue
		}
		if c.free == nil {
			c.free = make(chan struct{})
		}
		return c.free
	}
	if s.byID == nil {
		s.byID = map[K]*course{}
	}
	for _, id := range all {
		c := s.byID[id]
		if c == nil {
			c = &course{}
			s.byID[id] = c
		}
		if allow == nil || allow(id, c) {
			c.backend = to(id)
			c.under++
		}
	}
	return nil
}

// leave says that a call has ended. look gets to see its course before that; nil: nobody does.
func (s *courses[K]) leave(id K, look func(*course)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.byID[id]
	if look != nil {
		look(c)
	}
	if c.under--; c.under == 0 && c.free != nil {
		close(c.free)
		c.free = nil
	}
}

// missing is a batch of an idempotent producer that was not written, or nobody knows. Its producer sends it again, once it has heard of
// that; what it had sent behind it by then must not get to another broker first, which may know nothing of the producer, and would
// take any batch for its first.
type missing struct {
	numbered

	backend *backend // that had it, whose own business is what comes behind; nil: none
	at      time.Time
}

// numbered is the place of a batch in the sequence of its producer.
type numbered struct {
	producer int64
	epoch    int16
	sequence int32
}

// numberOf reads the place of a batch. It reports false for what has none.
func numberOf(records []byte) (numbered, bool) {
	b, err := recordbatch.One(records)
	if err != nil || b.Magic() != 2 || b.ProducerID() < 0 {
		return numbered{}, false
	}
	return numbered{b.ProducerID(), b.ProducerEpoch(), b.BaseSequence()}, true
}

// behind reports whether a batch comes behind another one of the same producer. Sequence numbers begin again at zero after the greatest.
func (n numbered) behind(other numbered) bool {
	distance := uint32(n.sequence-other.sequence) << 1
	return n.producer == other.producer && n.epoch == other.epoch && distance != 0 && distance < 1<<31
}

// note remembers a batch that was not written. The first one counts.
func (c *course) note(n numbered, b *backend, now time.Time) {
	if c.missing != nil && n.behind(c.missing.numbered) {
		return
	}
	c.missing = &missing{n, b, now}
}

// passes reports whether a batch may go to a broker. With the batch that was missing, or one of another producer, nothing is missing
// any more. Nor is there after a while: who has not sent it again by then never will.
func (c *course) passes(n numbered, b *backend, now time.Time, limit time.Duration) bool {
	switch {
	case c.missing == nil:
	case !n.behind(c.missing.numbered), now.Sub(c.missing.at) > limit:
		c.missing = nil
	case c.missing.backend != b:
		return false
	}
	return true
}
