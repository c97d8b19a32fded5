package embedded

import (
	"context"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// resetLie answers who has just heard that its group has committed nothing in a partition, and asks where to begin there.
type resetLie struct {
	honest
	*liar
	timestamp int64 // of the question that is answered wrong: −1 for latest, −2 for earliest
	change    func(l *life, at place, offset int64) int64
	mu        sync.Mutex
	waiting   map[place]map[string]bool // groups that have just heard it
}

const (
	latestOffset, earliestOffset = -1, -2

	resetBy   = 5
	resetFrom = 10 // a shorter log is answered right
)

// newOldLatest sends who asks for the end some records back.
func newOldLatest(l *liar) mischief {
	return newResetLie(l, latestOffset, func(_ *life, _ place, end int64) int64 { return end - resetBy })
}

// newLateEarliest sends who asks for the beginning some records too far.
func newLateEarliest(l *liar) mischief {
	return newResetLie(l, earliestOffset, func(_ *life, _ place, start int64) int64 { return start + resetBy })
}

func newResetLie(l *liar, timestamp int64, change func(*life, place, int64) int64) mischief {
	return &resetLie{liar: l, timestamp: timestamp, change: change, waiting: map[place]map[string]bool{}}
}

func (m *resetLie) handler(l *life, key kmsg.Key, next handler) handler {
	switch key {
	case kmsg.OffsetFetch:
		return m.offsetFetch(l, next)
	case kmsg.LeaveGroup:
		return m.leaveGroup(next)
	case kmsg.ListOffsets:
		return m.listOffsets(l, next)
	default:
		return next
	}
}

func (m *resetLie) offsetFetch(l *life, next handler) handler {
	return func(ctx context.Context, x *exchange) error {
		request, response := kmsg.NewPtrOffsetFetchRequest(), kmsg.NewPtrOffsetFetchResponse()
		if err := x.served(ctx, next, request, response); err != nil {
			return err
		}
		eachAsked(l, request, response, func(group string, at place, p *kmsg.OffsetFetchResponseGroupTopicPartition) {
			if p.Offset >= 0 {
				return
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.waiting[at] == nil {
				m.waiting[at] = map[string]bool{}
			}
			m.waiting[at][group] = true
		})
		return nil
	}
}

// leaveGroup: who leaves asks no more.
func (m *resetLie) leaveGroup(next handler) handler {
	return func(ctx context.Context, x *exchange) error {
		request := kmsg.NewPtrLeaveGroupRequest()
		if err := x.Decode(request); err != nil {
			return err
		}
		m.mu.Lock()
		for _, groups := range m.waiting {
			delete(groups, request.Group)
		}
		m.mu.Unlock()
		return next(ctx, x)
	}
}

func (m *resetLie) listOffsets(l *life, next handler) handler {
	return func(ctx context.Context, x *exchange) error {
		return x.listedAt(ctx, next, func(at place, timestamp, offset int64) int64 {
			info := l.kfake.PartitionInfo(at.topic, at.partition)
			if !m.waited(at) || timestamp != m.timestamp || info == nil || info.HighWatermark < resetFrom {
				return offset
			}
			m.hits.Add(1)
			return m.change(l, at, offset)
		})
	}
}

// waited says whether a group has waited for this answer.
func (m *resetLie) waited(at place) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := len(m.waiting[at]) > 0
	delete(m.waiting, at)
	return was
}

// inventCommit tells members of a group that has committed nothing that it has: the offset 0.
type inventCommit struct {
	honest
	*liar
}

func newInventCommit(l *liar) mischief { return &inventCommit{liar: l} }

func (m *inventCommit) handler(l *life, key kmsg.Key, next handler) handler {
	if key != kmsg.OffsetFetch {
		return next
	}
	return func(ctx context.Context, x *exchange) error {
		request, response := kmsg.NewPtrOffsetFetchRequest(), kmsg.NewPtrOffsetFetchResponse()
		if err := x.served(ctx, next, request, response); err != nil {
			return err
		}
		eachAsked(l, request, response, func(_ string, _ place, p *kmsg.OffsetFetchResponseGroupTopicPartition) {
			if p.Offset < 0 {
				p.Offset, p.LeaderEpoch = 0, -1
				m.hits.Add(1)
			}
		})
		x.respond(response)
		return nil
	}
}

// eachAsked visits the committed offsets that a member is told of. Who asks for those of all partitions is none that is about to read.
func eachAsked(l *life, request *kmsg.OffsetFetchRequest, response *kmsg.OffsetFetchResponse,
	visit func(group string, at place, p *kmsg.OffsetFetchResponseGroupTopicPartition),
) {
	for i := range response.Groups {
		g := &response.Groups[i]
		if asked := askedGroup(request, g.Group); asked == nil || len(asked.Topics) == 0 {
			continue
		}
		for j := range g.Topics {
			t := &g.Topics[j]
			for k := range t.Partitions {
				if p := &t.Partitions[k]; p.ErrorCode == 0 {
					visit(g.Group, place{l.nameOf(t.Topic, t.TopicID), p.Partition}, p)
				}
			}
		}
	}
}
