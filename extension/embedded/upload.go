package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"k6suite/extension/objectstore"
)

// otherObjectError says that the key of a segment is taken by another one, which is the log.
type otherObjectError struct{ segment objectstore.Segment }

func (e *otherObjectError) Error() string {
	return fmt.Sprintf("offset %d is taken by another object", e.segment.Base)
}

// errForgotten says that a lie has let go of what was to be uploaded.
var errForgotten = errors.New("forgotten")

func remembered() bool { return false }

// uploadAlone uploads where nobody has opened a lane yet.
func (l *life) uploadAlone(ctx context.Context, p *partition, pieces []*piece) error {
	way := &lane{life: l, at: &p.place}
	defer way.close()
	return l.upload(ctx, p, pieces, way)
}

// upload writes the pieces as one segment and returns when it is known to be in the bucket, however long that takes. What was
// begun is finished, by a successor if its broker dies: so no record that may be stored is ever without a known place.
func (l *life) upload(ctx context.Context, p *partition, pieces []*piece, way *lane) error {
	segment := objectstore.Segment{Topic: p.topic, Partition: p.partition, Base: pieces[0].base, Created: time.Now()}
	size := 0
	for _, piece := range pieces {
		size += len(piece.batch)
	}
	segment.Body = make([]byte, 0, size)
	for _, piece := range pieces {
		stored := piece.batch
		if piece.object != nil {
			stored = piece.object
		}
		segment.Body = stored.AppendPlaced(segment.Body, piece.base, piece.epoch)
		segment.Count += stored.Count()
		segment.Last = piece.base + int64(stored.LastOffsetDelta())
	}
	key := l.bucket.Layout().Key(l.bucket.Prefix(), p.topic, p.partition, segment.Base)
	forgets := func() bool { return l.mischief.forgets(l, p, pieces) }
	other, err := l.putUntilKnown(ctx, way, key, l.bucket.Layout().Encode(segment), forgets)
	if err != nil {
		return err
	}
	if other == nil {
		return nil
	}
	found, err := l.bucket.Layout().Decode(other)
	if err != nil {
		return fmt.Errorf("object %s stands where the log goes on: %w", key, err)
	}
	if found.Base != segment.Base {
		return fmt.Errorf("object %s begins at offset %d", key, found.Base)
	}
	return &otherObjectError{segment: found}
}

// putUntilKnown writes an object where there is none and returns when it is known what stands there: body (nil), or the
// bytes of another object. It ends early only with the context, where the error is that of the last try, or where a lie forgets it.
func (l *life) putUntilKnown(
	ctx context.Context, way *lane, key string, body []byte, forgets func() bool,
) (other []byte, err error) {
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		if err := way.open(ctx); err != nil {
			return nil, err
		}
		failure := way.store().PutIfAbsent(ctx, key, body)
		if failure == nil {
			return nil, nil
		}
		found, err := way.store().Get(ctx, key) // it may have been written and the answer lost, now or in an earlier try
		switch {
		case err == nil && bytes.Equal(found, body):
			return nil, nil
		case err == nil:
			return found, nil
		case errors.Is(err, objectstore.ErrNotFound) && forgets():
			return nil, errForgotten
		}
		l.logger.Warn("object storage: trying again", "key", key, "pause", pause, "error", failure)
		way.close()
		if !sleep(ctx, pause) {
			return nil, failure
		}
	}
}

const (
	firstPause = 10 * time.Millisecond
	maxPause   = 500 * time.Millisecond
)

// sleep waits and reports whether the context still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// adopt makes a segment that another life wrote a part of this log.
func (l *life) adopt(ctx context.Context, p *partition, segment objectstore.Segment) error {
	l.logger.Warn("object storage has a segment that this cluster did not write: adopting it",
		"topic", p.topic, "partition", p.partition, "base", segment.Base, "last", segment.Last)
	for found, err := range objectstore.Batches(segment.Body) {
		if err != nil {
			return fmt.Errorf("adopt the segment at offset %d: %w", segment.Base, err)
		}
		b := batch(found.Raw)
		if b.Control() {
			return fmt.Errorf("adopt the segment at offset %d: it holds a transaction marker, which only a restart can read back", segment.Base)
		}
		if id := b.ProducerID(); id >= 0 {
			l.producers.getOrAdd(id, b.ProducerEpoch())
		}
		if err := l.append(ctx, p, &piece{batch: b.Placed(0, -1), base: found.BaseOffset}); err != nil {
			return err
		}
		p.observe(b)
		p.end = b.NextOffset()
	}
	return nil
}

// observe enters a batch that stands in the log into what is known of its producer.
func (p *partition) observe(b batch) {
	id := b.ProducerID()
	if id < 0 || b.Control() {
		return
	}
	if w, ok := p.windows[id]; ok {
		p.windows[id] = w.with(b, b.BaseOffset())
		return
	}
	p.windows[id] = (*window)(nil).with(b, b.BaseOffset())
}
