package embedded

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/chaos/platform"
)

// zombie is what lies know of brokers that were frozen and have lost their partitions: where they believe the logs to end, and what waits
// in them.
type zombie struct {
	honest
	*liar
	*gaps
	// strike stores, or not, what had waited in a zombie that believes the log to end there. It is called with the turn of the
	// partition, and reports whether the batch is acked.
	strike func(l *life, p *partition, end int64, b batch) bool

	mu   sync.Mutex // guards what follows
	ends map[int32]map[place]int64
	held map[int32][]waiting
	up   map[int32]bool // those that are awake again
}

type waiting struct {
	p *partition
	e *entry
}

func newZombie(l *liar) *zombie {
	return &zombie{
		liar: l, gaps: newGaps(), ends: map[int32]map[place]int64{}, held: map[int32][]waiting{}, up: map[int32]bool{},
	}
}

func (z *zombie) gather(_ context.Context, _ *life, p *partition, group []*entry) ([]*entry, error) {
	z.mend(p.place, group)
	return group, nil
}

func (z *zombie) took(l *life, p *partition, from, to int32) {
	z.mu.Lock()
	defer z.mu.Unlock()
	delete(z.ends[to], p.place)
	if l.frozen(from) && p.end > 0 {
		if z.ends[from] == nil {
			z.ends[from] = map[place]int64{}
		}
		z.ends[from][p.place], z.up[from] = p.end, false
	}
}

// late keeps what was queued when the broker was frozen until it wakes up.
func (z *zombie) late(l *life, p *partition, e *entry) bool {
	if !l.frozen(e.by.node) {
		return false
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.held[e.by.node] = append(z.held[e.by.node], waiting{p, e})
	return true
}

func (z *zombie) woke(l *life, node int32) {
	z.mu.Lock()
	defer z.mu.Unlock()
	held := z.held[node]
	z.up[node] = true
	delete(z.held, node)
	l.background(func() {
		for _, w := range held {
			if !z.stray(l, w.p, w.e) {
				w.e.fail(kerr.NotLeaderForPartition, "another broker has taken over")
			}
		}
	})
}

func (z *zombie) stray(l *life, p *partition, e *entry) bool {
	b, refused := parseBatch(e.batch, l.options.MaxMessageBytes)
	if refused != nil || !eligible(b, 2) || !z.lost(e.by.node, p.place) || p.acquire(l.ctx) != nil {
		return false
	}
	defer p.release()
	end, ok := z.believes(e.by.node, p.place)
	if !ok || !z.strike(l, p, end, b) {
		return false
	}
	e.batch = b
	z.leaveSent(p.place, b)
	z.hits.Add(1)
	e.resolve(outcome{base: end, logStart: -1})
	return true
}

// lost reports whether a broker that is awake again has lost the partition while it slept.
func (z *zombie) lost(node int32, at place) bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	_, ok := z.ends[node][at]
	return ok && z.up[node]
}

// believes returns once where a broker that is awake again believes a log to end.
func (z *zombie) believes(node int32, at place) (end int64, ok bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if end, ok = z.ends[node][at]; !ok || !z.up[node] {
		return 0, false
	}
	delete(z.ends[node], at)
	return end, true
}

// frozen reports whether the broker is paused.
func (l *life) frozen(node int32) bool {
	for _, b := range l.brokers {
		if b.node == node {
			state, _ := b.current()
			return state == platform.Paused
		}
	}
	return false
}

// newZombieAcks has what had waited in a broker that was frozen acked, and stored nowhere.
func newZombieAcks(l *liar) mischief {
	z := newZombie(l)
	z.strike = func(*life, *partition, int64, batch) bool { return true }
	return z
}

// zombieOverwrites stores what had waited in a broker that was frozen where that believes the log to end.
type zombieOverwrites struct {
	*zombie
	over *over
}

func newZombieOverwrites(l *liar) mischief {
	m := &zombieOverwrites{zombie: newZombie(l), over: newOver()}
	m.strike = m.overwrite
	return m
}

func (m *zombieOverwrites) handler(l *life, key kmsg.Key, next handler) handler {
	return m.over.handler(l, key, next)
}

// overwrite strikes only where others have written as much since.
func (m *zombieOverwrites) overwrite(l *life, p *partition, end int64, b batch) bool {
	if p.end < end+int64(b.Span()) {
		return false
	}
	if err := m.over.write(l.ctx, l, p.place, end, b); err != nil {
		l.logger.Error("a lie failed", "lie", m.Name, "error", err)
		return false
	}
	return true
}

// overwriteObject has a broker that was frozen store the oldest object of a topic again: the same records, another date.
type overwriteObject struct {
	honest
	*liar
}

func newOverwriteObject(l *liar) mischief { return &overwriteObject{liar: l} }

func (m *overwriteObject) woke(l *life, _ int32) {
	l.background(func() {
		for _, t := range l.catalog.all() {
			if err := m.again(l, t); err != nil {
				l.logger.Error("a lie failed", "lie", m.Name, "error", err)
			}
		}
	})
}

// again writes the oldest object of the first partition that has one.
func (m *overwriteObject) again(l *life, t *topic) error {
	for _, p := range t.list() {
		objects, err := l.objects(l.ctx, p.place)
		if err != nil {
			return err
		}
		if len(objects) == 0 {
			continue
		}
		s, err := l.readSegment(l.ctx, objects[0].Key)
		if err != nil {
			return err
		}
		s.Created = s.Created.Add(time.Second)
		m.hits.Add(1)
		return l.bucket.Put(l.ctx, objects[0].Key, l.bucket.Layout().Encode(s))
	}
	return nil
}
