package ledger

import "fmt"

// OFFSET_RESET: a reader of a group that has no committed offset, or whose offset is not in the log any more, is not sent where
// auto.offset.reset says (Kafka's consumer configuration; ListOffsets of the protocol). It breaks in four ways:
//   - earliest: the answer is above a record that had been acked before the question, and that the script had not begun to delete.
//   - latest: the answer is not above a record that had been acked before the question; or it is above one that was made after the answer.
//   - it is told that an offset is out of range, though the log has the record there, or the one before it.
//   - it is told of a committed offset, and nobody has ever tried to commit one for that group and partition: so one that asks for an error
//     (none) gets none, and one that asks for the end does not get there.
//
// All but the last go by records that final reads show where they were acked, or, where the script deleted them later, some reader. What
// was answered while something was disturbed is not judged: a leader that has just come may not know the end yet.
func (j *judging) offsetReset() {
	log := &j.ledger.resets
	log.mu.Lock()
	defer log.mu.Unlock()
	for _, v := range j.parts {
		v.p.mu.Lock()
		for i := range log.told {
			if r := &log.told[i]; r.TP == v.p.tp {
				j.resetMissed(v, r)
			}
		}
		v.p.mu.Unlock()
	}
	for _, c := range log.invented.kept {
		j.out.add(OffsetReset, func() Finding {
			f := Finding{Topic: c.tp.Topic, Partition: c.tp.Partition, Offset: -1, Sequence: -1}.seen(c.reader, c.at)
			f.Detail = fmt.Sprintf("group %q: it was told that offset %d is committed, so that %s does not apply, and nobody has committed any",
				c.group, c.offset, c.policy)
			return f
		})
	}
	j.out.fold(OffsetReset, TopicPartition{}, log.invented.total-int64(len(log.invented.kept)))
	if log.beyond > 0 {
		j.note("%d more readers began without an offset, and where they were sent was not judged", log.beyond)
	}
}

// resetMissed judges one answer; the caller holds the partition's lock.
func (j *judging) resetMissed(v *partView, r *resetTold) {
	tell := func(offset int64, detail string) {
		j.out.add(OffsetReset, func() Finding {
			f := j.held(v, offset).seen(r.Reader, r.at)
			f.Detail = fmt.Sprintf("group %q, which resets to the %s offset, %s", r.Group, r.Policy, detail)
			return f
		})
	}
	alone := j.ledger.alone() // another instance may have deleted records, too
	if at := r.Position; at >= 0 && at >= r.trimmed && !alone {
		for _, offset := range [...]int64{at, at - 1} {
			if offset <= r.highest && v.stood(offset) {
				tell(offset, fmt.Sprintf("was told that offset %d is out of range, and the log had this record", at))
				return
			}
		}
	}
	last := min(r.highest, max(v.reached, v.p.trimmed)) // an ack may have named any offset
	switch r.Policy {
	case ResetEarliest:
		for offset := r.trimmed; offset < min(r.answered, last+1) && !alone; offset++ {
			if v.stood(offset) {
				tell(offset, fmt.Sprintf("was sent to offset %d, above this record, which was there", r.answered))
				return
			}
		}
	case ResetLatest:
		for offset := last; offset >= max(r.answered, 0); offset-- {
			if v.stood(offset) {
				tell(offset, fmt.Sprintf("was sent to offset %d, and this record had been acked, at %s, before it asked",
					r.answered, v.ackTime(offset)))
				return
			}
		}
		for offset := r.highest + 1; offset < min(r.answered, v.reached+1); offset++ {
			if acked, _ := v.p.views(offset); v.stood(offset) && r.madeLater(j.roster.of(acked.serial().Producer()), acked.serial()) {
				tell(offset, fmt.Sprintf("was sent to offset %d, above this record, which was made after that, at %s", r.answered, stamp(r.at)))
				return
			}
		}
	}
}

// stood says that a record was acked at an offset and is there, or was until the script deleted it: then somebody has read it there.
func (v *partView) stood(offset int64) bool {
	if offset < 0 || offset >= v.p.trimmed {
		return offset >= 0 && v.standing(offset) != 0
	}
	acked, read := v.p.views(offset)
	return acked != 0 && acked.serial() == read.serial() && read != 0 && !v.differing.Contains(uint64(offset))
}

// madeLater says that the record was made after the answer. Of what other instances have made nobody can say when.
func (r *resetTold) madeLater(by *Producer, s Serial) bool {
	return by != nil && !by.sibling && (by.index >= len(r.next) || s.Sequence() >= r.next[by.index])
}
