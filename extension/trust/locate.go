package trust

import (
	"context"
	"fmt"

	"k6suite/extension/chaos"
	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/kafka"
)

// locator finds who leads and who coordinates by asking the target's brokers, where no proxy of ours stands before them that knows.
type locator struct{ config kafka.Config }

var _ chaos.Locator = locator{}

// Leader implements chaos.Locator.
func (l locator) Leader(ctx context.Context, topic string, partition int32) (int32, error) {
	admin, err := kafka.NewAdmin(l.config)
	if err != nil {
		return -1, err
	}
	defer func() { _ = admin.Close() }()
	shape, err := admin.Shape(ctx, topic)
	if err != nil {
		return -1, err
	}
	for _, p := range shape.Leaders {
		if p.Partition == partition && p.Leader >= 0 {
			return p.Leader, nil
		}
	}
	return -1, fmt.Errorf("nobody leads %s/%d", topic, partition)
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
