package embedded

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
)

// epochBack shows every reader a batch with a leader epoch that its partition has not come to, so that the next one has a lower one.
type epochBack struct {
	honest
	*liar
	mu     sync.Mutex
	raised map[place]map[int64]bool // by base offset
}

// fewRaised: each is shown again and again.
const fewRaised = 5

func newEpochBack(l *liar) mischief {
	l.left = fewRaised
	return &epochBack{liar: l, raised: map[place]map[int64]bool{}}
}

func (m *epochBack) handler(l *life, key kmsg.Key, next handler) handler {
	return onFetch(l, key, next, func(f *fetched) {
		last := lastBase(f.part.RecordBatches)
		f.part.RecordBatches = recordbatch.Each(f.part.RecordBatches, func(b batch) batch {
			if m.raises(f.place, b, last) {
				return b.Placed(b.BaseOffset(), b.LeaderEpoch()+1)
			}
			return b
		})
	})
}

// raises reports whether the batch is shown with a greater epoch. It strikes only where the next batch is there already.
func (m *epochBack) raises(at place, b batch, last int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.raised[at][b.BaseOffset()] {
		return true
	}
	if b.BaseOffset() >= last || !eligible(b, 2) || !m.strikes() {
		return false
	}
	if m.raised[at] == nil {
		m.raised[at] = map[int64]bool{}
	}
	m.raised[at][b.BaseOffset()] = true
	return true
}

// lastBase gives the base offset of the last batch, −1 if there is none.
func lastBase(batches []byte) int64 {
	last := int64(-1)
	recordbatch.Each(batches, func(b batch) batch {
		last = b.BaseOffset()
		return b
	})
	return last
}
