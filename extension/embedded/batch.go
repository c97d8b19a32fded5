package embedded

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// A record batch of version 2 (KIP-98): where its fields begin.
const (
	atLength          = 8
	atLeaderEpoch     = 12
	atMagic           = 16
	atCRC             = 17
	atAttributes      = 21 // the checksum covers everything from here on
	atLastOffsetDelta = 23
	atProducerID      = 43
	atProducerEpoch   = 51
	atBaseSequence    = 53
	atCount           = 57
	batchHeaderBytes  = 61
)

const (
	codecMask        = 0x07
	transactionalBit = 0x10
	controlBit       = 0x20
	lastCodec        = 4 // zstd
)

// batch is one record batch of version 2 as a producer sent it, valid: see parseBatch.
type batch []byte

func (b batch) baseOffset() int64      { return int64(binary.BigEndian.Uint64(b)) }
func (b batch) attributes() int16      { return int16(binary.BigEndian.Uint16(b[atAttributes:])) }
func (b batch) lastOffsetDelta() int32 { return int32(binary.BigEndian.Uint32(b[atLastOffsetDelta:])) }
func (b batch) producerID() int64      { return int64(binary.BigEndian.Uint64(b[atProducerID:])) }
func (b batch) producerEpoch() int16   { return int16(binary.BigEndian.Uint16(b[atProducerEpoch:])) }
func (b batch) baseSequence() int32    { return int32(binary.BigEndian.Uint32(b[atBaseSequence:])) }
func (b batch) count() int32           { return int32(binary.BigEndian.Uint32(b[atCount:])) }
func (b batch) transactional() bool    { return b.attributes()&transactionalBit != 0 }
func (b batch) control() bool          { return b.attributes()&controlBit != 0 }
func (b batch) nextOffset() int64      { return b.baseOffset() + int64(b.span()) }

// span is how many offsets, and sequence numbers, the batch takes; there may be fewer records in it.
func (b batch) span() int32 { return b.lastOffsetDelta() + 1 }

// placed returns a copy of the batch as it stands in the log. Neither field is under the checksum.
func (b batch) placed(base int64, leaderEpoch int32) batch {
	return b.appendPlaced(nil, base, leaderEpoch)
}

// appendPlaced appends the batch as it stands in the log to dst.
func (b batch) appendPlaced(dst []byte, base int64, leaderEpoch int32) []byte {
	from := len(dst)
	dst = append(dst, b...)
	binary.BigEndian.PutUint64(dst[from:], uint64(base))
	binary.BigEndian.PutUint32(dst[from+atLeaderEpoch:], uint32(leaderEpoch))
	return dst
}

func (b batch) setLastOffsetDelta(delta int32) {
	binary.BigEndian.PutUint32(b[atLastOffsetDelta:], uint32(delta))
}

// seal computes the checksum anew.
func (b batch) seal() {
	binary.BigEndian.PutUint32(b[atCRC:], crc32.Checksum(b[atAttributes:], crc32.MakeTable(crc32.Castagnoli)))
}

// anonymous returns a copy of the batch without an idempotent producer.
func (b batch) anonymous() batch {
	b = append(batch(nil), b...)
	binary.BigEndian.PutUint64(b[atProducerID:], 1<<64-1)
	binary.BigEndian.PutUint16(b[atProducerEpoch:], 1<<16-1)
	binary.BigEndian.PutUint32(b[atBaseSequence:], 1<<32-1)
	b.seal()
	return b
}

func nowMillis() int64 { return time.Now().UnixMilli() }

// refusal is why a batch may not be stored, as the producer is told.
type refusal struct {
	err     *kerr.Error
	message string
}

func refuse(err *kerr.Error, message string) *refusal { return &refusal{err: err, message: message} }

// parseBatch checks all that kfake and Apache Kafka check of a batch before they append it: what passes here must not be
// refused later, when it is in the bucket already.
func parseBatch(raw []byte, maxBytes int) (batch, *refusal) {
	if len(raw) > maxBytes {
		return nil, refuse(kerr.MessageTooLarge, "the batch is larger than max.message.bytes allows")
	}
	if len(raw) < batchHeaderBytes {
		return nil, refuse(kerr.CorruptMessage, "the batch is shorter than its header")
	}
	b := batch(raw)
	attributes := b.attributes()
	switch {
	case b[atMagic] != 2:
		return nil, refuse(kerr.UnsupportedForMessageFormat, "only record batches of version 2 are stored")
	case int(int32(binary.BigEndian.Uint32(b[atLength:]))) != len(b)-atLeaderEpoch:
		return nil, refuse(kerr.CorruptMessage, "the length is not that of one batch")
	case binary.BigEndian.Uint32(b[atCRC:]) != crc32.Checksum(b[atAttributes:], crc32.MakeTable(crc32.Castagnoli)):
		return nil, refuse(kerr.CorruptMessage, "the checksum is wrong")
	case b.baseOffset() != 0:
		return nil, refuse(kerr.CorruptMessage, "the base offset of a new batch is 0")
	case b.control():
		return nil, refuse(kerr.InvalidRecord, "clients may not send control batches")
	case attributes&codecMask > lastCodec:
		return nil, refuse(kerr.CorruptMessage, "the compression codec does not exist")
	case b.count() < 1 || b.lastOffsetDelta() != b.count()-1:
		return nil, refuse(kerr.InvalidRecord, "the count of records and the last offset delta disagree")
	case b.transactional() && b.producerID() < 0:
		return nil, refuse(kerr.InvalidProducerIDMapping, "a transactional batch needs a producer id")
	}
	return b, nil
}
