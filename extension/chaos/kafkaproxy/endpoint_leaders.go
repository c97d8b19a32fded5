package kafkaproxy

import (
	"context"
	"reflect"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// unled has clients look for the leader again where that is safe, and otherwise says that nobody knows.
func unled() outage {
	return outage{unsent: kerr.NotLeaderForPartition.Code, unanswered: kerr.NetworkException.Code}
}

// target is who gets a partition of a request: a broker, or nobody and why.
type target struct {
	backend *backend
	code    int16
}

// targets finds the leaders of partitions, and has the cluster asked for those that are not known.
func (r *endpointRouter) targets(ctx context.Context, all []position) map[position]target {
	e := r.endpoint
	unknown := map[[16]byte]bool{}
	for _, at := range all {
		if e.proxy.topics.name(at.topic, at.id) == "" && !unknown[at.id] {
			unknown[at.id] = true
			_ = r.identifyTopic(ctx, at.id) // if nobody answers, the topic stays unknown
		}
	}
	var ask []string
	asked := map[string]bool{}
	for _, at := range all {
		name := e.proxy.topics.name(at.topic, at.id)
		if name == "" || asked[name] {
			continue
		}
		if _, needed := e.topology.leader(name, at.partition); needed {
			asked[name] = true
			ask = append(ask, name)
		}
	}
	var codes map[string]int16
	var failure error
	if len(ask) > 0 {
		codes, failure = r.locate(ctx, ask)
	}
	found := make(map[position]target, len(all))
	for _, at := range all {
		name := e.proxy.topics.name(at.topic, at.id)
		to := e.topology.target(name, at.partition)
		switch {
		case to.code == 0:
		case failure != nil:
			to.code = kerr.NotLeaderForPartition.Code // nobody could say more
		case codes[name] == kerr.TopicAuthorizationFailed.Code, codes[name] == kerr.InvalidTopicException.Code:
			to.code = codes[name]
		case name == "":
			to.code = kerr.UnknownTopicID.Code
		}
		found[at] = to
	}
	return found
}

// target returns who leads a partition. Where nobody does, the code is what a broker says that does not lead it either.
func (t *topology) target(topic string, partition int32) target {
	place, _ := t.leader(topic, partition)
	if b := t.node(place.node); b != nil {
		return target{backend: b}
	}
	if place.code == kerr.UnknownTopicOrPartition.Code {
		return target{code: place.code}
	}
	return target{code: kerr.NotLeaderForPartition.Code}
}

// toLeaders sends a request about partitions to their leaders. What changes nothing is sent once more where a broker did not answer, or
// had led a partition before.
func toLeaders(ctx context.Context, r *endpointRouter, c *call) error {
	return r.askLeaders(ctx, c, harmless(c.Key))
}

func (r *endpointRouter) askLeaders(ctx context.Context, c *call, retry bool) error {
	request, err := c.request()
	if err != nil {
		return err
	}
	all := positions(request)
	if len(all) == 0 {
		return toAnyone(ctx, r, c)
	}
	forgetEpochs(request)
	found := r.targets(ctx, all)
	s := &scatter{
		router: r, call: c, outage: unled(), see: r.endpoint.look,
		merge: func(answers []kmsg.Response) kmsg.Response { return mergeTopics(request, answers) },
	}
	if retry {
		s.stale = func(answer kmsg.Response) bool { return hasCodeIn(answer, kerr.NotLeaderForPartition.Code) }
		s.again = func() bool {
			return r.later(func() {
				if err := r.askLeaders(r.ctx, c, false); err != nil {
					c.fail(err)
				}
			})
		}
	}
	order, parts := splitTopics(request, func(at position) target { return found[at] })
	if err := allot(s, order, parts); err != nil {
		return err
	}
	s.send()
	return nil
}

// forgetEpochs takes back what a client thinks of leaders: it does not choose the broker, so it cannot fence it.
func forgetEpochs(request kmsg.Request) {
	topics := field(request, "Topics")
	for i := range topics.Len() {
		partitions := topics.Index(i).FieldByName("Partitions")
		for j := range partitions.Len() {
			if p := partitions.Index(j); p.Kind() == reflect.Struct && p.FieldByName("CurrentLeaderEpoch").IsValid() {
				p.FieldByName("CurrentLeaderEpoch").SetInt(-1)
			}
		}
	}
}

// look learns from a broker's answer about partitions that it is not the one to ask.
func (e *endpoint) look(b *backend, response kmsg.Response) {
	topics := field(response, "Topics")
	for i := range topics.Len() {
		at := positionOf(topics.Index(i))
		partitions := topics.Index(i).FieldByName("Partitions")
		for j := range partitions.Len() {
			p := partitions.Index(j)
			if deniesPartition(int16(p.FieldByName("ErrorCode").Int())) {
				e.topology.denied(b, e.proxy.topics.name(at.topic, at.id), partitionOf(p))
			}
		}
	}
}

// deniesPartition tells the errors of a broker that does not have a partition, or does not lead it.
func deniesPartition(code int16) bool {
	switch code {
	case kerr.NotLeaderForPartition.Code, kerr.LeaderNotAvailable.Code, kerr.ReplicaNotAvailable.Code,
		kerr.UnknownTopicOrPartition.Code, kerr.UnknownTopicID.Code, kerr.InconsistentTopicID.Code, kerr.KafkaStorageError.Code,
		kerr.FencedLeaderEpoch.Code, kerr.UnknownLeaderEpoch.Code:
		return true
	default:
		return false
	}
}
