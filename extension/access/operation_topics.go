package access

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func onTopics() []operation {
	const read, write, describe = kmsg.ACLOperationRead, kmsg.ACLOperationWrite, kmsg.ACLOperationDescribe
	return []operation{
		{
			name: "metadata of a topic", aspect: existing, needs: does(onTopic(describe)), ask: askMetadata,
			tells: tellsWhatIsThere,
		},
		{
			name: "metadata of all topics", aspect: existing, needs: does(onTopic(describe)), lists: true,
			ask: func(*domain) kmsg.Request { return kmsg.NewPtrMetadataRequest() },
			shows: func(d *domain, r kmsg.Response) bool {
				return slices.ContainsFunc(r.(*kmsg.MetadataResponse).Topics, func(t kmsg.MetadataResponseTopic) bool {
					return t.Topic != nil && *t.Topic == d.topic()
				})
			},
		},
		{name: "list offsets", aspect: reading, needs: does(onTopic(describe)), where: atLeader, ask: askOffsets},
		{name: "offset for leader epoch", aspect: reading, needs: does(onTopic(describe)), where: atLeader, ask: askEpoch},
		{name: "fetch", aspect: reading, needs: does(onTopic(read)), where: atLeader, ask: askFetch, shows: fetched},
		{
			name: "describe topic configs", aspect: reading, needs: does(onTopic(kmsg.ACLOperationDescribeConfigs)), ask: askTopicConfigs,
			shows: func(_ *domain, r kmsg.Response) bool { return described(r) },
		},
		{
			name: "produce", aspect: writing, needs: does(onTopic(write)), where: atLeader, ask: askProduce, effect: written,
			done: func(d *domain, _ kmsg.Response) { d.end++ },
		},
		{
			name: "alter topic configs", aspect: writing, needs: does(onTopic(kmsg.ACLOperationAlterConfigs)), ask: askAlterConfigs,
			where: atController, effect: altered,
		},
		{
			name: "create partitions", aspect: writing, needs: does(onTopic(kmsg.ACLOperationAlter)), where: atController,
			ask: askPartitions, effect: grown,
		},
		{
			name: "create topic", aspect: writing, needs: does(onTopic(kmsg.ACLOperationCreate)), where: atController, ask: askCreate,
			effect: func(ctx context.Context, w *world, d *domain) (string, error) {
				there, err := w.there(ctx, d.fresh())
				return said(there, "the topic is there"), err
			},
		},
	}
}

// removals come last.
func removals() []operation {
	return []operation{
		{
			name: "delete records", aspect: writing, needs: does(onTopic(kmsg.ACLOperationDelete)), where: atLeader, ask: askDeleteRecords,
			effect: func(ctx context.Context, w *world, d *domain) (string, error) {
				starts, err := w.admin.admin.ListStartOffsets(ctx, d.topic())
				start, _ := starts.Lookup(d.topic(), 0)
				return said(start.Offset > 0, fmt.Sprintf("the log begins at %d", start.Offset)), firstOf(err, start.Err)
			},
		},
		{
			name: "delete topic", aspect: writing, needs: does(onTopic(kmsg.ACLOperationDelete)), where: atController, ask: askDelete,
			effect: func(ctx context.Context, w *world, d *domain) (string, error) {
				there, err := w.there(ctx, d.gone())
				return said(!there, "the topic is gone"), err
			},
		},
	}
}

func said(so bool, text string) string {
	if so {
		return text
	}
	return ""
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func askMetadata(d *domain) kmsg.Request {
	r := kmsg.NewPtrMetadataRequest()
	for _, name := range []string{d.topic(), d.absent()} {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = kmsg.StringPtr(name)
		r.Topics = append(r.Topics, t)
	}
	return r
}

// tellsWhatIsThere compares the answers for a topic that is there and for one that is not: who may know of neither gets the same.
func tellsWhatIsThere(d *domain, r kmsg.Response) string {
	of := map[string]int16{}
	for _, t := range r.(*kmsg.MetadataResponse).Topics {
		if t.Topic != nil {
			of[*t.Topic] = t.ErrorCode
		}
	}
	there, asked := of[d.topic()]
	absent, askedToo := of[d.absent()]
	if asked == askedToo && there == absent {
		return ""
	}
	return fmt.Sprintf("%s for a topic that is there, %s for one that is not", orLeftOut(there, asked), orLeftOut(absent, askedToo))
}

func orLeftOut(code int16, asked bool) string {
	if !asked {
		return "nothing"
	}
	if code == 0 {
		return "no error"
	}
	return names([]int16{code})
}

func askOffsets(d *domain) kmsg.Request {
	r := kmsg.NewPtrListOffsetsRequest()
	t, p := kmsg.NewListOffsetsRequestTopic(), kmsg.NewListOffsetsRequestTopicPartition()
	p.Timestamp, p.CurrentLeaderEpoch = -1, -1
	t.Topic, t.Partitions = d.topic(), append(t.Partitions, p)
	r.ReplicaID, r.Topics = -1, append(r.Topics, t)
	return r
}

func askEpoch(d *domain) kmsg.Request {
	r := kmsg.NewPtrOffsetForLeaderEpochRequest()
	t, p := kmsg.NewOffsetForLeaderEpochRequestTopic(), kmsg.NewOffsetForLeaderEpochRequestTopicPartition()
	p.LeaderEpoch, p.CurrentLeaderEpoch = 0, -1
	t.Topic, t.Partitions = d.topic(), append(t.Partitions, p)
	r.ReplicaID, r.Topics = -1, append(r.Topics, t)
	return r
}

const fetchBytes = 1 << 20

func askFetch(d *domain) kmsg.Request {
	r := kmsg.NewPtrFetchRequest()
	t, p := kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
	p.FetchOffset, p.PartitionMaxBytes, p.CurrentLeaderEpoch = 0, fetchBytes, -1
	t.Topic, t.TopicID, t.Partitions = d.topic(), d.id, append(t.Partitions, p)
	r.MaxWaitMillis, r.MinBytes, r.MaxBytes, r.SessionEpoch = 500, 1, fetchBytes, -1
	r.Topics = append(r.Topics, t)
	return r
}

func fetched(_ *domain, r kmsg.Response) bool {
	for _, t := range r.(*kmsg.FetchResponse).Topics {
		for _, p := range t.Partitions {
			if len(p.RecordBatches) > 0 {
				return true
			}
		}
	}
	return false
}

func askTopicConfigs(d *domain) kmsg.Request {
	return askConfigs(kmsg.ConfigResourceTypeTopic, d.topic())
}

func askConfigs(kind kmsg.ConfigResourceType, name string) kmsg.Request {
	r := kmsg.NewPtrDescribeConfigsRequest()
	one := kmsg.NewDescribeConfigsRequestResource()
	one.ResourceType, one.ResourceName = kind, name
	r.Resources = append(r.Resources, one)
	return r
}

func described(r kmsg.Response) bool {
	for _, one := range r.(*kmsg.DescribeConfigsResponse).Resources {
		if len(one.Configs) > 0 {
			return true
		}
	}
	return false
}

const (
	retentionKey = "retention.ms"
	retention    = "86400123" // of a topic that somebody altered
	requestMs    = 4000
)

func askAlterConfigs(d *domain) kmsg.Request {
	r := kmsg.NewPtrIncrementalAlterConfigsRequest()
	one, c := kmsg.NewIncrementalAlterConfigsRequestResource(), kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	c.Name, c.Op, c.Value = retentionKey, kmsg.IncrementalAlterConfigOpSet, kmsg.StringPtr(retention)
	one.ResourceType, one.ResourceName, one.Configs = kmsg.ConfigResourceTypeTopic, d.topic(), append(one.Configs, c)
	r.Resources = append(r.Resources, one)
	return r
}

func altered(ctx context.Context, w *world, d *domain) (string, error) {
	configs, err := w.admin.admin.DescribeTopicConfigs(ctx, d.topic())
	if err != nil {
		return "", err
	}
	config, err := configs.On(d.topic(), nil)
	if err == nil {
		err = config.Err
	}
	for _, c := range config.Configs {
		if c.Key == retentionKey && c.MaybeValue() == retention {
			return retentionKey + " is " + retention, err
		}
	}
	return "", err
}

func askPartitions(d *domain) kmsg.Request {
	r := kmsg.NewPtrCreatePartitionsRequest()
	t := kmsg.NewCreatePartitionsRequestTopic()
	t.Topic, t.Count = d.gone(), 2 // which is deleted in the end: the other one keeps its one partition
	r.TimeoutMillis, r.Topics = requestMs, append(r.Topics, t)
	return r
}

func grown(ctx context.Context, w *world, d *domain) (string, error) {
	topics, err := w.admin.admin.ListTopics(ctx, d.gone())
	if err != nil {
		return "", err
	}
	n := len(topics[d.gone()].Partitions)
	return said(n > 1, "it has "+strconv.Itoa(n)+" partitions"), topics[d.gone()].Err
}

func askCreate(d *domain) kmsg.Request {
	r := kmsg.NewPtrCreateTopicsRequest()
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = d.fresh(), 1, d.replication
	r.TimeoutMillis, r.Topics = requestMs, append(r.Topics, t)
	return r
}

func askDelete(d *domain) kmsg.Request {
	r := kmsg.NewPtrDeleteTopicsRequest()
	t := kmsg.NewDeleteTopicsRequestTopic()
	t.Topic = kmsg.StringPtr(d.gone())
	r.TimeoutMillis, r.TopicNames, r.Topics = requestMs, []string{d.gone()}, append(r.Topics, t)
	return r
}

func askDeleteRecords(d *domain) kmsg.Request {
	r := kmsg.NewPtrDeleteRecordsRequest()
	t, p := kmsg.NewDeleteRecordsRequestTopic(), kmsg.NewDeleteRecordsRequestTopicPartition()
	p.Offset = 1
	t.Topic, t.Partitions = d.topic(), append(t.Partitions, p)
	r.TimeoutMillis, r.Topics = requestMs, append(r.Topics, t)
	return r
}

func askProduce(d *domain) kmsg.Request {
	r := kmsg.NewPtrProduceRequest()
	t, p := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
	p.Records = oneRecord("written by a principal")
	t.Topic, t.TopicID, t.Partitions = d.topic(), d.id, append(t.Partitions, p)
	r.Acks, r.TimeoutMillis, r.Topics = -1, requestMs, append(r.Topics, t)
	return r
}

// written takes what it finds for said: the next one who may not write is asked about what he has written.
func written(ctx context.Context, w *world, d *domain) (string, error) {
	ends, err := w.admin.admin.ListEndOffsets(ctx, d.topic())
	end, _ := ends.Lookup(d.topic(), 0)
	if err := firstOf(err, end.Err); err != nil || end.Offset == d.end {
		return "", err
	}
	was := d.end
	d.end = end.Offset
	return fmt.Sprintf("the log ended at %d, and ends at %d", was, end.Offset), nil
}

// Places in a record batch.
const (
	lengthAt, checkedFrom = 8, 21
	checksumAt            = 17
	lengthEnds            = 12
)

// oneRecord is a record batch as a producer without idempotence sends it.
func oneRecord(value string) []byte {
	record := kmsg.Record{Value: []byte(value)}
	record.Length = int32(len(record.AppendTo(nil)) - 1) // which a length of 0 takes one byte of
	now := time.Now().UnixMilli()
	batch := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, FirstTimestamp: now, MaxTimestamp: now,
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: 1, Records: record.AppendTo(nil),
	}
	raw := batch.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[lengthAt:], uint32(len(raw)-lengthEnds))
	binary.BigEndian.PutUint32(raw[checksumAt:], crc32.Checksum(raw[checkedFrom:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}
