package embedded

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// takenOver reports whether a partition was taken from a broker that does not run any more, rather than given up by one that does.
func takenOver(l *life, from int32) bool { return l.members.process(from) == nil }

// forgetProducers forgets with each takeover what the producers of the partition have sent last, so that what they send again is stored
// again. All batches are stored without their producer, for kfake checks sequence numbers too. Acks are held back for a moment: so a
// broker that dies leaves batches behind that are stored and not acked.
type forgetProducers struct {
	honest
	*liar
}

func newForgetProducers(l *liar) mischief { return &forgetProducers{liar: l} }

const ackHeldBack = 80 * time.Millisecond

func (m *forgetProducers) pieces(_ *partition, pieces []*piece) []*piece {
	for _, piece := range pieces {
		piece.batch = piece.batch.Anonymous()
	}
	return pieces
}

func (m *forgetProducers) ack(_ *partition, e *entry, _ *outcome) {
	if eligible(e.batch, 2) {
		sleep(e.by.ctx, ackHeldBack) // a broker that has died may well go on: nobody hears of it
	}
}

func (m *forgetProducers) took(l *life, p *partition, from, _ int32) {
	if takenOver(l, from) && len(p.windows) > 0 {
		clear(p.windows)
		m.hits.Add(1)
	}
}

// neverRecover refuses what is sent to the first partition that is taken over, each batch after a while.
type neverRecover struct {
	honest
	*liar
	mu sync.Mutex
	at map[place]bool
}

func newNeverRecover(l *liar) mischief { return &neverRecover{liar: l, at: map[place]bool{}} }

const refusedAfter = 500 * time.Millisecond

func (m *neverRecover) took(l *life, p *partition, from, _ int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.at) == 0 && p.end > 0 && takenOver(l, from) {
		m.at[p.place] = true
	}
}

func (m *neverRecover) arrive(l *life, p *partition, e *entry) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.at[p.place] {
		return false
	}
	m.hits.Add(1)
	l.background(func() {
		sleep(e.by.ctx, refusedAfter)
		e.fail(kerr.UnknownServerError, "")
	})
	return true
}

// slowTakeover has partitions that were taken over take their time.
type slowTakeover struct {
	honest
	*liar
}

// fewTakeovers: each holds the run up.
const (
	fewTakeovers = 2
	slowness     = quickRecovery + time.Second
)

func newSlowTakeover(l *liar) mischief {
	l.left = fewTakeovers
	return &slowTakeover{liar: l}
}

func (m *slowTakeover) took(l *life, p *partition, from, _ int32) {
	if p.end > 0 && takenOver(l, from) && m.strikes() {
		sleep(l.ctx, slowness)
	}
}

// endRegress tells once of an end of a log far ahead, after a takeover.
type endRegress struct {
	honest
	*liar
	mu    sync.Mutex
	ahead map[place]bool
}

func newEndRegress(l *liar) mischief { return &endRegress{liar: l, ahead: map[place]bool{}} }

const farAhead = 100_000 // more than any run sends until somebody asks again

func (m *endRegress) took(l *life, p *partition, from, _ int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, told := m.ahead[p.place]; !told && p.end > 0 && takenOver(l, from) {
		m.ahead[p.place] = true
	}
}

func (m *endRegress) handler(_ *life, key kmsg.Key, next handler) handler {
	if key != kmsg.ListOffsets {
		return next
	}
	return func(ctx context.Context, x *exchange) error {
		return x.listed(ctx, next, func(at place, end int64) int64 {
			m.mu.Lock()
			defer m.mu.Unlock()
			if !m.ahead[at] {
				return end
			}
			m.ahead[at] = false
			m.hits.Add(1)
			return end + farAhead
		})
	}
}
