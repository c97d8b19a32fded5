package embedded

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// staleEndTakeover has a partition that was taken over go on some records before its end, once: what comes next is stored over the last
// records, which readers have had by then.
type staleEndTakeover struct {
	honest
	*liar
	*gaps
	over *over

	mu      sync.Mutex
	since   map[place]time.Time // when partitions were taken over; those whose turn to lie has passed have a zero one
	readers map[place]map[*connection]seenAt
}

// seenAt is how far a reader had come, and when.
type seenAt struct {
	offset int64
	at     time.Time
}

const (
	calmAfterTakeover = time.Second     // until then readers find their way
	readerForgotten   = 2 * time.Second // one that has not asked for so long reads no more
)

func newStaleEndTakeover(l *liar) mischief {
	return &staleEndTakeover{
		liar: l, gaps: newGaps(), over: newOver(), since: map[place]time.Time{}, readers: map[place]map[*connection]seenAt{},
	}
}

func (m *staleEndTakeover) took(l *life, p *partition, from, _ int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.since[p.place]; !known && p.end > 0 && takenOver(l, from) {
		m.since[p.place] = time.Now()
	}
}

// handler follows how far readers have come: who asks for an offset has had what is before it.
func (m *staleEndTakeover) handler(l *life, key kmsg.Key, next handler) handler {
	if key != kmsg.Fetch {
		return next
	}
	next = m.over.handler(l, key, next)
	return func(ctx context.Context, x *exchange) error {
		request := kmsg.NewPtrFetchRequest()
		if err := x.Decode(request); err != nil {
			return err
		}
		m.note(l, x.conn, request)
		return next(ctx, x)
	}
}

func (m *staleEndTakeover) note(l *life, c *connection, request *kmsg.FetchRequest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range request.Topics {
		t := &request.Topics[i]
		for _, p := range t.Partitions {
			at := place{l.nameOf(t.Topic, t.TopicID), p.Partition}
			if m.readers[at] == nil {
				m.readers[at] = map[*connection]seenAt{}
			}
			m.readers[at][c] = seenAt{p.FetchOffset, time.Now()}
		}
	}
}

// due reports whether the partition was taken over some time ago, and all its readers have had all of it.
func (m *staleEndTakeover) due(p *partition) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	since := m.since[p.place]
	if since.IsZero() || time.Since(since) < calmAfterTakeover {
		return false
	}
	readers := 0
	for _, seen := range m.readers[p.place] {
		if time.Since(seen.at) < readerForgotten {
			readers++
			if seen.offset < p.end {
				return false
			}
		}
	}
	if readers > 0 {
		m.since[p.place] = time.Time{}
	}
	return readers > 0
}

func (m *staleEndTakeover) gather(ctx context.Context, l *life, p *partition, group []*entry) ([]*entry, error) {
	m.mend(p.place, group)
	if len(group) != 1 || !eligible(group[0].batch, 2) || p.end < int64(group[0].batch.Span()) || !l.sound(p, group[0].batch) {
		return group, nil
	}
	if !m.due(p) || !m.strikes() {
		return group, nil
	}
	e := group[0]
	end := p.end - int64(e.batch.Span())
	if err := m.over.write(ctx, l, p.place, end, e.batch); err != nil {
		return group, err
	}
	m.leaveOut(p.place, e.batch)
	e.resolve(outcome{base: end, logStart: -1})
	return nil, nil
}
