package embedded

import (
	"context"
	"time"

	"k6suite/extension/objectstore"
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

func (m *ackBeforeDurable) defers(l *life, _ *partition, _ []*piece, upload uploading) bool {
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
