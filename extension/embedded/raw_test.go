package embedded_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"k6suite/extension/embedded"
)

// rawBatch returns a record batch of n records as a producer sends it; id −1 is a producer that is not idempotent.
func rawBatch(id int64, epoch int16, sequence int32, n int) []byte {
	var records []byte
	for i := range n {
		r := kmsg.Record{OffsetDelta: int32(i), Key: []byte("k"), Value: fmt.Appendf(nil, "raw-%d-%d", id, int(sequence)+i)}
		r.Length = int32(len(r.AppendTo(nil)) - 1)
		records = r.AppendTo(records)
	}
	b := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, LastOffsetDelta: int32(n - 1), FirstTimestamp: 1, MaxTimestamp: 1,
		ProducerID: id, ProducerEpoch: epoch, FirstSequence: sequence, NumRecords: int32(n), Records: records,
	}
	raw := b.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
	return sealed(raw)
}

func sealed(raw []byte) []byte {
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

func transactional(raw []byte) []byte {
	raw[22] |= 0x10
	return sealed(raw)
}

// rawProduce sends one batch to whichever broker takes it and returns the answer for the partition.
func rawProduce(t *testing.T, c *embedded.Cluster, topic string, partition int32, batch []byte) kmsg.ProduceResponseTopicPartition {
	t.Helper()
	var answer kmsg.ProduceResponseTopicPartition
	for node := range len(c.Bootstrap()) {
		answer = rawProduceTo(t, c, int32(node), topic, partition, batch, 9, -1)
		if answer.ErrorCode != kerr.NotLeaderForPartition.Code {
			break
		}
	}
	return answer
}

func rawProduceTo(
	t *testing.T, c *embedded.Cluster, node int32, topic string, partition int32, batch []byte, version, acks int16,
) kmsg.ProduceResponseTopicPartition {
	t.Helper()
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition, p.Records = partition, batch
	tp := kmsg.NewProduceRequestTopic()
	tp.Topic, tp.Partitions = topic, []kmsg.ProduceRequestTopicPartition{p}
	request := kmsg.NewPtrProduceRequest()
	request.Acks, request.TimeoutMillis, request.Topics = acks, 10_000, []kmsg.ProduceRequestTopic{tp}
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(0, version)
	cl := client(t, c, kgo.MaxVersions(versions))
	require.NoError(t, cl.Ping(testContext(t)))
	response, err := cl.Broker(int(node)).Request(testContext(t), request)
	require.NoError(t, err)
	topics := response.(*kmsg.ProduceResponse).Topics
	require.Len(t, topics, 1)
	require.Len(t, topics[0].Partitions, 1)
	return topics[0].Partitions[0]
}

func requireCode(t *testing.T, want *kerr.Error, got kmsg.ProduceResponseTopicPartition) {
	t.Helper()
	if want == nil {
		require.NoError(t, kerr.ErrorForCode(got.ErrorCode))
		return
	}
	require.ErrorIs(t, kerr.ErrorForCode(got.ErrorCode), want)
}
