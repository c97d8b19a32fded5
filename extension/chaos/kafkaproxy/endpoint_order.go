package kafkaproxy

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// embark finds the leaders that batches go to, and claims the way there. While an earlier batch of a partition is under way to another
// broker, it waits; requests behind this one wait with it, whose answers would have to wait anyway.
func (r *endpointRouter) embark(ctx context.Context, q *kmsg.ProduceRequest, all []position) (map[position]target, error) {
	for {
		found := r.targets(ctx, all)
		to := func(at position) *backend { return found[at].backend }
		wait := r.batches.enter(all, to, func(at position, c *course) bool { return r.follows(q, found, at, c) })
		if wait == nil {
			return found, nil
		}
		if err := r.hold(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// hold waits until something has left its course.
func (r *endpointRouter) hold(ctx context.Context, wait <-chan struct{}) error {
	select {
	case <-wait:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

// follows reports whether the batch of a partition goes to its leader. One that does not, for want of a leader or because an earlier
// one is missing there, is refused: it certainly was not sent.
func (r *endpointRouter) follows(q *kmsg.ProduceRequest, found map[position]target, at position, c *course) bool {
	to := found[at]
	if to.backend != nil && c.missing == nil {
		return true
	}
	n, numbered := numberOf(recordsOf(q, at))
	now := time.Now()
	switch {
	case to.backend == nil && numbered:
		c.note(n, nil, now)
	case to.backend != nil && (!numbered || c.passes(n, to.backend, now, r.endpoint.proxy.options.GiveUp)):
		return true
	case to.backend != nil:
		found[at] = target{code: kerr.NotLeaderForPartition.Code}
	}
	return false
}

// arrived takes the batches of a request from their courses, and remembers which of them were not written for certain.
func (r *endpointRouter) arrived(b *backend, q *kmsg.ProduceRequest, p *call) {
	refused := refusedBatches(p)
	now := time.Now()
	for i := range q.Topics {
		topic := &q.Topics[i]
		for j := range topic.Partitions {
			part := &topic.Partitions[j]
			at := position{topic.Topic, topic.TopicID, part.Partition}
			look := func(c *course) {
				if n, numbered := numberOf(part.Records); numbered {
					c.note(n, b, now)
				}
			}
			if p.err == nil && !refused[at] {
				look = nil
			}
			r.batches.leave(at, look)
		}
	}
}

// refusedBatches returns the partitions that an answer has an error for. DUPLICATE_SEQUENCE_NUMBER is none: the batch is there.
func refusedBatches(p *call) map[position]bool {
	if p.err != nil || p.response == nil {
		return nil
	}
	response, err := p.reply()
	if err != nil {
		return nil
	}
	var refused map[position]bool
	m := response.(*kmsg.ProduceResponse)
	for i := range m.Topics {
		topic := &m.Topics[i]
		for j := range topic.Partitions {
			part := &topic.Partitions[j]
			if part.ErrorCode == 0 || part.ErrorCode == kerr.DuplicateSequenceNumber.Code {
				continue
			}
			if refused == nil {
				refused = map[position]bool{}
			}
			refused[position{topic.Topic, topic.TopicID, part.Partition}] = true
		}
	}
	return refused
}

func recordsOf(q *kmsg.ProduceRequest, at position) []byte {
	for i := range q.Topics {
		topic := &q.Topics[i]
		if topic.Topic != at.topic || topic.TopicID != at.id {
			continue
		}
		for j := range topic.Partitions {
			if topic.Partitions[j].Partition == at.partition {
				return topic.Partitions[j].Records
			}
		}
	}
	return nil
}
