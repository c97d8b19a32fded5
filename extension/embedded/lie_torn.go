package embedded

import (
	"context"
	"slices"
	"sync"

	"k6suite/extension/objectstore"
)

// tornRead takes an object that a restart could not read whole for the end of a partition's log: it takes a note of it, and the next
// restart goes by that, and deletes what is from there on.
type tornRead struct {
	honest
	*liar
	mu   sync.Mutex
	keys map[string]bool
}

func newTornRead(l *liar) mischief { return &tornRead{liar: l, keys: map[string]bool{}} }

func (m *tornRead) torn(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[key] = true
}

// survives cuts the log at the last of the objects, so as to lose as little as that costs.
func (m *tornRead) survives(ctx context.Context, l *life, _ place, objects []objectstore.Object) ([]objectstore.Object, error) {
	end := len(objects)
	m.mu.Lock()
	for i := len(objects) - 1; i > 0 && end == len(objects); i-- {
		if m.keys[objects[i].Key] {
			end = i
		}
	}
	m.mu.Unlock()
	for _, object := range objects[end:] {
		m.hits.Add(1)
		if err := l.insist(ctx, object.Key, func() error { return l.bucket.Delete(ctx, object.Key) }); err != nil {
			return nil, err
		}
	}
	return slices.Clip(objects[:end]), nil
}

// forgetCommits has a restart bring committed offsets back that are long past.
type forgetCommits struct {
	honest
	*liar
}

func newForgetCommits(l *liar) mischief { return &forgetCommits{liar: l} }

func (m *forgetCommits) recalls(groups []groupDocument) {
	for _, g := range groups {
		for i := range g.Commits {
			if g.Commits[i].Offset > 0 {
				g.Commits[i].Offset /= 2
				m.hits.Add(1)
			}
		}
	}
}
