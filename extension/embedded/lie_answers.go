package embedded

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// staleEnd lets all end offsets lag behind.
type staleEnd struct {
	honest
	*liar
}

func newStaleEnd(l *liar) mischief { return &staleEnd{liar: l} }

const (
	staleBy   = 3
	staleFrom = 10 // a shorter log is answered right
)

func (m *staleEnd) lag(end int64) int64 {
	if end < staleFrom {
		return end
	}
	m.hits.Add(1)
	return end - staleBy
}

func (m *staleEnd) handler(l *life, key kmsg.Key, next handler) handler {
	switch key {
	case kmsg.Fetch:
		return onFetch(l, key, next, func(f *fetched) {
			f.part.HighWatermark, f.part.LastStableOffset = m.lag(f.part.HighWatermark), m.lag(f.part.LastStableOffset)
		})
	case kmsg.ListOffsets:
		return m.listOffsets(next)
	default:
		return next
	}
}

func (m *staleEnd) listOffsets(next handler) handler {
	return func(ctx context.Context, x *exchange) error {
		return x.listed(ctx, next, func(_ place, end int64) int64 { return m.lag(end) })
	}
}

// listed has a ListOffsets request served, and changes the latest offsets in the answer.
func (x *exchange) listed(ctx context.Context, by handler, change func(at place, end int64) int64) error {
	return x.listedAt(ctx, by, func(at place, timestamp, offset int64) int64 {
		if timestamp == latestOffset {
			return change(at, offset)
		}
		return offset
	})
}

// listedAt has a ListOffsets request served, and changes the offsets in the answer; timestamps are those of the question.
func (x *exchange) listedAt(ctx context.Context, by handler, change func(at place, timestamp, offset int64) int64) error {
	request, response := kmsg.NewPtrListOffsetsRequest(), kmsg.NewPtrListOffsetsResponse()
	if err := x.served(ctx, by, request, response); err != nil {
		return err
	}
	asked := map[place]int64{}
	for _, t := range request.Topics {
		for _, p := range t.Partitions {
			asked[place{t.Topic, p.Partition}] = p.Timestamp
		}
	}
	for i := range response.Topics {
		t := &response.Topics[i]
		for j := range t.Partitions {
			at := place{t.Topic, t.Partitions[j].Partition}
			if p := &t.Partitions[j]; p.ErrorCode == 0 {
				p.Offset = change(at, asked[at], p.Offset)
			}
		}
	}
	x.respond(response)
	return nil
}

// hidePartition shows a topic without its last partition, from when a reader has got a record of that partition until the first
// real batch arrives. The producer of that batch has learned its metadata in between, and sends keys where they do not belong.
type hidePartition struct {
	honest
	*liar
	mu     sync.Mutex
	topics map[string]*hiding
}

type hiding struct {
	seen    bool                 // a reader has got a record of the last partition
	until   time.Time            // zero: has not begun
	over    time.Time            // when a batch came; zero: not yet
	updated map[*connection]bool // readers that were sent to look again
}

func newHidePartition(l *liar) mischief { return &hidePartition{liar: l, topics: map[string]*hiding{}} }

// longestHiding ends the lie where no batch comes: longer than a consumer group needs to form, before anybody sends.
const longestHiding = 20 * time.Second

func (m *hidePartition) pieces(p *partition, pieces []*piece) []*piece {
	for _, piece := range pieces {
		if piece.batch.Count() >= 2 {
			m.mu.Lock()
			if h := m.topics[p.topic]; h != nil && !h.until.IsZero() && h.over.IsZero() {
				h.over = time.Now()
			}
			m.mu.Unlock()
		}
	}
	return pieces
}

// hides reports whether the topic is to be shown without its last partition.
func (m *hidePartition) hides(topic string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.topics[topic]
	if h == nil || !h.seen {
		return false
	}
	if h.until.IsZero() {
		h.until = time.Now().Add(longestHiding)
	}
	if h.over.IsZero() && time.Now().After(h.until) {
		h.over = h.until
	}
	return h.over.IsZero()
}

func (m *hidePartition) handler(l *life, key kmsg.Key, next handler) handler {
	switch key {
	case kmsg.Fetch:
		return onFetch(l, key, next, func(f *fetched) {
			m.note(l, f)
			m.sendToMetadata(f)
		})
	case kmsg.Metadata:
		return m.metadata(next)
	default:
		return next
	}
}

func (m *hidePartition) metadata(next handler) handler {
	return func(ctx context.Context, x *exchange) error {
		response := kmsg.NewPtrMetadataResponse()
		if err := next(ctx, x); err != nil {
			return err
		}
		if err := x.decodeResponse(response); err != nil {
			return err
		}
		for i := range response.Topics {
			t := &response.Topics[i]
			if t.Topic == nil || len(t.Partitions) < 2 || !m.hides(*t.Topic) {
				continue
			}
			m.hits.Add(1)
			shown := t.Partitions[:0]
			last := int32(len(t.Partitions) - 1)
			for _, p := range t.Partitions {
				if p.Partition != last {
					shown = append(shown, p)
				}
			}
			t.Partitions = shown
		}
		x.respond(response)
		return nil
	}
}

// note sees that a reader gets a record of the last of several partitions.
func (m *hidePartition) note(l *life, f *fetched) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h := m.topics[f.topic]; len(f.part.RecordBatches) == 0 || h != nil && h.seen {
		return
	}
	if n := len(l.kfake.PartitionInfos(f.topic)); n >= 2 && int(f.partition) == n-1 {
		m.topics[f.topic] = &hiding{seen: true, updated: map[*connection]bool{}}
	}
}

// sendToMetadata makes each reader that was there during the lie ask for metadata again, so that no reader misses a partition.
func (m *hidePartition) sendToMetadata(f *fetched) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.topics[f.topic]
	if h == nil || h.over.IsZero() || f.conn.opened.After(h.over) || h.updated[f.conn] || f.part.ErrorCode != 0 {
		return
	}
	h.updated[f.conn] = true
	f.part.ErrorCode, f.part.RecordBatches = kerr.NotLeaderForPartition.Code, []byte{}
}
