package embedded

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"

	"k6suite/extension/objectstore"
)

// place names a partition.
type place struct {
	topic     string
	partition int32
}

// entry is one batch on its way into the log of a partition.
type entry struct {
	batch    batch
	by       *process // that has accepted the batch
	implicit bool     // Produce version 12 and later: the batch may add its partition to the transaction (KIP-890)
	mended   bool     // by a lie, which has renumbered the batch
	done     chan struct{}
	outcome  outcome // valid once done is closed
}

func newEntry(b batch, by *process, version int16) *entry {
	return &entry{batch: b, by: by, implicit: version >= 12, done: make(chan struct{})}
}

// outcome is what the producer is told of a batch.
type outcome struct {
	err      *kerr.Error // nil: stored
	message  string
	base     int64
	logStart int64
}

func (e *entry) resolve(o outcome) {
	e.outcome = o
	close(e.done)
}

func (e *entry) fail(err *kerr.Error, message string) {
	e.resolve(outcome{err: err, message: message, base: -1, logStart: -1})
}

// partition is the log of one partition. Batches wait in its queue; whoever holds its turn may change the log.
type partition struct {
	place
	topicID [16]byte
	turn    chan struct{} // holds one token

	mu       sync.Mutex // guards what follows, down to the blank line
	queue    []*entry
	draining bool
	handed   []handover // of which nobody has been told
	epochs   []epochStart

	// Only the holder of the turn uses what follows.
	end     int64 // of the durable log: where the next object begins
	windows map[int64]window
	gone    bool  // the topic was deleted
	broken  error // kfake and the bucket disagree: nothing is stored any more
}

func newPartition(at place, topicID [16]byte, end int64, windows map[int64]window) *partition {
	if windows == nil {
		windows = map[int64]window{}
	}
	p := &partition{place: at, topicID: topicID, end: end, windows: windows, turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p
}

// acquire waits for the turn.
func (p *partition) acquire(ctx context.Context) error {
	select {
	case <-p.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *partition) release() { p.turn <- struct{}{} }

// submit queues the entry. The caller must start a drain if submit says so.
func (p *partition) submit(e *entry) (drain bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, e)
	drain = !p.draining
	p.draining = true
	return drain
}

// withdraw takes the entry out of the queue and reports whether it was still there: then it is not and will not be stored.
func (p *partition) withdraw(e *entry) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.queue, e)
	if i < 0 {
		return false
	}
	p.queue = slices.Delete(p.queue, i, i+1)
	return true
}

// withdrawAll takes those entries out of the queue that are to go, and returns them.
func (p *partition) withdrawAll(goes func(*entry) bool) (gone []*entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := make([]*entry, 0, len(p.queue))
	for _, e := range p.queue {
		if goes(e) {
			gone = append(gone, e)
		} else {
			kept = append(kept, e)
		}
	}
	p.queue = kept
	return gone
}

// A segment takes what waits while the one before it is written (group commit), up to these limits.
const (
	maxGroupBytes   = 8 << 20
	maxGroupEntries = 512
)

// take returns the entries for the next segment, oldest first.
func (p *partition) take() []*entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, size := 0, 0
	for n < len(p.queue) && n < maxGroupEntries && (n == 0 || size+len(p.queue[n].batch) <= maxGroupBytes) {
		size += len(p.queue[n].batch)
		n++
	}
	group := slices.Clone(p.queue[:n])
	p.queue = slices.Delete(p.queue, 0, n)
	return group
}

// putBack returns entries that take gave out to the head of the queue.
func (p *partition) putBack(group []*entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(slices.Clone(group), p.queue...)
}

// idle ends the drain if nothing is queued.
func (p *partition) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) > 0 {
		return false
	}
	p.draining = false
	return true
}

// piecesOf takes batches as kfake's log has them apart, from the durable end on.
func (p *partition) piecesOf(raw []byte) ([]*piece, error) {
	var pieces []*piece
	next := p.end
	for found, err := range objectstore.Batches(raw) {
		if err != nil {
			return nil, fmt.Errorf("the log of %s-%d at offset %d: %w", p.topic, p.partition, next, err)
		}
		if found.BaseOffset != next {
			return nil, fmt.Errorf("the log of %s-%d goes on at offset %d: want %d", p.topic, p.partition, found.BaseOffset, next)
		}
		pieces = append(pieces, &piece{batch: found.Raw, base: found.BaseOffset, epoch: found.LeaderEpoch})
		next = found.LastOffset() + 1
	}
	if len(pieces) == 0 {
		return nil, fmt.Errorf("the log of %s-%d has nothing at offset %d", p.topic, p.partition, next)
	}
	return pieces, nil
}
