package kafkaproxy

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// produce sends batches to the leaders of their partitions. A request for one leader passes byte for byte.
func produce(ctx context.Context, r *endpointRouter, c *call) error {
	message, err := c.request()
	if err != nil {
		return err
	}
	q := message.(*kmsg.ProduceRequest)
	all := producePositions(q)
	found, err := r.embark(ctx, q, all)
	if err != nil {
		return err
	}
	if b := oneLeader(all, found); b != nil {
		r.leg(b, mainLeg).send(c.part(func(p *call) {
			r.arrived(b, q, p)
			r.produced(b, c, p)
		}))
		return nil
	}
	s := &scatter{
		router: r, call: c, outage: unled(), see: r.endpoint.lookAtProduced,
		over:  func(at piece, p *call) { r.arrived(at.backend, at.request.(*kmsg.ProduceRequest), p) },
		merge: func(answers []kmsg.Response) kmsg.Response { return mergeProduced(q, answers) },
	}
	order, parts := splitProduce(q, found)
	if err := allot(s, order, parts); err != nil {
		return err
	}
	if len(order) == 0 {
		return toAnyone(ctx, r, c)
	}
	s.send()
	return nil
}

// oneLeader returns the one broker that all partitions go to, nil if there are several, or none.
func oneLeader(all []position, found map[position]target) *backend {
	var one *backend
	for _, at := range all {
		to := found[at]
		if to.code != 0 || one != nil && one != to.backend {
			return nil
		}
		one = to.backend
	}
	return one
}

// produced answers a call that went to one broker.
func (r *endpointRouter) produced(b *backend, c, p *call) {
	if p.err != nil {
		r.refuse(c, unled().code(p.err))
		return
	}
	if p.response == nil {
		c.complete(nil)
		return
	}
	response, err := p.reply()
	if err != nil {
		c.fail(err)
		return
	}
	m := response.(*kmsg.ProduceResponse)
	if r.endpoint.lookAtProduced(b, m); hideLeaders(m) {
		c.respond(m)
		return
	}
	c.complete(p.response)
}

// hideLeaders takes the hints at leaders out of a response. It reports whether there were any.
func hideLeaders(m *kmsg.ProduceResponse) bool {
	changed := len(m.Brokers) > 0
	m.Brokers = nil
	for i := range m.Topics {
		for j := range m.Topics[i].Partitions {
			if leader := &m.Topics[i].Partitions[j].CurrentLeader; leader.LeaderID != noNode {
				leader.LeaderID, leader.LeaderEpoch, changed = noNode, -1, true
			}
		}
	}
	return changed
}

func (e *endpoint) lookAtProduced(b *backend, response kmsg.Response) {
	m := response.(*kmsg.ProduceResponse)
	for i := range m.Topics {
		topic := &m.Topics[i]
		for j := range topic.Partitions {
			if p := &topic.Partitions[j]; deniesPartition(p.ErrorCode) {
				e.topology.denied(b, e.proxy.topics.name(topic.Topic, topic.TopicID), p.Partition)
			}
		}
	}
}

func producePositions(q *kmsg.ProduceRequest) []position {
	var all []position
	for i := range q.Topics {
		topic := &q.Topics[i]
		for j := range topic.Partitions {
			all = append(all, position{topic.Topic, topic.TopicID, topic.Partitions[j].Partition})
		}
	}
	return all
}

// splitProduce is splitTopics without reflection, for it is in the way of every record.
func splitProduce(q *kmsg.ProduceRequest, found map[position]target) (order []target, parts map[target]*kmsg.ProduceRequest) {
	parts = map[target]*kmsg.ProduceRequest{}
	for i := range q.Topics {
		topic := &q.Topics[i]
		last := map[target]bool{}
		for _, p := range topic.Partitions {
			to := found[position{topic.Topic, topic.TopicID, p.Partition}]
			part := parts[to]
			if part == nil {
				copied := *q
				part = &copied
				part.Topics = nil
				parts[to] = part
				order = append(order, to)
			}
			if !last[to] {
				last[to] = true
				part.Topics = append(part.Topics, kmsg.ProduceRequestTopic{Topic: topic.Topic, TopicID: topic.TopicID})
			}
			into := &part.Topics[len(part.Topics)-1]
			into.Partitions = append(into.Partitions, p)
		}
	}
	return order, parts
}

// mergeProduced makes one response of several, in the order of the request.
func mergeProduced(q *kmsg.ProduceRequest, answers []kmsg.Response) kmsg.Response {
	merged := kmsg.NewPtrProduceResponse()
	place := map[position]*kmsg.ProduceResponseTopicPartition{}
	for _, answer := range answers {
		m := answer.(*kmsg.ProduceResponse)
		hideLeaders(m)
		merged.ThrottleMillis = max(merged.ThrottleMillis, m.ThrottleMillis)
		for i := range m.Topics {
			topic := &m.Topics[i]
			for j := range topic.Partitions {
				place[position{topic.Topic, topic.TopicID, topic.Partitions[j].Partition}] = &topic.Partitions[j]
			}
		}
	}
	for i := range q.Topics {
		asked := &q.Topics[i]
		topic := kmsg.NewProduceResponseTopic()
		topic.Topic, topic.TopicID = asked.Topic, asked.TopicID
		for j := range asked.Partitions {
			if answer := place[position{asked.Topic, asked.TopicID, asked.Partitions[j].Partition}]; answer != nil {
				topic.Partitions = append(topic.Partitions, *answer)
			}
		}
		merged.Topics = append(merged.Topics, topic)
	}
	return merged
}
