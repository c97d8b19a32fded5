package trust

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// tailAnswer is what one plain fetch says of a partition at an offset.
type tailAnswer struct {
	highWatermark int64
	records       bool
}

// fetchAt sends one Fetch request outside any session to the leader of a partition. An offset beyond what the leader
// knows (OFFSET_OUT_OF_RANGE) is an empty answer.
func fetchAt(ctx context.Context, client *kgo.Client, topic string, partition int32, offset int64) (tailAnswer, error) {
	leader, id, err := leaderOf(ctx, client, topic, partition)
	if err != nil {
		return tailAnswer{}, err
	}
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes = 0, 0, 1<<20 // what is there now
	req.SessionEpoch = -1
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = topic, id
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = partition, offset, 1<<20
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)

	resp, err := req.RequestWith(ctx, client.Broker(int(leader)))
	if err != nil {
		return tailAnswer{}, err
	}
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return tailAnswer{}, err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return tailAnswer{}, fmt.Errorf("the answer names %d topics, 1 was asked for", len(resp.Topics))
	}
	answer := resp.Topics[0].Partitions[0]
	if err := kerr.ErrorForCode(answer.ErrorCode); err != nil && !errors.Is(err, kerr.OffsetOutOfRange) {
		return tailAnswer{}, err
	}
	return tailAnswer{highWatermark: answer.HighWatermark, records: len(answer.RecordBatches) > 0}, nil
}

// leaderOf asks for fresh metadata: who leads the partition, and the topic's id, which newer Fetch versions need.
func leaderOf(ctx context.Context, client *kgo.Client, topic string, partition int32) (leader int32, id [16]byte, err error) {
	req := kmsg.NewPtrMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = kmsg.StringPtr(topic)
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return 0, id, err
	}
	for _, t := range resp.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return 0, id, err
		}
		for _, p := range t.Partitions {
			if p.Partition == partition {
				return p.Leader, t.TopicID, kerr.ErrorForCode(p.ErrorCode)
			}
		}
	}
	return 0, id, kerr.UnknownTopicOrPartition
}
