package ledger

import (
	"fmt"
	"time"
)

// TopicPartition names one log.
type TopicPartition struct {
	Topic     string
	Partition int32
}

// String returns "topic/partition".
func (tp TopicPartition) String() string { return fmt.Sprintf("%s/%d", tp.Topic, tp.Partition) }

func (tp TopicPartition) compare(other TopicPartition) int {
	switch {
	case tp.Topic < other.Topic, tp.Topic == other.Topic && tp.Partition < other.Partition:
		return -1
	case tp == other:
		return 0
	}
	return 1
}

// Header is one Kafka record header. A nil value and an empty one differ.
type Header struct {
	Key   string
	Value []byte
}

// Record is what a reader or an audit of the bucket saw. For keys and values, nil and empty differ: nil is Kafka's null.
// The ledger keeps none of its slices.
type Record struct {
	Offset      int64
	Timestamp   time.Time
	Key, Value  []byte
	Headers     []Header
	LeaderEpoch int32
}

// Made is a record ready to be sent. All of it must reach the wire unchanged and in this order, no header added or left out.
type Made struct {
	Serial     Serial
	Key, Value []byte
	Headers    []Header
}
