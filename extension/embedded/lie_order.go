package embedded

import (
	"context"
	"sync"
	"time"
)

// reorderBatches exchanges two batches that one producer has in flight: either such as have records of one key, so that the order of that
// key is broken, or such as have none, so that the order of each key is kept. All batches are stored without their producer, for kfake
// checks sequence numbers too.
type reorderBatches struct {
	honest
	*liar
	ofOneKey bool
	mu       sync.Mutex
	waits    int
}

func newReorderBatches(l *liar) mischief { return &reorderBatches{liar: l} }

func newReorderKey(l *liar) mischief { return &reorderBatches{liar: l, ofOneKey: true} }

const (
	pairPatience = 30 * time.Millisecond // how long a batch waits for the next one of its producer
	maxPairWaits = 40                    // a producer that never has two in flight is not slowed down for ever
)

func (m *reorderBatches) gather(ctx context.Context, _ *life, p *partition, group []*entry) ([]*entry, error) {
	deadline := time.Now().Add(pairPatience)
	for !m.hasPair(group) && len(group) > 0 && eligible(group[0].batch, 2) && time.Now().Before(deadline) && m.mayWait() {
		if !sleep(ctx, time.Millisecond) {
			return group, ctx.Err()
		}
		group = append(group, p.take()...)
	}
	return group, nil
}

func (m *reorderBatches) mayWait() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waits++
	return m.waits < maxPairWaits*int(pairPatience/time.Millisecond)
}

func (m *reorderBatches) hasPair(group []*entry) bool {
	for i := range max(len(group)-1, 0) {
		if m.pair(group[i].batch, group[i+1].batch) {
			return true
		}
	}
	return false
}

func (m *reorderBatches) pair(a, b batch) bool {
	return eligible(a, 2) && eligible(b, 2) && a.ProducerID() >= 0 && a.ProducerID() == b.ProducerID() && shareKey(a, b) == m.ofOneKey
}

func (m *reorderBatches) pieces(_ *partition, pieces []*piece) []*piece {
	for i := 0; i+1 < len(pieces); i++ {
		a, b := pieces[i], pieces[i+1]
		if m.pair(a.entry.batch, b.entry.batch) && m.strikes() {
			b.base = a.base
			a.base = b.end()
			pieces[i], pieces[i+1] = b, a
			i++
		}
	}
	for _, piece := range pieces {
		piece.batch = piece.batch.Anonymous()
	}
	return pieces
}
