package embedded

import (
	"context"
	"sync"
	"time"

	"k6suite/extension/objectstore"
)

// ackBeforeDurable uploads a moment after the ack. In the end all objects are there.
type ackBeforeDurable struct {
	honest
	*liar

	mu   sync.Mutex
	last map[livingPlace]chan struct{} // closed when the last upload put off is over
}

// livingPlace is a partition in one life of the brokers: what a life that ended has left undone is nobody's to wait for.
type livingPlace struct {
	*life
	place
}

func newAckBeforeDurable(l *liar) mischief {
	return &ackBeforeDurable{liar: l, last: map[livingPlace]chan struct{}{}}
}

const (
	tooLate      = 150 * time.Millisecond
	tooLateLimit = 5 * time.Second
)

func (m *ackBeforeDurable) defers(l *life, p *partition, _ []*piece, upload uploading) bool {
	m.hits.Add(1)
	before, over := m.queue(livingPlace{l, p.place})
	l.background(func() {
		defer close(over)
		sleep(l.ctx, tooLate)
		if before != nil {
			<-before // a process killed between the two leaves a log that ends early, and none with a hole
		}
		// Not l.ctx: what was acked gets there even if the brokers are killed meanwhile. This lie loses nothing.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), tooLateLimit)
		defer cancel()
		if err := upload(ctx); err != nil {
			l.logger.Error("a lie lost data", "lie", m.Name, "error", err)
		}
	})
	return true
}

// queue is behind the upload of the partition that was put off before, nil if there was none.
func (m *ackBeforeDurable) queue(at livingPlace) (before, over chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, over = m.last[at], make(chan struct{})
	m.last[at] = over
	return before, over
}

// loseTail is a recovery that gives up the newest object of a partition, and cleans it away: acked records behind the end that
// the log has then.
type loseTail struct {
	honest
	*liar
}

func newLoseTail(l *liar) mischief { return &loseTail{liar: l} }

func (m *loseTail) survives(ctx context.Context, l *life, _ place, objects []objectstore.Object) ([]objectstore.Object, error) {
	if len(objects) < 2 || !m.strikes() {
		return objects, nil
	}
	newest := len(objects) - 1
	return objects[:newest], l.bucket.Delete(ctx, objects[newest].Key)
}
