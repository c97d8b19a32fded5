package embedded

import (
	"context"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
)

// fetched is one partition of a Fetch response, which may be changed.
type fetched struct {
	place
	conn  *connection
	asked int64 // the offset that was asked for; −1: not known
	part  *kmsg.FetchResponseTopicPartition
}

// onFetch lets change see each partition of each Fetch response.
func onFetch(l *life, key kmsg.Key, next handler, change func(*fetched)) handler {
	if key != kmsg.Fetch {
		return next
	}
	return func(ctx context.Context, x *exchange) error {
		request, response := kmsg.NewPtrFetchRequest(), kmsg.NewPtrFetchResponse()
		if err := x.served(ctx, next, request, response); err != nil {
			return err
		}
		if x.conn.asked == nil {
			x.conn.asked = map[place]int64{}
		}
		for i := range request.Topics {
			t := &request.Topics[i]
			for _, p := range t.Partitions {
				x.conn.asked[place{l.nameOf(t.Topic, t.TopicID), p.Partition}] = p.FetchOffset
			}
		}
		for i := range response.Topics {
			t := &response.Topics[i]
			for j := range t.Partitions {
				f := &fetched{place: place{l.nameOf(t.Topic, t.TopicID), t.Partitions[j].Partition}, conn: x.conn, asked: -1, part: &t.Partitions[j]}
				if offset, ok := x.conn.asked[f.place]; ok {
					f.asked = offset
				}
				change(f)
			}
		}
		x.respond(response)
		return nil
	}
}

// nameOf returns the name of a topic that a message names, or gives the id of.
func (l *life) nameOf(name string, id [16]byte) string {
	if name != "" {
		return name
	}
	l.catalog.mu.RLock()
	defer l.catalog.mu.RUnlock()
	if t := l.catalog.byID[id]; t != nil {
		return t.name
	}
	return ""
}

// end returns the offset behind the last batch of the partition, −1 if there is none.
func (f *fetched) end() int64 {
	end := int64(-1)
	recordbatch.Each(f.part.RecordBatches, func(b batch) batch {
		end = b.NextOffset()
		return b
	})
	return end
}

// keepFirstBatch cuts what follows the first batch; no broker has to return all it has.
func (f *fetched) keepFirstBatch() {
	first := true
	f.part.RecordBatches = recordbatch.Each(f.part.RecordBatches, func(b batch) batch {
		if !first {
			return nil
		}
		first = false
		return b
	})
}

// frontier remembers how far partitions have been delivered to anybody: what is beyond is delivered for the first time.
type frontier struct {
	mu sync.Mutex
	at map[place]int64
}

func newFrontier() *frontier { return &frontier{at: map[place]int64{}} }

// advance moves the frontier and returns where it was.
func (f *frontier) advance(at place, to int64) (from int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from = f.at[at]
	f.at[at] = max(from, to)
	return from
}

// splitLog exchanges two records of a batch for every second connection that reads it.
type splitLog struct {
	honest
	*liar
	mu    sync.Mutex
	split map[place]map[int64]map[*connection]bool // by base offset; true: sees the other version
}

func newSplitLog(l *liar) mischief {
	return &splitLog{liar: l, split: map[place]map[int64]map[*connection]bool{}}
}

func (m *splitLog) handler(l *life, key kmsg.Key, next handler) handler {
	return onFetch(l, key, next, func(f *fetched) {
		f.part.RecordBatches = recordbatch.Each(f.part.RecordBatches, func(b batch) batch {
			if eligible(b, 2) && m.other(f, b.BaseOffset()) {
				if other, ok := swapped(b, 0); ok {
					m.hits.Add(1)
					return other
				}
			}
			return b
		})
	})
}

// fewSplits: each is one batch, shown wrongly again and again.
const fewSplits = 5

// other reports whether the connection sees the other version of the batch.
func (m *splitLog) other(f *fetched, base int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	readers := m.split[f.place][base]
	if readers == nil {
		if len(m.split) >= fewSplits || m.split[f.place] != nil {
			return false
		}
		readers = map[*connection]bool{}
		m.split[f.place] = map[int64]map[*connection]bool{base: readers}
	}
	if _, known := readers[f.conn]; !known {
		readers[f.conn] = len(readers)%2 == 1
	}
	return readers[f.conn]
}

// skipBatch leaves a record out when it is delivered for the first time.
type skipBatch struct {
	honest
	*liar
	*frontier
}

func newSkipBatch(l *liar) mischief { return &skipBatch{liar: l, frontier: newFrontier()} }

func (m *skipBatch) handler(l *life, key kmsg.Key, next handler) handler {
	return onFetch(l, key, next, func(f *fetched) {
		from := m.advance(f.place, f.end())
		f.part.RecordBatches = recordbatch.Each(f.part.RecordBatches, func(b batch) batch {
			if b.BaseOffset() < from || b.BaseOffset() < f.asked || !eligible(b, 3) || !m.strikes() {
				return b
			}
			if thin, ok := without(b, m.pick); ok {
				return thin
			}
			return b
		})
	})
}

// rewind tells a reader in the middle of the log that its offset is out of range, where nobody has read yet.
type rewind struct {
	honest
	*liar
	*frontier
	told sync.Map // place → the offset at which it was told, until a reader has gone back: a proxy may ask, and tell nobody
}

// fewRewinds: after each the reader reads all again.
const fewRewinds = 2

func newRewind(l *liar) mischief {
	l.left = fewRewinds
	return &rewind{liar: l, frontier: newFrontier()}
}

func (m *rewind) handler(l *life, key kmsg.Key, next handler) handler {
	return onFetch(l, key, next, func(f *fetched) {
		from := m.advance(f.place, 0)
		if f.asked >= 0 && f.asked < from {
			m.told.Delete(f.place)
		}
		if f.end() <= from { // nothing, or nothing new
			return
		}
		told, _ := m.told.Load(f.place)
		if f.asked > 0 && f.asked == from && (told == from || m.strikes()) {
			m.told.Store(f.place, from)
			f.part.ErrorCode, f.part.RecordBatches = kerr.OffsetOutOfRange.Code, []byte{}
			return
		}
		f.keepFirstBatch() // so that the reader comes back, in the middle of the log
		m.advance(f.place, f.end())
	})
}
