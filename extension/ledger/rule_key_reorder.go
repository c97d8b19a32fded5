package ledger

import (
	"fmt"
	"maps"
	"slices"
)

// KEY_REORDER: records of one key of a topic do not stand in the order in which they were acked: of one producer that promises order, a
// later one stands below an earlier one; or, of any producers, one was acked before the send of the other began, and yet stands above it.
// That all records of one key go to one partition, and that whoever reads a partition gets them in the order in which they were written, is
// in the documentation of Apache Kafka (Introduction, Main Concepts and Terminology). Both must stand where their acks said, and in one
// partition: PARTITIONER tells of a key that went to two. Of that producer and partition SEND_REORDER and REALTIME_ORDER are silent then;
// they tell where keys differ, or where there is none.
func (j *judging) keyReorder(v *partView) {
	for _, producer := range slices.Sorted(maps.Keys(v.p.swaps)) {
		swaps := v.p.swaps[producer]
		if told := j.keySwaps(v, swaps.kept); told > 0 {
			v.keyReordered[producer] = true
			j.out.fold(KeyReorder, v.p.tp, swaps.total-int64(len(swaps.kept)))
		}
	}
}

// keySwaps tells of those records of a producer of which no other rule does, and counts them.
func (j *judging) keySwaps(v *partView, swaps []keySwap) (told int) {
	for _, o := range swaps {
		if !j.stands(v, o.offset, o.serial) || !j.stands(v, o.other, o.from) {
			continue
		}
		told++
		j.out.add(KeyReorder, func() Finding {
			f := j.record(v.about(o.offset), o.serial)
			f.Time = v.ackTime(o.offset)
			f.Detail = fmt.Sprintf("stands behind sequence %d of the same producer and key, at offset %d", o.from.Sequence(), o.other)
			if o.late {
				f.Detail = fmt.Sprintf("its send began when %s, of the same key, had been acked at offset %d, and yet it stands below that",
					j.ledger.uuidOf(o.from), o.other)
			}
			return f
		})
	}
	return told
}

// stands tells whether a record stands where it was acked, and no other rule tells of its place.
func (j *judging) stands(v *partView, offset int64, s Serial) bool {
	acked, read := v.p.views(offset)
	return acked != 0 && acked.serial() == s && read != 0 && read.serial() == s && v.shown.Contains(uint64(offset)) && !v.disputed(offset) &&
		(&logOrder{j: j, v: v}).counts(j.producer(s), offset, s, true)
}
