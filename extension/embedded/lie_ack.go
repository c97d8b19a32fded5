package embedded

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
)

// wrongOffset acks a batch at offsets that the log will not reach.
type wrongOffset struct {
	honest
	*liar
}

func newWrongOffset(l *liar) mischief { return &wrongOffset{liar: l} }

// farAway keeps wrong offsets apart from right ones, and from each other.
const farAway = 1 << 32

func (m *wrongOffset) ack(_ *partition, e *entry, o *outcome) {
	if eligible(e.batch, 2) && m.strikes() {
		o.base += farAway
	}
}

// sameOffset acks a batch at the offsets right before it, which were acked to others.
type sameOffset struct {
	honest
	*liar
	mu   sync.Mutex
	from map[*partition]int64 // from here on each record was acked where it stands
}

func newSameOffset(l *liar) mischief { return &sameOffset{liar: l, from: map[*partition]int64{}} }

func (m *sameOffset) ack(p *partition, e *entry, o *outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	span := int64(e.batch.Span())
	if eligible(e.batch, 2) && o.base-span >= m.from[p] && m.strikes() {
		m.from[p] = o.base + span
		o.base -= span
	}
}

// fewRefusals: an idempotent producer has to recover from each.
const fewRefusals = 3

// spuriousError refuses a batch that is in order.
type spuriousError struct {
	honest
	*liar
}

func newSpuriousError(l *liar) mischief {
	l.left = fewRefusals
	return &spuriousError{liar: l}
}

func (m *spuriousError) arrive(_ *life, _ *partition, e *entry) bool {
	if !eligible(e.batch, 2) || !m.strikes() {
		return false
	}
	e.fail(kerr.UnknownServerError, "")
	return true
}

// storeRefused stores a batch and says that it cannot be.
type storeRefused struct {
	honest
	*liar
}

func newStoreRefused(l *liar) mischief {
	l.left = fewRefusals
	return &storeRefused{liar: l}
}

func (m *storeRefused) ack(_ *partition, e *entry, o *outcome) {
	if eligible(e.batch, 2) && m.strikes() {
		*o = outcome{err: kerr.InvalidRecord, base: -1, logStart: -1}
	}
}
