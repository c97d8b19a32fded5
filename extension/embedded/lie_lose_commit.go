package embedded

import (
	"context"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// loseCommit keeps the first offset that a group commits in a partition. Later ones are answered, and not kept.
type loseCommit struct {
	honest
	*liar
	mu   sync.Mutex
	kept map[groupPlace]bool
}

// groupPlace is a partition of a group.
type groupPlace struct {
	group string
	place
}

func newLoseCommit(l *liar) mischief { return &loseCommit{liar: l, kept: map[groupPlace]bool{}} }

func (m *loseCommit) handler(l *life, key kmsg.Key, next handler) handler {
	if key != kmsg.OffsetCommit {
		return next
	}
	return func(ctx context.Context, x *exchange) error {
		request, response := kmsg.NewPtrOffsetCommitRequest(), kmsg.NewPtrOffsetCommitResponse()
		if err := x.Decode(request); err != nil {
			return err
		}
		kept, lost := m.split(l, request)
		if len(lost) == 0 {
			return next(ctx, x)
		}
		x.rewrite(&kmsg.OffsetCommitRequest{
			Version: request.Version, Group: request.Group, Generation: request.Generation, MemberID: request.MemberID,
			InstanceID: request.InstanceID, RetentionTimeMillis: request.RetentionTimeMillis, Topics: kept,
		})
		if err := next(ctx, x); err != nil {
			return err
		}
		if err := x.decodeResponse(response); err != nil {
			return err
		}
		response.Topics = append(response.Topics, committedWell(lost)...)
		m.hits.Add(1)
		x.respond(response)
		return nil
	}
}

// split parts a request into what is committed for the first time, and what is not.
func (m *loseCommit) split(l *life, request *kmsg.OffsetCommitRequest) (kept, lost []kmsg.OffsetCommitRequestTopic) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range request.Topics {
		first, later := t, t
		first.Partitions = slices.DeleteFunc(slices.Clone(t.Partitions), func(p kmsg.OffsetCommitRequestTopicPartition) bool {
			return m.kept[groupPlace{request.Group, place{l.nameOf(t.Topic, t.TopicID), p.Partition}}]
		})
		later.Partitions = nil
		for _, p := range t.Partitions {
			at := groupPlace{request.Group, place{l.nameOf(t.Topic, t.TopicID), p.Partition}}
			if m.kept[at] {
				later.Partitions = append(later.Partitions, p)
			}
			m.kept[at] = true
		}
		if len(first.Partitions) > 0 {
			kept = append(kept, first)
		}
		if len(later.Partitions) > 0 {
			lost = append(lost, later)
		}
	}
	return kept, lost
}

// committedWell answers that all was committed.
func committedWell(topics []kmsg.OffsetCommitRequestTopic) (out []kmsg.OffsetCommitResponseTopic) {
	for _, t := range topics {
		answer := kmsg.NewOffsetCommitResponseTopic()
		answer.Topic, answer.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			one := kmsg.NewOffsetCommitResponseTopicPartition()
			one.Partition = p.Partition
			answer.Partitions = append(answer.Partitions, one)
		}
		out = append(out, answer)
	}
	return out
}
