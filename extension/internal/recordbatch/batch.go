// Package recordbatch reads and changes record batches of version 2 (KIP-98) as they travel and as they stand in the log.
package recordbatch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Where the fields of a batch begin.
const (
	atLength          = 8
	atLeaderEpoch     = 12
	atMagic           = 16
	atCRC             = 17
	atAttributes      = 21 // the checksum covers everything from here on
	atLastOffsetDelta = 23
	atFirstTimestamp  = 27
	atMaxTimestamp    = 35
	atProducerID      = 43
	atProducerEpoch   = 51
	atBaseSequence    = 53
	atCount           = 57
	// HeaderBytes is what stands before the records.
	HeaderBytes = 61
)

// The attributes of a batch, but for its codec.
const (
	codecMask        = 0x07
	logAppendTimeBit = 0x08
	TransactionalBit = 0x10
	ControlBit       = 0x20
)

// Batch is one record batch of version 2, at least its header: see One and Each.
type Batch []byte

// One returns the only batch of raw. It is an error if raw is not exactly one batch of version 2; its checksum is not looked at.
func One(raw []byte) (Batch, error) {
	first, rest, err := next(raw)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes follow the batch", len(rest))
	}
	return first, err
}

// Each passes each whole batch of raw, as a Fetch response has them, through change, and returns what comes of them. What is no batch
// of version 2, and the part of a batch with which a response may end, stays as it is.
func Each(raw []byte, change func(Batch) Batch) []byte {
	out := make([]byte, 0, len(raw))
	for {
		b, rest, err := next(raw)
		if err != nil {
			return append(out, raw...)
		}
		out = append(out, change(b)...)
		raw = rest
	}
}

func next(raw []byte) (Batch, []byte, error) {
	if len(raw) < HeaderBytes {
		return nil, nil, fmt.Errorf("%d bytes: a batch has at least %d", len(raw), HeaderBytes)
	}
	if Batch(raw).Magic() != 2 {
		return nil, nil, errors.New("not a batch of version 2")
	}
	size := Batch(raw).size()
	if size < HeaderBytes || size > int64(len(raw)) {
		return nil, nil, fmt.Errorf("batch of %d bytes: there are %d", size, len(raw))
	}
	return raw[:size:size], raw[size:], nil
}

// Whole reports whether the bytes are those of one batch of version 2, by its own length.
func (b Batch) Whole() bool { return b.Magic() == 2 && b.size() == int64(len(b)) }

// Magic is the version of the format.
func (b Batch) Magic() int8 { return int8(b[atMagic]) }

func (b Batch) size() int64 {
	return int64(int32(binary.BigEndian.Uint32(b[atLength:]))) + atLeaderEpoch
}

// BaseOffset is the offset of the first record.
func (b Batch) BaseOffset() int64 { return int64(binary.BigEndian.Uint64(b)) }

// NextOffset is the offset that follows the batch.
func (b Batch) NextOffset() int64 { return b.BaseOffset() + int64(b.Span()) }

// LeaderEpoch is that of the leader that appended the batch.
func (b Batch) LeaderEpoch() int32 { return int32(binary.BigEndian.Uint32(b[atLeaderEpoch:])) }

// LastOffsetDelta is the offset of the last record, from the first; compaction may have removed that record.
func (b Batch) LastOffsetDelta() int32 { return int32(binary.BigEndian.Uint32(b[atLastOffsetDelta:])) }

// Span is how many offsets, and sequence numbers, the batch takes; there may be fewer records in it.
func (b Batch) Span() int32 { return b.LastOffsetDelta() + 1 }

// Count is the number of records.
func (b Batch) Count() int32 { return int32(binary.BigEndian.Uint32(b[atCount:])) }

// FirstTimestamp is what the timestamps of the records are deltas to, in milliseconds.
func (b Batch) FirstTimestamp() int64 { return int64(binary.BigEndian.Uint64(b[atFirstTimestamp:])) }

// ProducerID is −1 without an idempotent producer.
func (b Batch) ProducerID() int64 { return int64(binary.BigEndian.Uint64(b[atProducerID:])) }

// ProducerEpoch is −1 without an idempotent producer.
func (b Batch) ProducerEpoch() int16 { return int16(binary.BigEndian.Uint16(b[atProducerEpoch:])) }

// BaseSequence is the sequence number of the first record, −1 without an idempotent producer.
func (b Batch) BaseSequence() int32 { return int32(binary.BigEndian.Uint32(b[atBaseSequence:])) }

// Attributes has the codec, the kind of timestamp, and the bits of transactions.
func (b Batch) Attributes() int16 { return int16(binary.BigEndian.Uint16(b[atAttributes:])) }

// Codec is how the records are compressed: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
func (b Batch) Codec() int8 { return int8(b.Attributes() & codecMask) }

// Transactional reports whether the batch belongs to a transaction.
func (b Batch) Transactional() bool { return b.Attributes()&TransactionalBit != 0 }

// Control reports whether the batch holds a transaction marker and no record of an application.
func (b Batch) Control() bool { return b.Attributes()&ControlBit != 0 }

// Checksum is what the checksum ought to be, and Intact whether it is.
func (b Batch) Checksum() uint32 {
	return crc32.Checksum(b[atAttributes:], crc32.MakeTable(crc32.Castagnoli))
}

// Intact reports whether the checksum is right.
func (b Batch) Intact() bool { return binary.BigEndian.Uint32(b[atCRC:]) == b.Checksum() }
