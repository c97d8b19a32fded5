package ledger

import (
	"fmt"
	"maps"
	"slices"
)

// LOST_ACKED: an acked record, or one acked without offset, is in none of two complete final reads, and its acked offset lies below
// the end of the log. LOST_SUFFIX: the same, but its acked offset is at or above the end that the final reads reached. A lost record
// raises one of the two. It is not lost if a final read shows a corrupt record that bears its identity or stands in its place
// (CORRUPT), if REWRITE tells of its offset, if the script deleted it, or as long as fewer than two final reads are complete (a doubt).

// losable tells whether a record that was acked at this offset, and is in no final read, is lost.
func (v *partView) losable(offset int64) bool {
	at := uint64(offset)
	replaced := v.corrupt.Contains(at) || v.anonymous.Contains(at) && v.returned.Contains(at)
	return !replaced && offset >= v.p.trimmed && len(v.complete) >= 2
}

// lost judges a record that was acked at an offset and is in no final read.
func (j *judging) lost(v *partView, offset int64, s Serial) {
	if !v.losable(offset) {
		return
	}
	v.lost.add(uint64(offset))
	if v.rewritten.Contains(uint64(offset)) {
		return // REWRITE tells what became of the offset
	}
	if offset >= v.reached {
		v.suffix = true
		j.out.add(LostSuffix, func() Finding {
			f := j.record(v.about(offset), s)
			f.Time, f.Detail = v.ackTime(offset), fmt.Sprintf("acked at offset %d, but the log ends at %d", offset, v.reached)
			return f
		})
		return
	}
	j.out.add(LostAcked, func() Finding {
		f := j.record(v.about(offset), s)
		f.Time = v.ackTime(offset)
		f.Detail = fmt.Sprintf("acked at offset %d, and in none of %d complete final reads that reached %d", offset, len(v.complete), v.reached)
		if offset < v.low {
			f.Detail += fmt.Sprintf("; the log starts at %d, and the script deleted nothing", v.low)
		}
		return f
	})
}

// lostElsewhere judges the lost records whose offset no claim holds: the later ones of two acks, and those acked without offset.
func (j *judging) lostElsewhere() {
	for _, v := range j.parts {
		v.p.mu.Lock()
		for _, clash := range v.p.clashes.kept {
			if p := j.producer(clash.second); p.missing.Contains(clash.second.Sequence()) {
				p.missing.Remove(clash.second.Sequence())
				j.lost(v, clash.offset, clash.second)
			}
		}
		for _, number := range slices.Sorted(maps.Keys(v.p.suspicious)) {
			p := j.producer(newSerial(number, 0))
			lost := v.p.suspicious[number].copy()
			lost.And(p.missing)
			p.missing.AndNot(lost)
			each(lost, func(sequence int64) bool {
				j.lostUnplaced(v, p.serial(uint64(sequence)))
				return true
			})
		}
		v.p.mu.Unlock()
	}
	for _, p := range j.producers {
		each(p.missing, func(sequence int64) bool {
			j.lostUnplaced(nil, p.serial(uint64(sequence)))
			return true
		})
	}
}

// lostUnplaced judges a lost record of unknown offset, and of unknown partition if v is nil.
func (j *judging) lostUnplaced(v *partView, s Serial) {
	f := Finding{Partition: -1, Offset: -1}
	among := j.parts
	if v != nil {
		f = v.about(-1)
		among = []*partView{v}
	}
	for _, one := range among {
		if one.concerns && (len(one.complete) < 2 || one.p.trimmed > 0) {
			return
		}
	}
	j.out.add(LostAcked, func() Finding {
		f = j.record(f, s)
		f.Detail = "acked without an offset of its own, and in none of the complete final reads"
		return f
	})
}
