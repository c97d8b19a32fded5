package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Balancers are the names of the ways in which the members of a group share partitions.
func Balancers() []string { return []string{"cooperative-sticky", "sticky", "range", "roundrobin"} }

func balancers() map[string]kgo.GroupBalancer {
	return map[string]kgo.GroupBalancer{
		"cooperative-sticky": kgo.CooperativeStickyBalancer(), "sticky": kgo.StickyBalancer(),
		"range": kgo.RangeBalancer(), "roundrobin": kgo.RoundRobinBalancer(),
	}
}

func (c *Consumer) group(maxVersion string) []kgo.Opt {
	o := c.options
	opts := []kgo.Opt{
		kgo.ConsumerGroup(o.Group),
		// Rebalances wait while a Poll does its bookkeeping, no longer: Poll lets them go on before it returns.
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(c.onAssigned),
		kgo.AdjustFetchOffsetsFn(c.onStart),
		kgo.OnPartitionsRevoked(c.onRevoked),
		kgo.OnPartitionsLost(c.onLost),
	}
	if o.AutoCommit > 0 {
		opts = append(opts, kgo.AutoCommitInterval(o.AutoCommit))
	} else {
		opts = append(opts, kgo.DisableAutoCommit())
	}
	if o.SessionTimeout > 0 {
		opts = append(opts, kgo.SessionTimeout(o.SessionTimeout))
	}
	if o.Heartbeat > 0 {
		opts = append(opts, kgo.HeartbeatInterval(o.Heartbeat))
	}
	if o.RebalanceTimeout > 0 {
		opts = append(opts, kgo.RebalanceTimeout(o.RebalanceTimeout))
	}
	if o.InstanceID != "" {
		opts = append(opts, kgo.InstanceID(o.InstanceID))
	}
	if o.Protocol == ProtocolConsumer {
		opts = append(opts, serverSide(maxVersion)...)
	}
	if len(o.Balancers) > 0 {
		chosen := make([]kgo.GroupBalancer, len(o.Balancers))
		for i, name := range o.Balancers {
			chosen[i] = balancers()[name]
		}
		opts = append(opts, kgo.Balancers(chosen...))
	}
	return opts
}

// onAssigned runs at the end of every rebalance, with the partitions that are new to this member.
func (c *Consumer) onAssigned(_ context.Context, client *kgo.Client, added map[string][]int32) {
	if l, ok := c.listener.(GenerationListener); ok {
		_, generation := client.GroupMetadata()
		l.Joined(generation, added)
	}
	c.mu.Lock()
	owned := 0
	for _, partitions := range c.owned {
		owned += len(partitions)
	}
	for _, partitions := range added {
		owned += len(partitions)
	}
	c.mu.Unlock()
	c.meter.Rebalanced(Rebalance{Group: c.options.Group, Owned: owned})
}

// onStart runs when the committed offsets of new partitions are known, before the first fetch.
func (c *Consumer) onStart(ctx context.Context, from map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	byName, _ := c.options.Start.offset(true) // Check has seen it
	start, uncommitted := Offsets{}, Partitions{}
	for topic, partitions := range from {
		start[topic] = map[int32]int64{}
		for partition, offset := range partitions {
			start[topic][partition] = -1
			if offset == byName { // nothing is committed; a timestamp would even look like an offset
				uncommitted[topic] = append(uncommitted[topic], partition)
				continue
			}
			start[topic][partition] = max(offset.EpochOffset().Offset, -1)
		}
	}
	if l, ok := c.listener.(StartListener); ok && len(uncommitted) > 0 {
		chosen, err := l.Start(ctx, uncommitted)
		if err != nil {
			return nil, err
		}
		for topic, partitions := range chosen {
			for partition, offset := range partitions {
				start[topic][partition], from[topic][partition] = offset, kgo.NewOffset().At(offset)
			}
		}
	}
	c.assign(start)
	return from, nil
}

func (c *Consumer) assign(start Offsets) {
	c.mu.Lock()
	for topic, partitions := range start {
		for partition, offset := range partitions {
			*c.cursor(topic, partition) = cursor{position: offset, end: -1, committed: -1}
		}
	}
	c.mu.Unlock()
	if c.listener != nil && len(start) > 0 {
		c.listener.Assigned(start)
	}
}

func (c *Consumer) onRevoked(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
	if c.listener != nil && len(gone) > 0 {
		c.listener.Revoked(gone)
	}
	c.drop(gone)
}

func (c *Consumer) onLost(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
	c.drop(gone)
	if c.listener != nil && len(gone) > 0 {
		c.listener.Lost(gone)
	}
}

func (c *Consumer) drop(gone map[string][]int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for topic, partitions := range gone {
		for _, partition := range partitions {
			delete(c.owned[topic], partition)
		}
		if len(c.owned[topic]) == 0 {
			delete(c.owned, topic)
		}
	}
}

// cursor finds or makes the cursor of a partition. The caller holds c.mu.
func (c *Consumer) cursor(topic string, partition int32) *cursor {
	if c.owned[topic] == nil {
		c.owned[topic] = map[int32]*cursor{}
	}
	if c.owned[topic][partition] == nil {
		c.owned[topic][partition] = &cursor{position: -1, end: -1, committed: -1}
	}
	return c.owned[topic][partition]
}
