package ledger

import (
	"fmt"
	"time"
)

// overtaking is an ack at an offset below one that had been acked before the send of its record began.
type overtaking struct {
	offset int64
	serial Serial
	began  time.Time
	above  int64
}

// overtook compares an ack with those that had come when its send began; the caller holds the lock.
func (p *partition) overtook(o *Outcome, began int64) {
	if above := p.reached.before(began); above.value > o.Offset {
		p.overtaken.add(overtaking{o.Offset, o.Serial, o.Began, above.value})
	}
}

// REALTIME_ORDER: a was acked before the send of b began, in the same partition, and yet a stands at the greater offset. Both must stand
// where their acks said: else another rule tells what is wrong. Where a producer's own order is broken, SEND_REORDER tells it, and where
// that of a key is, KEY_REORDER. Of the acks that had come, the frontier may know only an earlier one, so that an order broken within some
// milliseconds can be missed; it never knows too much.
func (j *judging) realtimeOrder(v *partView) {
	told := int64(0)
	for _, o := range v.p.overtaken.kept {
		a, b := v.standing(o.above), v.standing(o.offset)
		if a == 0 || b == 0 || b.serial() != o.serial || v.reordered[o.serial.Producer()] || v.keyReordered[o.serial.Producer()] {
			continue
		}
		told++
		j.out.add(RealtimeOrder, func() Finding {
			f := j.record(v.about(o.offset), o.serial)
			f.Time = stamp(o.began)
			f.Detail = fmt.Sprintf("its send began at %s, when %s had been acked at offset %d already, and yet it stands below, at offset %d",
				stamp(o.began), j.ledger.uuidOf(a.serial()), o.above, o.offset)
			return f
		})
	}
	if told > 0 {
		j.out.fold(RealtimeOrder, v.p.tp, v.p.overtaken.total-int64(len(v.p.overtaken.kept)))
	}
}

// standing gives the record that was acked at an offset and that final reads show there, or 0.
func (v *partView) standing(offset int64) cell {
	if !v.confirmed.contains(uint64(offset)) || v.differing.Contains(uint64(offset)) {
		return 0
	}
	acked, _ := v.p.views(offset)
	return acked
}
