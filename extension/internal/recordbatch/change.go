package recordbatch

import (
	"encoding/binary"
	"slices"
)

// Anonymous returns a copy of the batch without an idempotent producer and outside of transactions.
func (b Batch) Anonymous() Batch {
	b = slices.Clone(b)
	binary.BigEndian.PutUint64(b[atProducerID:], 1<<64-1)
	binary.BigEndian.PutUint16(b[atProducerEpoch:], 1<<16-1)
	binary.BigEndian.PutUint32(b[atBaseSequence:], 1<<32-1)
	binary.BigEndian.PutUint16(b[atAttributes:], uint16(b.Attributes())&^TransactionalBit)
	b.Seal()
	return b
}

// Renumbered returns a copy of the batch with another first sequence number.
func (b Batch) Renumbered(sequence int32) Batch {
	b = slices.Clone(b)
	binary.BigEndian.PutUint32(b[atBaseSequence:], uint32(sequence))
	b.Seal()
	return b
}

// Broken returns a copy of the batch whose checksum is wrong.
func (b Batch) Broken() Batch {
	b = slices.Clone(b)
	binary.BigEndian.PutUint32(b[atCRC:], ^b.Checksum())
	return b
}

// Placed returns a copy of the batch as it stands in the log. Neither field is under the checksum.
func (b Batch) Placed(base int64, leaderEpoch int32) Batch {
	return b.AppendPlaced(nil, base, leaderEpoch)
}

// AppendPlaced appends the batch as it stands in the log to dst.
func (b Batch) AppendPlaced(dst []byte, base int64, leaderEpoch int32) []byte {
	from := len(dst)
	dst = append(dst, b...)
	binary.BigEndian.PutUint64(dst[from:], uint64(base))
	binary.BigEndian.PutUint32(dst[from+atLeaderEpoch:], uint32(leaderEpoch))
	return dst
}

// SetLastOffsetDelta changes the batch itself; Seal has to follow.
func (b Batch) SetLastOffsetDelta(delta int32) {
	binary.BigEndian.PutUint32(b[atLastOffsetDelta:], uint32(delta))
}

// Seal computes the length and the checksum of the batch itself anew.
func (b Batch) Seal() {
	binary.BigEndian.PutUint32(b[atLength:], uint32(len(b)-atLeaderEpoch))
	binary.BigEndian.PutUint32(b[atCRC:], b.Checksum())
}
