package ledger

import "encoding/binary"

// murmur2 is the 32-bit hash by which Kafka's Java client chooses the partition of a key (org.apache.kafka.common.utils.Utils).
func murmur2(data []byte) int32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
		r    = 24
	)
	h := uint32(seed) ^ uint32(len(data))
	for ; len(data) >= 4; data = data[4:] {
		k := binary.LittleEndian.Uint32(data) * m
		k = (k ^ k>>r) * m
		h = h*m ^ k
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(data[0])) * m
	}
	h = (h ^ h>>13) * m
	return int32(h ^ h>>15)
}

// partitionOf returns where Java's default partitioner puts a record with this key.
func partitionOf(key []byte, partitions int32) int32 { return (murmur2(key) & 0x7fffffff) % partitions }
