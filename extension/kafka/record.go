package kafka

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// AnyPartition leaves the choice of the partition to the producer's partitioner.
const AnyPartition int32 = -1

// Header is one header of a record. A record keeps its headers in order, duplicates included.
type Header struct {
	Key   string
	Value []byte
}

// Record is a record to send, or one that was read.
type Record struct {
	Topic     string    // empty when sending: the producer's topic
	Partition int32     // when sending: a partition, or AnyPartition
	Offset    int64     // read only
	Key       []byte    // nil: no key
	Value     []byte    // nil: a tombstone
	Headers   []Header  // in order
	Timestamp time.Time // milliseconds; zero when sending: the time of the hand-over

	LeaderEpoch int32 // read only; -1 where the broker does not tell (KIP-101)
}

// fill writes r into a franz-go record. The explicit partition travels in a field that franz-go does not read before the
// record has settled, because Partition itself is our evidence of whether the record ever entered a batch (see settle).
// Headers take their place from room, of which it returns the rest.
func (r *Record) fill(to *kgo.Record, room []kgo.RecordHeader) []kgo.RecordHeader {
	to.Topic, to.Key, to.Value, to.Timestamp = r.Topic, r.Key, r.Value, r.Timestamp
	to.Partition = AnyPartition
	setExplicit(to, r.Partition)
	if n := len(r.Headers); n > 0 {
		to.Headers, room = room[:n:n], room[n:]
		for i, h := range r.Headers {
			to.Headers[i] = kgo.RecordHeader(h)
		}
	}
	return room
}

// headerRoom makes room for the headers of all records at once.
func headerRoom(records []Record) []kgo.RecordHeader {
	n := 0
	for i := range records {
		n += len(records[i].Headers)
	}
	return make([]kgo.RecordHeader, n)
}

func recordOf(r *kgo.Record) Record {
	out := Record{
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Key: r.Key, Value: r.Value,
		Timestamp: r.Timestamp, LeaderEpoch: r.LeaderEpoch,
	}
	if len(r.Headers) > 0 {
		out.Headers = make([]Header, len(r.Headers))
		for i, h := range r.Headers {
			out.Headers[i] = Header(h)
		}
	}
	return out
}

// size counts what a record carries: key, value and headers, without the format's own overhead.
func (r *Record) size() int64 {
	n := len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return int64(n)
}
