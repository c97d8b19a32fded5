package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Start says where reading begins.
type Start struct {
	At        string // "earliest" (default), "latest", "timestamp", "none" (groups only: committed offsets or an error)
	Timestamp time.Time
}

// Offsets are offsets by topic and partition.
type Offsets map[string]map[int32]int64

// Partitions are partitions by topic.
type Partitions map[string][]int32

// ConsumerOptions say what is read and how. Name topics, or partitions, not both.
type ConsumerOptions struct {
	Topics     []string   // all partitions of these; with Group: shared with the group's other members
	Partitions Partitions // exactly these; not with Group
	Offsets    Offsets    // exactly these partitions, from these offsets; not with Group

	Group string // group.id; empty: no group
	// Protocol is "classic" (default) or "consumer", by which the coordinator shares partitions out and says how members are watched
	// (group.protocol; KIP-848).
	Protocol string
	// Start is where a partition begins that has no offset: without a group each, with a group one that has no committed
	// offset (auto.offset.reset).
	Start Start
	// Reset is what happens when a position is not in the log any more: "none" (default: an error, never a silent jump),
	// "earliest" or "latest".
	Reset         string
	ReadCommitted bool // isolation.level=read_committed; default read_uncommitted

	AutoCommit       time.Duration // interval; 0: off (enable.auto.commit, auto.commit.interval.ms)
	SessionTimeout   time.Duration // session.timeout.ms; default 45s
	Heartbeat        time.Duration // heartbeat.interval.ms; default 3s
	RebalanceTimeout time.Duration // max.poll.interval.ms bounds it in Java; default 60s
	Balancers        []string      // "cooperative-sticky" (default), "sticky", "range", "roundrobin" (partition.assignment.strategy)
	InstanceID       string        // group.instance.id: static membership (KIP-345)

	FetchMaxBytes int // of one fetch response; default 50 MiB (fetch.max.bytes)
	AutoCreate    bool
	Listener      Listener // default: none
	Meter         Meter    // default: none
}

// Listener hears of the partitions that a consumer owns: Assigned before their first record, Revoked and Lost after their
// last one. They must not call the consumer's Close, and should be quick, since the group waits.
type Listener interface {
	// Assigned: reading begins at these offsets, the first that a Poll can return; -1 where the offset is only known by name
	// (earliest, latest, a timestamp).
	Assigned(start Offsets)
	// Revoked: these partitions were given up in order; commits for them still succeed during the call.
	Revoked(partitions Partitions)
	// Lost: the member was thrown out; others may own these partitions already.
	Lost(partitions Partitions)
}

// GenerationListener is a Listener that wants to know which generation of its group an assignment is of.
type GenerationListener interface {
	Listener
	// Joined: a rebalance is over, and these partitions are new to the member; none may be. Those that it had and that were not revoked
	// before it keeps. With the server-side protocol (KIP-848) the generation is the member's epoch.
	Joined(generation int32, added Partitions)
}

// StartListener is a Listener that decides itself where partitions begin of which the group has no committed offset.
type StartListener interface {
	Listener
	// Start gives the first offset of each, before Assigned. Those that it leaves out begin as ConsumerOptions.Start says. After an error
	// the member joins anew.
	Start(ctx context.Context, uncommitted Partitions) (Offsets, error)
}

// Consumer reads records. One Poll runs at a time; all else is safe for concurrent use.
type Consumer struct {
	client   *kgo.Client
	admin    *kadm.Client
	options  ConsumerOptions
	meter    Meter
	listener Listener

	polling sync.Mutex
	mu      sync.Mutex
	owned   map[string]map[int32]*cursor
	pending []FetchError // met by a Poll that had records to give; the next one returns them
	closed  bool
}

// cursor is the consumer's place in one partition.
type cursor struct {
	position  int64 // the next offset to be returned; -1: not known yet
	end       int64 // high watermark (last stable offset when read_committed) of the last fetch; -1: none yet
	committed int64 // last committed by us; -1: nothing
}

// NewConsumer checks the options and starts a consumer; a group member joins at once, in the background.
func NewConsumer(c Config, o ConsumerOptions) (*Consumer, error) {
	opts, err := c.Options()
	if err != nil {
		return nil, err
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	consumer := &Consumer{
		options: o, meter: meterOr(o.Meter), listener: o.Listener, owned: map[string]map[int32]*cursor{},
	}
	opts = append(opts, FetchOptions()...)
	opts = append(opts, o.reading()...)
	if o.Group != "" {
		opts = append(opts, consumer.group(c.MaxVersion)...)
	}
	consumer.client, err = kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("kafka: consumer: %w", err)
	}
	consumer.admin = kadm.NewClient(consumer.client)
	if start := o.explicit(); o.Group == "" && len(start) > 0 {
		consumer.assign(start)
	}
	return consumer, nil
}

// Check says what is wrong with the options, without starting anything.
func (o ConsumerOptions) Check() error {
	kinds := 0
	for _, n := range []int{len(o.Topics), len(o.Partitions), len(o.Offsets)} {
		if n > 0 {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return errors.New("kafka: consumer: name topics, or partitions, or offsets: one of them")
	case o.Group != "" && len(o.Topics) == 0:
		return errors.New("kafka: consumer: a group shares out whole topics: name topics, not partitions or offsets")
	case o.Group == "" && (o.AutoCommit != 0 || o.InstanceID != "" || len(o.Balancers) > 0 || o.SessionTimeout != 0 ||
		o.Heartbeat != 0 || o.RebalanceTimeout != 0):
		return errors.New("kafka: consumer: autoCommit, instanceId, balancers, sessionTimeout, heartbeat and rebalanceTimeout need a group")
	case o.AutoCommit < 0 || o.SessionTimeout < 0 || o.Heartbeat < 0 || o.RebalanceTimeout < 0 || o.FetchMaxBytes < 0:
		return errors.New("kafka: consumer: durations and sizes must not be negative")
	case o.Heartbeat != 0 && o.SessionTimeout != 0 && o.Heartbeat >= o.SessionTimeout:
		return fmt.Errorf("kafka: consumer: heartbeat %v: want less than the sessionTimeout of %v", o.Heartbeat, o.SessionTimeout)
	}
	if err := o.checkProtocol(); err != nil {
		return err
	}
	if _, err := o.Start.offset(o.Group != ""); err != nil {
		return err
	}
	if _, ok := resets()[o.Reset]; !ok {
		return fmt.Errorf("kafka: reset %q: want none, earliest or latest", o.Reset)
	}
	for _, name := range o.Balancers {
		if _, ok := balancers()[name]; !ok {
			return fmt.Errorf("kafka: balancer %q: want cooperative-sticky, sticky, range or roundrobin", name)
		}
	}
	return nil
}

func resets() map[string]kgo.Offset {
	return map[string]kgo.Offset{
		"": kgo.NoResetOffset(), "none": kgo.NoResetOffset(), "earliest": kgo.NewOffset().AtStart(), "latest": kgo.NewOffset().AtEnd(),
	}
}

func (s Start) offset(group bool) (kgo.Offset, error) {
	switch s.At {
	case "", "earliest":
		return kgo.NewOffset().AtStart(), nil
	case "latest":
		return kgo.NewOffset().AtEnd(), nil
	case "timestamp":
		if s.Timestamp.IsZero() {
			return kgo.Offset{}, errors.New("kafka: start at timestamp: the timestamp is missing")
		}
		return kgo.NewOffset().AfterMilli(s.Timestamp.UnixMilli()), nil
	case "none":
		if !group {
			return kgo.Offset{}, errors.New("kafka: start none: only a group has committed offsets to start from")
		}
		return kgo.NewOffset().AtCommitted(), nil
	default:
		return kgo.Offset{}, fmt.Errorf("kafka: start %q: want earliest, latest, timestamp or none", s.At)
	}
}

func (o ConsumerOptions) reading() []kgo.Opt {
	start, _ := o.Start.offset(o.Group != "") // Check has seen it
	opts := []kgo.Opt{kgo.ConsumeStartOffset(start), kgo.ConsumeResetOffset(resets()[o.Reset])}
	if o.ReadCommitted {
		opts = append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	if o.FetchMaxBytes > 0 {
		opts = append(opts, kgo.FetchMaxBytes(int32(min(o.FetchMaxBytes, maxBatchSize))))
	}
	if o.AutoCreate {
		opts = append(opts, kgo.AllowAutoTopicCreation())
	}
	if len(o.Topics) > 0 {
		return append(opts, kgo.ConsumeTopics(o.Topics...))
	}
	from := map[string]map[int32]kgo.Offset{}
	for topic, partitions := range o.explicit() {
		from[topic] = map[int32]kgo.Offset{}
		for partition, offset := range partitions {
			from[topic][partition] = start
			if offset >= 0 {
				from[topic][partition] = kgo.NewOffset().At(offset)
			}
		}
	}
	return append(opts, kgo.ConsumePartitions(from))
}

// explicit gives the partitions that are named one by one, with their start offsets; -1: by name.
func (o ConsumerOptions) explicit() Offsets {
	if len(o.Offsets) > 0 {
		return o.Offsets
	}
	out := Offsets{}
	for topic, partitions := range o.Partitions {
		out[topic] = map[int32]int64{}
		for _, partition := range partitions {
			out[topic][partition] = -1
		}
	}
	return out
}

// Assignment gives the partitions that the consumer reads now, sorted. Without a group, a topic's partitions are listed
// once a first record or error of theirs was returned.
func (c *Consumer) Assignment() Partitions {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := Partitions{}
	for topic, partitions := range c.owned {
		out[topic] = slices.Sorted(maps.Keys(partitions))
	}
	return out
}

// Abandon ends the consumer without waiting for an answer to anything, its leave of the group included. Whoever wants the group to notice
// by its silence only cuts its connections first.
func (c *Consumer) Abandon() {
	c.mu.Lock()
	done := c.closed
	c.closed = true
	c.mu.Unlock()
	if done {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = c.client.LeaveGroupContext(ctx) // which only begins it
	c.client.CloseAllowingRebalance()
}

// Close leaves the group, if there is one, without committing anything, and ends the consumer.
func (c *Consumer) Close() error {
	c.mu.Lock()
	done := c.closed
	c.closed = true
	c.mu.Unlock()
	if done {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	var err error
	if c.options.Group != "" {
		err = c.client.LeaveGroupContext(ctx)
	}
	c.client.CloseAllowingRebalance()
	if err != nil {
		return fmt.Errorf("kafka: leave group %s: %w", c.options.Group, err)
	}
	return nil
}
