package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

// inner is the cluster's own client of kfake's nodes, one connection to each.
type inner struct {
	kfake    *kfake.Cluster
	doorways []*doorway
	access   *access

	mu    sync.Mutex
	links map[int32]*link
}

type link struct {
	mu   sync.Mutex // one request at a time; kfake is no faster with more
	conn *upstream
	next int32 // correlation
}

func newInner(cluster *kfake.Cluster, doorways []*doorway, access *access) *inner {
	return &inner{kfake: cluster, doorways: doorways, access: access, links: map[int32]*link{}}
}

func (i *inner) link(node int32) *link {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.links[node] == nil {
		i.links[node] = &link{}
	}
	return i.links[node]
}

// request sends one request to the broker and decodes its response.
func (i *inner) request(ctx context.Context, node int32, message kmsg.Request) (kmsg.Response, error) {
	if node < 0 || int(node) >= len(i.doorways) {
		return nil, fmt.Errorf("node %d: kfake has no such node", node)
	}
	l := i.link(node)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		conn, err := i.doorways[node].dial(ctx, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return nil, fmt.Errorf("node %d: %w", node, err)
		}
		if err := i.access.introduce(ctx, conn, insider); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("node %d: %w", node, err)
		}
		l.conn = conn
	}
	l.next++
	frame, release, err := l.conn.roundTrip(ctx, wire.EncodeRequest(message, l.next, "k6suite-embedded"))
	if err != nil {
		_ = l.conn.Close()
		l.conn = nil
		return nil, fmt.Errorf("node %d: %w", node, err)
	}
	defer release()
	response := message.ResponseKind()
	response.SetVersion(message.GetVersion())
	return response, wire.DecodeResponse(append([]byte(nil), frame...), response)
}

// toLeader sends a request to the leader of the partition; moved reports from a response that it was sent to a former one.
func (i *inner) toLeader(ctx context.Context, at place, message kmsg.Request, moved func(kmsg.Response) bool) (kmsg.Response, error) {
	for ctx.Err() == nil {
		info := i.kfake.PartitionInfo(at.topic, at.partition)
		if info == nil {
			return nil, kerr.UnknownTopicOrPartition
		}
		response, err := i.request(ctx, info.Leader, message)
		if err != nil || !moved(response) {
			return response, err
		}
	}
	return nil, ctx.Err()
}

// produce appends one batch, whose base offset must be 0, and returns the offset that it got.
func (i *inner) produce(ctx context.Context, at place, b batch) (int64, error) {
	partition := kmsg.NewProduceRequestTopicPartition()
	partition.Partition, partition.Records = at.partition, b
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic, topic.Partitions = at.topic, []kmsg.ProduceRequestTopicPartition{partition}
	message := kmsg.NewPtrProduceRequest()
	message.Version = 12 // the last one that names topics; adds partitions to transactions by itself
	message.Acks, message.Topics = -1, []kmsg.ProduceRequestTopic{topic}

	answer := func(response kmsg.Response) *kmsg.ProduceResponseTopicPartition {
		topics := response.(*kmsg.ProduceResponse).Topics
		if len(topics) != 1 || len(topics[0].Partitions) != 1 {
			return nil
		}
		return &topics[0].Partitions[0]
	}
	response, err := i.toLeader(ctx, at, message, func(response kmsg.Response) bool {
		a := answer(response)
		return a != nil && a.ErrorCode == kerr.NotLeaderForPartition.Code
	})
	if err != nil {
		return -1, err
	}
	a := answer(response)
	if a == nil {
		return -1, errors.New("the produce response does not speak of the partition")
	}
	return a.BaseOffset, kerr.ErrorForCode(a.ErrorCode)
}

// fetch returns the batches of the partition from an offset on, as kfake holds them.
func (i *inner) fetch(ctx context.Context, at place, from int64) ([]byte, error) {
	partition := kmsg.NewFetchRequestTopicPartition()
	partition.Partition, partition.FetchOffset, partition.PartitionMaxBytes = at.partition, from, maxGroupBytes
	partition.CurrentLeaderEpoch = -1
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.Partitions = at.topic, []kmsg.FetchRequestTopicPartition{partition}
	message := kmsg.NewPtrFetchRequest()
	message.Version = 12
	message.MaxBytes, message.SessionEpoch = maxGroupBytes, -1
	message.Topics = []kmsg.FetchRequestTopic{topic}

	answer := func(response kmsg.Response) *kmsg.FetchResponseTopicPartition {
		topics := response.(*kmsg.FetchResponse).Topics
		if len(topics) != 1 || len(topics[0].Partitions) != 1 {
			return nil
		}
		return &topics[0].Partitions[0]
	}
	response, err := i.toLeader(ctx, at, message, func(response kmsg.Response) bool {
		a := answer(response)
		return a != nil && a.ErrorCode == kerr.NotLeaderForPartition.Code
	})
	if err != nil {
		return nil, err
	}
	a := answer(response)
	if a == nil {
		return nil, errors.New("the fetch response does not speak of the partition")
	}
	return a.RecordBatches, kerr.ErrorForCode(a.ErrorCode)
}

func (i *inner) close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, l := range i.links {
		l.mu.Lock()
		if l.conn != nil {
			_ = l.conn.Close()
		}
		l.mu.Unlock()
	}
}
