package trust

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/chaos"
	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/kafka"
)

// locator finds who leads and who coordinates by asking the target's brokers, where no proxy of ours stands before them that knows.
type locator struct{ config kafka.Config }

var _ chaos.Locator = locator{}

// Leader implements chaos.Locator.
func (l locator) Leader(ctx context.Context, topic string, partition int32) (int32, error) {
	p, err := l.partition(ctx, topic, partition)
	if err != nil {
		return -1, err
	}
	return p.Leader, nil
}

// Followers implements chaos.Locator.
func (l locator) Followers(ctx context.Context, topic string, partition int32) ([]int32, error) {
	p, err := l.partition(ctx, topic, partition)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(p.Replicas, func(id int32) bool { return id == p.Leader }), nil
}

// partition asks who has a partition that somebody leads.
func (l locator) partition(ctx context.Context, topic string, partition int32) (kafka.Leader, error) {
	return firstOf(ctx, l.config, func(ctx context.Context, admin *kafka.Admin) (kafka.Leader, error) {
		shape, err := admin.Shape(ctx, topic)
		if err != nil {
			return kafka.Leader{}, err
		}
		for _, p := range shape.Leaders {
			if p.Partition == partition && p.Leader >= 0 {
				return p, nil
			}
		}
		return kafka.Leader{}, fmt.Errorf("nobody leads %s/%d", topic, partition)
	})
}

// Controller implements chaos.Locator. Kafka's brokers name any of them in metadata; who asks for the quorum hears the truth.
func (l locator) Controller(ctx context.Context) (int32, error) {
	info, err := kafka.Probe(ctx, l.config)
	if err != nil {
		return -1, err
	}
	if _, quorum := info.APIs[int16(kmsg.DescribeQuorum)]; quorum {
		return firstOf(ctx, l.config, func(ctx context.Context, admin *kafka.Admin) (int32, error) { return admin.ActiveController(ctx) })
	}
	if info.ControllerID < 0 {
		return -1, errors.New("metadata names none")
	}
	return info.ControllerID, nil
}

// firstOf asks every broker by its own address, at once, and takes the first answer: some of them may be dead or frozen, and to wait for
// them would be to miss the moment.
func firstOf[T any](ctx context.Context, config kafka.Config, ask func(context.Context, *kafka.Admin) (T, error)) (T, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, len(config.Brokers))
	for _, address := range config.Brokers {
		one := config
		one.Brokers = []string{address}
		go func() {
			var a answer
			var admin *kafka.Admin
			if admin, a.err = kafka.NewAdmin(one); a.err == nil {
				a.value, a.err = ask(ctx, admin)
				_ = admin.Close()
			}
			answers <- a
		}()
	}
	var wrong error
	for range config.Brokers {
		a := <-answers
		if a.err == nil {
			return a.value, nil
		}
		wrong = errors.Join(wrong, a.err)
	}
	var none T
	return none, wrong
}

// behindProxy is a locator of a target that has a proxy of ours before it: that knows who is behind it.
type behindProxy struct {
	locator
	proxy *kafkaproxy.Proxy
}

// Leader implements chaos.Locator.
func (b behindProxy) Leader(ctx context.Context, topic string, partition int32) (int32, error) {
	return b.proxy.Leader(ctx, topic, partition)
}

// Followers implements chaos.Locator.
func (b behindProxy) Followers(ctx context.Context, topic string, partition int32) ([]int32, error) {
	return b.proxy.Followers(ctx, topic, partition)
}

// Controller implements chaos.Locator.
func (b behindProxy) Controller(ctx context.Context) (int32, error) { return b.proxy.Controller(ctx) }

// Coordinator implements chaos.Locator. Any cluster names one for a group that is not there.
func (b behindProxy) Coordinator(ctx context.Context, group string) (int32, error) {
	if _, err := b.locator.Coordinator(ctx, group); err != nil {
		return -1, err
	}
	return b.proxy.Coordinator(ctx, group)
}

// Coordinator implements chaos.Locator.
func (l locator) Coordinator(ctx context.Context, group string) (int32, error) {
	admin, err := kafka.NewAdmin(l.config)
	if err != nil {
		return -1, err
	}
	defer func() { _ = admin.Close() }()
	groups, err := admin.DescribeGroups(ctx, group)
	if err != nil {
		return -1, err
	}
	for _, g := range groups {
		if g.Group == group && g.State != "Dead" {
			return g.Coordinator, nil
		}
	}
	return -1, fmt.Errorf("there is no group %q", group)
}
