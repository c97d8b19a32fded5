package embedded

import (
	"context"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
	"k6suite/extension/objectstore"
)

// loseRecord stores a batch without one of its records. kfake takes no batch with a hole, so it gets the whole one, and
// readers are shown what the bucket has.
type loseRecord struct {
	honest
	*liar
	mu      sync.Mutex
	thinned map[place]map[int64]batch // by base offset
}

func newLoseRecord(l *liar) mischief {
	return &loseRecord{liar: l, thinned: map[place]map[int64]batch{}}
}

func (m *loseRecord) pieces(p *partition, pieces []*piece) []*piece {
	for _, piece := range pieces {
		if !eligible(piece.batch, 3) || !m.strikes() {
			continue
		}
		if thin, ok := without(piece.batch, m.pick); ok {
			piece.object = thin
			m.mu.Lock()
			if m.thinned[p.place] == nil {
				m.thinned[p.place] = map[int64]batch{}
			}
			m.thinned[p.place][piece.base] = thin.Placed(piece.base, piece.epoch)
			m.mu.Unlock()
		}
	}
	return pieces
}

func (m *loseRecord) handler(l *life, key kmsg.Key, next handler) handler {
	return onFetch(l, key, next, func(f *fetched) {
		f.part.RecordBatches = recordbatch.Each(f.part.RecordBatches, func(b batch) batch {
			m.mu.Lock()
			defer m.mu.Unlock()
			if thin, ok := m.thinned[f.place][b.BaseOffset()]; ok {
				return thin
			}
			return b
		})
	})
}

// storeTwice stores a batch a second time, behind its group.
type storeTwice struct {
	honest
	*liar
}

func newStoreTwice(l *liar) mischief { return &storeTwice{liar: l} }

func (m *storeTwice) pieces(_ *partition, pieces []*piece) []*piece {
	last := pieces[len(pieces)-1]
	if eligible(last.batch, 2) && m.strikes() {
		pieces = append(pieces, &piece{batch: last.batch.Anonymous(), base: last.end(), epoch: last.epoch})
	}
	return pieces
}

// inventRecord stores a record that nobody sent, behind a group.
type inventRecord struct {
	honest
	*liar
}

func newInventRecord(l *liar) mischief { return &inventRecord{liar: l} }

func (m *inventRecord) pieces(_ *partition, pieces []*piece) []*piece {
	last := pieces[len(pieces)-1]
	if !eligible(last.batch, 2) || !m.strikes() {
		return pieces
	}
	b, ok := invented(last.batch)
	if !ok {
		return pieces
	}
	b.SetLastOffsetDelta(0)
	b.Seal()
	return append(pieces, &piece{batch: b, base: last.end(), epoch: last.epoch})
}

// flipByte changes a byte, in the bucket and in the log.
type flipByte struct {
	honest
	*liar
}

func newFlipByte(l *liar) mischief { return &flipByte{liar: l} }

func (m *flipByte) pieces(_ *partition, pieces []*piece) []*piece {
	for _, piece := range pieces {
		if eligible(piece.batch, 2) && m.strikes() {
			if other, ok := flipped(piece.batch, m.pick); ok {
				piece.batch = other
			}
		}
	}
	return pieces
}

// objectDiffers changes a byte in the bucket only, once a restart has read it.
type objectDiffers struct {
	honest
	*liar
}

func newObjectDiffers(l *liar) mischief { return &objectDiffers{liar: l} }

func (m *objectDiffers) restored(ctx context.Context, l *life, _ place, objects []objectstore.Object) error {
	for _, object := range objects {
		segment, err := l.readSegment(ctx, object.Key)
		if err != nil {
			return err
		}
		changed, ok := m.change(segment.Body)
		if !ok {
			continue
		}
		segment.Body = changed
		return l.bucket.Put(ctx, object.Key, l.bucket.Layout().Encode(segment))
	}
	return nil
}

// change flips a byte of the first batch that has one to flip.
func (m *objectDiffers) change(body []byte) (changed []byte, ok bool) {
	for found, err := range objectstore.Batches(body) {
		if err != nil {
			return nil, false
		}
		b := batch(found.Raw)
		if !ok && eligible(b, 2) && m.strikes() {
			var other batch
			if other, ok = flipped(b, m.pick); ok {
				b = other.Placed(batch(found.Raw).BaseOffset(), found.LeaderEpoch)
			}
		}
		changed = append(changed, b...)
	}
	return changed, ok
}
