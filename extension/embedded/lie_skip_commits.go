package embedded

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// skipCommits tells a member that asks for the committed offset of a partition one that is some records ahead: nobody of the group reads
// these. Where there are none yet it waits for them.
type skipCommits struct {
	honest
	*liar
	mu    sync.Mutex
	ahead map[committedAt]int64 // by how much; what was told once stays so
}

// committedAt is a committed offset of a group.
type committedAt struct {
	group string
	place
	offset int64
}

const (
	fewSkips     = 3
	skippedAhead = 3
	skipFrom     = 10              // who has committed less does not go on
	skipPatience = 5 * time.Second // of one request
)

func newSkipCommits(l *liar) mischief {
	l.left = fewSkips
	return &skipCommits{liar: l, ahead: map[committedAt]int64{}}
}

func (m *skipCommits) handler(l *life, key kmsg.Key, next handler) handler {
	if key != kmsg.OffsetFetch {
		return next
	}
	return func(ctx context.Context, x *exchange) error {
		request, response := kmsg.NewPtrOffsetFetchRequest(), kmsg.NewPtrOffsetFetchResponse()
		if err := x.served(ctx, next, request, response); err != nil {
			return err
		}
		eachAsked(l, request, response, func(group string, at place, p *kmsg.OffsetFetchResponseGroupTopicPartition) {
			if p.Offset >= skipFrom {
				p.Offset += m.skip(ctx, l, committedAt{group, at, p.Offset})
			}
		})
		x.respond(response)
		return nil
	}
}

// retry has the next opportunity taken.
func (m *skipCommits) retry() {
	m.liar.mu.Lock()
	defer m.liar.mu.Unlock()
	m.liar.skip = 0
}

// skip decides by how much the answer is ahead.
func (m *skipCommits) skip(ctx context.Context, l *life, at committedAt) int64 {
	m.mu.Lock()
	ahead, told := m.ahead[at]
	m.mu.Unlock()
	if told {
		return ahead
	}
	if !m.strikes() {
		return 0
	}
	deadline := time.Now().Add(skipPatience)
	for {
		if info := l.kfake.PartitionInfo(at.topic, at.partition); info != nil && info.HighWatermark >= at.offset+skippedAhead {
			break
		}
		if time.Now().After(deadline) || !sleep(ctx, 10*time.Millisecond) {
			m.undo()
			m.retry()
			return 0
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ahead[at] = skippedAhead
	return skippedAhead
}
