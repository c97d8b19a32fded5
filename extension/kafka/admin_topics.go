package kafka

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TopicSpec says how a topic is created.
type TopicSpec struct {
	Topic       string
	Partitions  int32             // 0: the broker's default (num.partitions)
	Replication int16             // 0: the broker's default (default.replication.factor)
	Configs     map[string]string // topic configuration, such as max.message.bytes
}

// Topic is what a cluster says of a topic.
type Topic struct {
	Topic      string
	ID         string // 32 hexadecimal digits; zeros where the broker knows no ids
	Internal   bool
	Partitions []Partition // by number
}

// Partition is what a cluster says of a partition.
type Partition struct {
	Partition     int32
	Leader        int32 // -1: none
	LeaderEpoch   int32
	Replicas, ISR []int32
}

const brokerDefault = -1

// CreateTopic creates a topic. An error carries Kafka's name for it, such as TOPIC_ALREADY_EXISTS.
func (a *Admin) CreateTopic(ctx context.Context, t TopicSpec) error {
	configs := make(map[string]*string, len(t.Configs))
	for k, v := range t.Configs {
		configs[k] = kadm.StringPtr(v)
	}
	resp, err := a.admin.CreateTopic(ctx, orDefault(t.Partitions, brokerDefault), orDefault(t.Replication, brokerDefault), configs, t.Topic)
	return withMessage(fmt.Sprintf("create topic %q", t.Topic), resp.ErrMessage, err)
}

// DeleteTopics deletes topics; the first that cannot be deleted is the error.
func (a *Admin) DeleteTopics(ctx context.Context, topics ...string) error {
	responses, err := a.admin.DeleteTopics(ctx, topics...)
	if err != nil {
		return fmt.Errorf("kafka: delete topics: %w", err)
	}
	for _, resp := range responses.Sorted() {
		if resp.Err != nil {
			return withMessage(fmt.Sprintf("delete topic %q", resp.Topic), resp.ErrMessage, resp.Err)
		}
	}
	return nil
}

// ListTopics names all topics that are not internal, sorted.
func (a *Admin) ListTopics(ctx context.Context) ([]string, error) {
	resp, err := a.metadata(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("kafka: list topics: %w", err)
	}
	out := make([]string, 0, len(resp.Topics))
	for _, t := range resp.Topics {
		if t.Topic != nil && !t.IsInternal {
			out = append(out, *t.Topic)
		}
	}
	slices.Sort(out)
	return out, nil
}

// DescribeTopics describes topics in the order asked for. A missing one is an error; it is never created by asking.
func (a *Admin) DescribeTopics(ctx context.Context, topics ...string) ([]Topic, error) {
	if len(topics) == 0 {
		return nil, nil
	}
	resp, err := a.metadata(ctx, topics)
	if err != nil {
		return nil, fmt.Errorf("kafka: describe topics: %w", err)
	}
	answers := make(map[string]*kmsg.MetadataResponseTopic, len(resp.Topics))
	for i := range resp.Topics {
		if name := resp.Topics[i].Topic; name != nil {
			answers[*name] = &resp.Topics[i]
		}
	}
	out := make([]Topic, len(topics))
	for i, name := range topics {
		t := answers[name]
		if t == nil {
			return nil, fmt.Errorf("kafka: describe topic %q: the broker did not answer for it", name)
		}
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return nil, fmt.Errorf("kafka: describe topic: %w", explain(name, err))
		}
		out[i] = topicOf(t)
	}
	return out, nil
}

func topicOf(t *kmsg.MetadataResponseTopic) Topic {
	out := Topic{Topic: *t.Topic, ID: fmt.Sprintf("%x", t.TopicID[:]), Internal: t.IsInternal}
	for _, p := range t.Partitions {
		out.Partitions = append(out.Partitions, Partition{
			Partition: p.Partition, Leader: p.Leader, LeaderEpoch: p.LeaderEpoch, Replicas: p.Replicas, ISR: p.ISR,
		})
	}
	slices.SortFunc(out.Partitions, func(a, b Partition) int { return int(a.Partition - b.Partition) })
	return out
}

// AddPartitions raises a topic's number of partitions to total.
func (a *Admin) AddPartitions(ctx context.Context, topic string, total int) error {
	responses, err := a.admin.UpdatePartitions(ctx, total, topic)
	if err != nil {
		return fmt.Errorf("kafka: add partitions to %q: %w", topic, err)
	}
	resp := responses[topic]
	return withMessage(fmt.Sprintf("add partitions to %q", topic), resp.ErrMessage, resp.Err)
}

// DeleteRecords deletes the records before the given offsets, and returns the new log start offsets.
func (a *Admin) DeleteRecords(ctx context.Context, before Offsets) (Offsets, error) {
	request := kadm.Offsets{}
	for topic, partitions := range before {
		for partition, offset := range partitions {
			request.Add(kadm.Offset{Topic: topic, Partition: partition, At: offset, LeaderEpoch: -1})
		}
	}
	responses, err := a.admin.DeleteRecords(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("kafka: delete records: %w", err)
	}
	var failed PartitionErrors
	out := Offsets{}
	for _, resp := range responses.Sorted() {
		failed.add(resp.Topic, resp.Partition, resp.Err)
		out.set(resp.Topic, resp.Partition, resp.LowWatermark)
	}
	return out, failed.join("delete records")
}

// withMessage adds what the broker had to say beyond the code.
func withMessage(what, message string, err error) error {
	switch {
	case err == nil:
		return nil
	case message != "":
		return fmt.Errorf("kafka: %s: %w: %s", what, err, message)
	default:
		return fmt.Errorf("kafka: %s: %w", what, err)
	}
}
