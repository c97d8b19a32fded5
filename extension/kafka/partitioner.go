package kafka

import (
	"fmt"
	"hash/crc32"

	"github.com/twmb/franz-go/pkg/kgo"
)

// newPartitioner finds a partitioner by name, and lets a record's own partition go first.
func newPartitioner(name string) (kgo.Partitioner, error) {
	switch name {
	case "", "murmur2":
		return explicitFirst{kgo.StickyKeyPartitioner(nil)}, nil
	case "crc32":
		return explicitFirst{kgo.StickyKeyPartitioner(kgo.SaramaHasher(crc32.ChecksumIEEE))}, nil
	case "roundrobin":
		return explicitFirst{kgo.RoundRobinPartitioner()}, nil
	default:
		return nil, fmt.Errorf("kafka: partitioner %q: want murmur2, crc32 or roundrobin", name)
	}
}

// setExplicit and explicit carry the partition that the caller chose in ProducerID, which franz-go writes only when the
// record has settled.
func setExplicit(r *kgo.Record, partition int32) { r.ProducerID = int64(partition) + 1 }

func explicit(r *kgo.Record) (int, bool) { return int(r.ProducerID - 1), r.ProducerID > 0 }

type explicitFirst struct{ kgo.Partitioner }

func (e explicitFirst) ForTopic(topic string) kgo.TopicPartitioner {
	inner := e.Partitioner.ForTopic(topic)
	if sticky, ok := inner.(onNewBatch); ok {
		return explicitSticky{explicitTopic{inner}, sticky}
	}
	return explicitTopic{inner}
}

type onNewBatch interface{ OnNewBatch() }

type explicitTopic struct{ kgo.TopicPartitioner }

func (e explicitTopic) RequiresConsistency(r *kgo.Record) bool {
	_, ok := explicit(r)
	return ok || e.TopicPartitioner.RequiresConsistency(r)
}

func (e explicitTopic) Partition(r *kgo.Record, n int) int {
	if partition, ok := explicit(r); ok {
		return partition // out of range is refused by franz-go, for this record alone
	}
	return e.TopicPartitioner.Partition(r, n)
}

// explicitSticky keeps the OnNewBatch of a sticky partitioner (KIP-480) visible to franz-go, which looks for it.
type explicitSticky struct {
	explicitTopic
	onNewBatch
}
