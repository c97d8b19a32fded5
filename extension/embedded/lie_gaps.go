package embedded

import (
	"slices"
	"sync"
)

// gaps are what lies have acked and not stored as producers sent it. The log knows nothing of these sequence numbers: so batches that
// follow are renumbered, as if nobody had ever sent what is missing.
type gaps struct {
	mu  sync.Mutex
	all map[gapKey][]gap
}

// gapKey is a producer in a partition.
type gapKey struct {
	place
	id    int64
	epoch int16
}

type gap struct{ first, span int32 }

func newGaps() *gaps { return &gaps{all: map[gapKey][]gap{}} }

func keyOf(at place, b batch) gapKey { return gapKey{at, b.ProducerID(), b.ProducerEpoch()} }

// leaveOut says that a batch, as mend has numbered it, is not stored.
func (g *gaps) leaveOut(at place, b batch) {
	if b.ProducerID() < 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key := keyOf(at, b)
	first := b.BaseSequence()
	for _, one := range g.all[key] {
		first += one.span
	}
	g.all[key] = append(g.all[key], gap{first, b.Span()})
}

// leaveSent says that a batch, as its producer has numbered it, is not stored.
func (g *gaps) leaveSent(at place, b batch) {
	if b.ProducerID() < 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key := keyOf(at, b)
	g.all[key] = append(g.all[key], gap{b.BaseSequence(), b.Span()})
}

// mend renumbers batches that are about to be stored. What is sent again that was left out is stored after all, and is no gap any more.
func (g *gaps) mend(at place, group []*entry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range group {
		key := keyOf(at, e.batch)
		if e.mended || len(g.all[key]) == 0 {
			continue
		}
		e.mended = true
		sent, before := e.batch.BaseSequence(), int32(0)
		g.all[key] = slices.DeleteFunc(g.all[key], func(one gap) bool { return one.first == sent })
		for _, one := range g.all[key] {
			if one.first < sent {
				before += one.span
			}
		}
		if before > 0 {
			e.batch = e.batch.Renumbered(sent - before)
		}
	}
}

// sound reports whether an honest cluster would store the batch now. The caller has the turn of the partition.
func (l *life) sound(p *partition, b batch) bool {
	id := b.ProducerID()
	if id < 0 {
		return true
	}
	known := l.producers.getOrAdd(id, b.ProducerEpoch())
	if known.currentEpoch() != b.ProducerEpoch() || known.isTransactional() {
		return false
	}
	var w *window
	if found, ok := p.windows[id]; ok {
		w = &found
	}
	if _, twice := w.duplicate(b); twice {
		return false
	}
	return w.accepts(b, p.end == 0)
}
