package embedded

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// lateOrder stores a batch without keys, of whose order another rule would tell, behind a place that it keeps free, acks it, and has a
// batch of another producer that is sent after that take this place. Nothing is acked before it is in the bucket, and whoever asks for the
// end is told one that covers it all.
type lateOrder struct {
	honest
	*liar
	mu     sync.Mutex
	active map[place]map[int64]sign // by producer
	kept   map[place]int64          // the end of what was acked, where a place is free before it
	second map[*entry]bool          // what is in the bucket already
	tried  int
}

// sign is the last that was seen of a producer.
type sign struct {
	at   time.Time
	span int32
}

const (
	stillActive  = 500 * time.Millisecond
	otherOthers  = 2                      // so many other producers must be active that one of them will take the place
	surelyLater  = 20 * time.Millisecond  // a batch that comes so long after the ack was sent after it
	placePatient = 400 * time.Millisecond // then any batch that fits may have the place
	fewPlaces    = 6
	placesTried  = 12 // in all: the traffic must not end while a place is free
)

func newLateOrder(l *liar) mischief {
	l.left = fewPlaces
	return &lateOrder{liar: l, active: map[place]map[int64]sign{}, kept: map[place]int64{}, second: map[*entry]bool{}}
}

func (m *lateOrder) arrive(_ *life, p *partition, e *entry) bool {
	if id := e.batch.ProducerID(); id >= 0 && eligible(e.batch, 2) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.active[p.place] == nil {
			m.active[p.place] = map[int64]sign{}
		}
		m.active[p.place][id] = sign{time.Now(), e.batch.Span()}
	}
	return false
}

// others counts the other producers that are active with batches of the same size.
func (m *lateOrder) others(p *partition, b batch) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, s := range m.active[p.place] {
		if id != b.ProducerID() && s.span == b.Span() && time.Since(s.at) < stillActive {
			n++
		}
	}
	return n
}

func (m *lateOrder) gather(ctx context.Context, l *life, p *partition, group []*entry) ([]*entry, error) {
	if len(group) != 1 || group[0].batch.ProducerID() < 0 || !eligible(group[0].batch, 2) || !l.sound(p, group[0].batch) ||
		len(keysOf(group[0].batch)) > 0 ||
		m.others(p, group[0].batch) < otherOthers || l.kfake.PartitionInfo(p.topic, p.partition).HighWatermark != p.end || !m.strikes() {
		return group, nil
	}
	first := group[0]
	behind := p.end + int64(first.batch.Span())
	info := l.kfake.PartitionInfo(p.topic, p.partition)
	if err := l.uploadAlone(ctx, p, []*piece{{batch: first.batch, base: behind, epoch: info.Epoch}}); err != nil {
		return group, err
	}
	again := &entry{batch: first.batch, by: first.by, implicit: first.implicit, done: make(chan struct{})}
	m.keep(p.place, again, behind+int64(first.batch.Span()))
	first.resolve(outcome{base: behind, logStart: -1})
	taker, later, err := m.await(ctx, l, p, first.batch, time.Now())
	if err != nil {
		return []*entry{again}, err
	}
	m.weigh(later)
	return []*entry{taker, again}, nil
}

// weigh counts a place that was taken, and lets one that was taken too early be tried again.
func (m *lateOrder) weigh(later bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tried++; !later && m.tried <= placesTried-fewPlaces {
		m.undo()
	}
}

func (m *lateOrder) keep(at place, again *entry, end int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept[at], m.second[again] = end, true
}

// await takes a batch from the queue that fits, and leaves the others there. It says whether it was surely sent later.
func (m *lateOrder) await(
	ctx context.Context, l *life, p *partition, b batch, acked time.Time,
) (taker *entry, later bool, err error) {
	var early []*entry
	for {
		fresh := p.take()
		all := append(slices.Clone(early), fresh...)
		from := len(early)
		if waited := time.Since(acked); waited < surelyLater {
			from = len(all)
		} else if waited > placePatient {
			from = 0
		}
		for i := from; i < len(all); i++ {
			if e := all[i]; e.batch.ProducerID() >= 0 && e.batch.ProducerID() != b.ProducerID() && e.batch.Span() == b.Span() &&
				eligible(e.batch, 2) && l.sound(p, e.batch) && !slices.ContainsFunc(all[:i], sameProducer(e)) {
				p.putBack(slices.Delete(all, i, i+1))
				return e, i >= len(early), nil
			}
		}
		early = all
		if !sleep(ctx, time.Millisecond) {
			p.putBack(early)
			return nil, false, ctx.Err()
		}
	}
}

func sameProducer(as *entry) func(*entry) bool {
	return func(e *entry) bool { return e.batch.ProducerID() == as.batch.ProducerID() }
}

// defers leaves out of the upload what is there already.
func (m *lateOrder) defers(l *life, p *partition, pieces []*piece, _ uploading) bool {
	last := pieces[len(pieces)-1]
	m.mu.Lock()
	second := m.second[last.entry]
	delete(m.second, last.entry)
	m.mu.Unlock()
	if !second || len(pieces) == 1 {
		return false
	}
	return l.uploadAlone(l.ctx, p, pieces[:len(pieces)-1]) == nil
}

func (m *lateOrder) handler(l *life, key kmsg.Key, next handler) handler {
	switch key {
	case kmsg.Fetch:
		return onFetch(l, key, next, func(f *fetched) { f.part.HighWatermark = m.end(f.place, f.part.HighWatermark) })
	case kmsg.ListOffsets:
		return func(ctx context.Context, x *exchange) error { return x.listed(ctx, next, m.end) }
	default:
		return next
	}
}

// end is the one that covers all that was acked.
func (m *lateOrder) end(at place, end int64) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return max(end, m.kept[at])
}
