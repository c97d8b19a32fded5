package kafkaproxy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/quorum"
)

// Leader returns the id of the broker that leads a partition. The cluster is asked for it each time. An error says what is not known:
// the topic, the partition, who leads it, or that no broker answers. Brokers that want clients to authenticate are asked in the name of
// a session that has; in mirror mode they do not answer.
func (p *Proxy) Leader(ctx context.Context, topic string, partition int32) (int32, error) {
	found, err := p.locate(ctx, topic, partition)
	if err != nil {
		return noNode, fmt.Errorf("leader of %s/%d: %w", topic, partition, err)
	}
	return found.Leader, nil
}

// Followers returns the ids of the brokers that have a copy of a partition and do not lead it; errors are those of Leader.
func (p *Proxy) Followers(ctx context.Context, topic string, partition int32) ([]int32, error) {
	found, err := p.locate(ctx, topic, partition)
	if err != nil {
		return nil, fmt.Errorf("followers of %s/%d: %w", topic, partition, err)
	}
	return slices.DeleteFunc(slices.Clone(found.Replicas), func(id int32) bool { return id == found.Leader }), nil
}

// locate asks who has a partition, which somebody leads.
func (p *Proxy) locate(ctx context.Context, topic string, partition int32) (*kmsg.MetadataResponseTopicPartition, error) {
	question := kmsg.NewPtrMetadataRequest()
	question.Topics = []kmsg.MetadataRequestTopic{{Topic: kmsg.StringPtr(topic)}}
	const most = 12
	response, err := p.inquire(ctx, question, most)
	if err != nil {
		return nil, err
	}
	for i := range response.(*kmsg.MetadataResponse).Topics {
		found := &response.(*kmsg.MetadataResponse).Topics[i]
		if deref(found.Topic) == topic {
			return ledIn(found, topic, partition)
		}
	}
	return nil, errors.New("the cluster says nothing of the topic")
}

func ledIn(t *kmsg.MetadataResponseTopic, topic string, partition int32) (*kmsg.MetadataResponseTopicPartition, error) {
	if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
		return nil, fmt.Errorf("the cluster says of the topic: %w", err)
	}
	for i := range t.Partitions {
		p := &t.Partitions[i]
		switch {
		case p.Partition != partition:
		case p.Leader >= 0:
			return p, nil
		default:
			return nil, fmt.Errorf("nobody leads it now: %w", kerr.LeaderNotAvailable)
		}
	}
	return nil, fmt.Errorf("topic %s has %d partitions, and no %d", topic, len(t.Partitions), partition)
}

// Controller returns the id of the node that controls the cluster: where brokers offer to say it, who leads the controllers, for then
// metadata names any broker.
func (p *Proxy) Controller(ctx context.Context) (int32, error) {
	const mostQuorum, mostMetadata = 2, 12
	response, err := p.inquire(ctx, quorum.Question(), mostQuorum)
	if err == nil {
		return quorum.Leader(response.(*kmsg.DescribeQuorumResponse))
	}
	if !errors.Is(err, errNotOffered) {
		return noNode, fmt.Errorf("controller: %w", err)
	}
	question := kmsg.NewPtrMetadataRequest()
	question.Topics = []kmsg.MetadataRequestTopic{}
	if response, err = p.inquire(ctx, question, mostMetadata); err != nil {
		return noNode, fmt.Errorf("controller: %w", err)
	}
	if id := response.(*kmsg.MetadataResponse).ControllerID; id >= 0 {
		return id, nil
	}
	return noNode, errors.New("controller: the cluster names none")
}

// Coordinator returns the id of the broker that coordinates a consumer group, as Leader does for partitions. A group that is not there
// has a coordinator too: the one that it would have.
func (p *Proxy) Coordinator(ctx context.Context, group string) (int32, error) {
	const most = 3 // the last that asks for one key
	question := kmsg.NewPtrFindCoordinatorRequest()
	question.CoordinatorKey, question.CoordinatorType = group, groupKind
	response, err := p.inquire(ctx, question, most)
	if err != nil {
		return noNode, fmt.Errorf("coordinator of group %s: %w", group, err)
	}
	m := response.(*kmsg.FindCoordinatorResponse)
	if err := kerr.ErrorForCode(m.ErrorCode); err != nil {
		return noNode, fmt.Errorf("coordinator of group %s: the cluster says: %w", group, err)
	}
	return m.NodeID, nil
}

// inquire puts a question to the cluster on behalf of nobody. An answer teaches nothing: it may be older than what is known.
func (p *Proxy) inquire(ctx context.Context, question kmsg.Request, most int16) (kmsg.Response, error) {
	if e, single := p.mode.(*endpoint); single {
		for _, r := range e.sessions() {
			if r.sasl.known() {
				return r.askAny(ctx, question, most)
			}
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(p.ctx, cancel)
	defer stop()
	for _, address := range p.options.Brokers {
		p.backends.at(address)
	}
	all := p.backends.all()
	answers := make(chan said, len(all))
	for i, b := range p.ordered(all) {
		go func() {
			response, err := b.inquire(ctx, shallow(question), most, time.Duration(i)*p.options.Silence/hedges)
			answers <- said{b, response, err}
		}()
	}
	err := errNobody
	for range all {
		answer := <-answers
		if answer.err == nil {
			return answer.response, nil
		}
		err = errors.Join(err, answer.err)
	}
	return nil, err
}

// ordered puts the brokers that the cluster named last before the others.
func (p *Proxy) ordered(all []*backend) []*backend {
	live := p.mode.live()
	var first, last []*backend
	for _, b := range all {
		if live[b.node.Load()] == b && b.lately() == 0 {
			first = append(first, b)
		} else {
			last = append(last, b)
		}
	}
	return append(first, last...)
}

// inquire asks one broker, unless another one has answered within the time that others are given.
func (b *backend) inquire(ctx context.Context, question kmsg.Request, most int16, after time.Duration) (kmsg.Response, error) {
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	version, err := b.version(ctx, question.Key(), most)
	if err != nil {
		return nil, err
	}
	question.SetVersion(version)
	return b.consult(ctx, question)
}
