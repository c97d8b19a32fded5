package objectstore

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"iter"
)

const (
	batchHeaderSize = 61 // up to and with the count of records
	batchLengthEnd  = 12 // the length field counts what follows it
	batchCRCFrom    = 21 // the checksum covers everything from the attributes on
	batchMagic      = 2
)

// Batch is the header of a record batch of version 2 (KIP-98), and the bytes that it heads.
type Batch struct {
	BaseOffset      int64
	LeaderEpoch     int32
	Attributes      int16
	LastOffsetDelta int32
	FirstTimestamp  int64 // ms
	MaxTimestamp    int64 // ms
	ProducerID      int64 // −1: no idempotent producer
	ProducerEpoch   int16
	BaseSequence    int32
	Count           int32 // records
	Payload         []byte
	Raw             []byte // the whole batch, header included
}

// LastOffset returns the offset of the last record, which compaction may have removed.
func (b Batch) LastOffset() int64 { return b.BaseOffset + int64(b.LastOffsetDelta) }

// Codec returns how the payload is compressed: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
func (b Batch) Codec() int8 { return int8(b.Attributes & 0x07) }

// LogAppendTime reports whether the broker, not the producer, set the timestamps: then all are MaxTimestamp.
func (b Batch) LogAppendTime() bool { return b.Attributes&0x08 != 0 }

// Transactional reports whether the batch belongs to a transaction.
func (b Batch) Transactional() bool { return b.Attributes&0x10 != 0 }

// Control reports whether the batch holds a transaction marker and no record of an application.
func (b Batch) Control() bool { return b.Attributes&0x20 != 0 }

// Batches yields the batches of a body, each verified: version, lengths and CRC32-C. What is wrong is yielded as an error,
// once, as the last pair; an empty body yields nothing. The batches are parts of body, not copies.
func Batches(body []byte) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		table := crc32.MakeTable(crc32.Castagnoli)
		for at := 0; at < len(body); {
			batch, err := parseBatch(body[at:], table)
			if err != nil {
				yield(Batch{}, fmt.Errorf("batch at byte %d: %w", at, err))
				return
			}
			if !yield(batch, nil) {
				return
			}
			at += len(batch.Raw)
		}
	}
}

func parseBatch(b []byte, table *crc32.Table) (Batch, error) {
	if len(b) < batchHeaderSize {
		return Batch{}, fmt.Errorf("%d bytes left: a batch header has %d", len(b), batchHeaderSize)
	}
	if magic := b[16]; magic != batchMagic {
		return Batch{}, fmt.Errorf("record batch of version %d: only version %d is known", magic, batchMagic)
	}
	size := int64(int32(binary.BigEndian.Uint32(b[8:]))) + batchLengthEnd
	if size < batchHeaderSize || size > int64(len(b)) {
		return Batch{}, fmt.Errorf("batch of %d bytes: %d bytes are left", size, len(b))
	}
	b = b[:size:size]
	if want, got := binary.BigEndian.Uint32(b[17:]), crc32.Checksum(b[batchCRCFrom:], table); want != got {
		return Batch{}, fmt.Errorf("batch has checksum %08x: its header says %08x", got, want)
	}
	batch := Batch{
		BaseOffset:      int64(binary.BigEndian.Uint64(b)),
		LeaderEpoch:     int32(binary.BigEndian.Uint32(b[12:])),
		Attributes:      int16(binary.BigEndian.Uint16(b[21:])),
		LastOffsetDelta: int32(binary.BigEndian.Uint32(b[23:])),
		FirstTimestamp:  int64(binary.BigEndian.Uint64(b[27:])),
		MaxTimestamp:    int64(binary.BigEndian.Uint64(b[35:])),
		ProducerID:      int64(binary.BigEndian.Uint64(b[43:])),
		ProducerEpoch:   int16(binary.BigEndian.Uint16(b[51:])),
		BaseSequence:    int32(binary.BigEndian.Uint32(b[53:])),
		Count:           int32(binary.BigEndian.Uint32(b[57:])),
		Payload:         b[batchHeaderSize:],
		Raw:             b,
	}
	if batch.BaseOffset < 0 || batch.LastOffsetDelta < 0 || batch.Count < 0 {
		return Batch{}, fmt.Errorf("base offset %d, last offset delta %d, count %d: none may be negative",
			batch.BaseOffset, batch.LastOffsetDelta, batch.Count)
	}
	return batch, nil
}
