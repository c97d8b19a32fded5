package embedded

import (
	"encoding/binary"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/objectstore"
)

// Lies about single records take a batch apart and put it together again.

// records returns the records of a batch.
func (b batch) records() ([]objectstore.Record, error) {
	for found, err := range objectstore.Batches(b) {
		if err != nil {
			return nil, err
		}
		return objectstore.Records(found)
	}
	return nil, nil
}

// withRecords returns a batch like b, with other records, uncompressed. Their offsets must be within those of b.
func (b batch) withRecords(records []objectstore.Record) batch {
	out := append(batch(nil), b[:batchHeaderBytes]...)
	for _, r := range records {
		record := kmsg.Record{
			TimestampDelta64: r.Timestamp.UnixMilli() - b.firstTimestamp(), OffsetDelta: int32(r.Offset - b.baseOffset()),
			Key: r.Key, Value: r.Value,
		}
		for _, h := range r.Headers {
			record.Headers = append(record.Headers, kmsg.Header{Key: h.Key, Value: h.Value})
		}
		const lengthBytes = 1 // of length 0
		record.Length = int32(len(record.AppendTo(nil)) - lengthBytes)
		out = record.AppendTo(out)
	}
	binary.BigEndian.PutUint16(out[atAttributes:], uint16(b.attributes())&^codecMask)
	binary.BigEndian.PutUint32(out[atCount:], uint32(len(records)))
	binary.BigEndian.PutUint32(out[atLength:], uint32(len(out)-atLeaderEpoch))
	out.seal()
	return out
}

func (b batch) firstTimestamp() int64 { return int64(binary.BigEndian.Uint64(b[27:])) }

// eligible says whether a lie may take the batch: it leaves transactions alone, and batches with fewer than least records, such
// as those by which the suite finds out whether the target works at all.
func (b batch) eligible(least int32) bool {
	return !b.transactional() && !b.control() && b.count() >= least
}

// without returns the batch without one of its middle records, as if compaction had removed it.
func (b batch) without(pick func(int) int) (batch, bool) {
	records, err := b.records()
	if err != nil || len(records) < 3 {
		return nil, false
	}
	i := 1 + pick(len(records)-2)
	return b.withRecords(append(records[:i:i], records[i+1:]...)), true
}

// flipped returns the batch with the last byte of one value changed.
func (b batch) flipped(pick func(int) int) (batch, bool) {
	records, err := b.records()
	if err != nil {
		return nil, false
	}
	r := &records[pick(len(records))]
	if len(r.Value) == 0 {
		return nil, false
	}
	r.Value = append([]byte(nil), r.Value...)
	r.Value[len(r.Value)-1] ^= 1
	return b.withRecords(records), true
}

// swapped returns the batch with the contents of two neighbors exchanged.
func (b batch) swapped(i int) (batch, bool) {
	records, err := b.records()
	if err != nil || i+1 >= len(records) {
		return nil, false
	}
	x, y := &records[i], &records[i+1]
	x.Key, y.Key, x.Value, y.Value, x.Headers, y.Headers = y.Key, x.Key, y.Value, x.Value, y.Headers, x.Headers
	return b.withRecords(records), true
}

// rewriteBatches passes each batch of a Fetch response through change.
func rewriteBatches(raw []byte, change func(batch) batch) []byte {
	out := make([]byte, 0, len(raw))
	for len(raw) >= batchHeaderBytes {
		size := int(binary.BigEndian.Uint32(raw[atLength:])) + atLeaderEpoch
		if size > len(raw) {
			break
		}
		out = append(out, change(raw[:size:size])...)
		raw = raw[size:]
	}
	return append(out, raw...)
}
