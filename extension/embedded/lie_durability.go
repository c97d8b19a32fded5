package embedded

import (
	"context"
	"sync"
	"time"
)

// ackBeforeDurable uploads a moment after the ack. In the end all objects are there.
type ackBeforeDurable struct {
	honest
	*liar
}

func newAckBeforeDurable(l *liar) mischief { return &ackBeforeDurable{liar: l} }

const (
	tooLate      = 150 * time.Millisecond
	tooLateLimit = 5 * time.Second
)

func (m *ackBeforeDurable) defers(l *life, upload func(context.Context) error) bool {
	m.hits.Add(1)
	l.background(func() {
		sleep(l.ctx, tooLate)
		// Not l.ctx: what was acked gets there even if the brokers are killed meanwhile. This lie loses nothing.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), tooLateLimit)
		defer cancel()
		if err := upload(ctx); err != nil {
			l.logger.Error("a lie lost data", "lie", m.Name, "error", err)
		}
	})
	return true
}

// loseTail keeps the newest batch of each partition from the log, though not from the bucket, until another one arrives.
type loseTail struct {
	honest
	*liar
	mu   sync.Mutex
	held map[*partition]*piece
}

func newLoseTail(l *liar) mischief { return &loseTail{liar: l, held: map[*partition]*piece{}} }

func (m *loseTail) gather(ctx context.Context, l *life, p *partition, group []*entry) ([]*entry, error) {
	m.mu.Lock()
	held := m.held[p]
	delete(m.held, p)
	m.mu.Unlock()
	if held == nil {
		return group, nil
	}
	held.hidden = false
	return group, l.append(ctx, p, held)
}

func (m *loseTail) pieces(p *partition, pieces []*piece) []*piece {
	if last := pieces[len(pieces)-1]; last.batch.eligible(2) {
		m.hits.Add(1)
		last.hidden = true
		m.mu.Lock()
		defer m.mu.Unlock()
		m.held[p] = last
	}
	return pieces
}
