package kafkaproxy

import (
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// locate has the cluster asked for topics whose leaders are not known or doubted. Sessions that ask for the same share the answer,
// unless it is a refusal: that concerns the client for whom it was asked. It returns the error codes of topics that have one.
func (r *endpointRouter) locate(ctx context.Context, topics []string) (map[string]int16, error) {
	var mine, theirs []string
	var landings []func()
	for _, topic := range topics {
		wait, land := r.endpoint.topology.fly(topic)
		if land != nil {
			mine, landings = append(mine, topic), append(landings, land)
			continue
		}
		select {
		case <-wait:
		case <-ctx.Done():
		}
		if !r.endpoint.topology.located(topic) {
			theirs = append(theirs, topic)
		}
	}
	ask := slices.Concat(mine, theirs)
	if len(ask) == 0 {
		return nil, ctx.Err()
	}
	codes, err := r.askForTopics(ctx, ask)
	for _, land := range landings {
		land()
	}
	return codes, err
}

func (r *endpointRouter) askForTopics(ctx context.Context, topics []string) (map[string]int16, error) {
	question := kmsg.NewPtrMetadataRequest()
	question.Topics = []kmsg.MetadataRequestTopic{} // not null, which means all
	for _, topic := range topics {
		question.Topics = append(question.Topics, kmsg.MetadataRequestTopic{Topic: kmsg.StringPtr(topic)})
	}
	m, err := r.askMetadata(ctx, question)
	if err != nil {
		return nil, err
	}
	codes := map[string]int16{}
	for i := range m.Topics {
		if code := m.Topics[i].ErrorCode; code != 0 {
			codes[deref(m.Topics[i].Topic)] = code
		}
	}
	return codes, nil
}

// identifyTopic has the cluster asked for the name of a topic that a client knows by its id, from before the proxy was there.
func (r *endpointRouter) identifyTopic(ctx context.Context, id [16]byte) error {
	question := kmsg.NewPtrMetadataRequest()
	question.Topics = []kmsg.MetadataRequestTopic{{TopicID: id}}
	_, err := r.askMetadata(ctx, question)
	return err
}

// askMetadata asks without creating topics. An answer teaches the brokers of the cluster, too.
func (r *endpointRouter) askMetadata(ctx context.Context, question *kmsg.MetadataRequest) (*kmsg.MetadataResponse, error) {
	const most = 12 // the first with ids of topics in the request
	response, err := r.askAny(ctx, question, most)
	if err != nil {
		return nil, err
	}
	m := response.(*kmsg.MetadataResponse)
	r.endpoint.topology.learnMetadata(m, true)
	return m, nil
}

// survey asks for the brokers of the cluster, unless they are known and answer. It reports whether any are known then.
func (r *endpointRouter) survey(ctx context.Context) bool {
	t := r.endpoint.topology
	if t.settled() {
		return true
	}
	_, err := r.askForTopics(ctx, nil)
	return err == nil && len(t.live()) > 0
}

// coordinator returns the broker that coordinates a group or a transactional id, and otherwise the error code that says why not.
func (r *endpointRouter) coordinator(ctx context.Context, key coordinatorKey) (*backend, int16) {
	t := r.endpoint.topology
	for {
		if node := t.coordinator(key); node != noNode {
			return t.node(node), 0
		}
		wait, land := t.fly(key)
		if land != nil {
			code := r.askForCoordinator(ctx, key)
			land()
			if code != 0 {
				return nil, code
			}
			continue
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, kerr.CoordinatorNotAvailable.Code
		}
	}
}

func (r *endpointRouter) askForCoordinator(ctx context.Context, key coordinatorKey) int16 {
	const most = 3 // the last that asks for one key
	question := kmsg.NewPtrFindCoordinatorRequest()
	question.CoordinatorKey, question.CoordinatorType = key.key, key.kind
	response, err := r.askAny(ctx, question, most)
	if err != nil {
		return kerr.CoordinatorNotAvailable.Code
	}
	m := response.(*kmsg.FindCoordinatorResponse)
	if m.ErrorCode == 0 {
		r.endpoint.topology.learnCoordinator(key, m.NodeID, m.Host, m.Port)
	}
	return m.ErrorCode
}
