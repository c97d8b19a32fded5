package ledger

import "fmt"

// OFFSET_MISMATCH: an acked record is found, but not where its ack said. An ack without offset (−1) counts if the record was never
// retried, for then nothing excuses it. Where TWO_ACKS or INCONSISTENT_OFFSET tell the story of the offset or of the record, it is
// not told again.

// foundElsewhere notes a record that was acked at an offset, and that final reads show, but not there.
func (j *judging) foundElsewhere(v *partView, offset int64, s Serial) {
	p := j.producer(s)
	if v.corrupt.Contains(uint64(offset)) || v.differing.Contains(uint64(offset)) || p.explained.Contains(s.Sequence()) {
		return
	}
	p.mismatched.Add(s.Sequence())
	v.mismatched.add(uint64(offset))
	if len(j.mismatches) >= j.evidenceOf(OffsetMismatch) {
		j.beyond++
		return
	}
	j.mismatches = append(j.mismatches, ackedAt{s, place{v, offset}})
	j.wanted[s] = place{}
}

// unexcused returns the records that were acked with offset −1 though never retried, and found.
func (p *producerView) unexcused() *bitmap {
	all := p.bare.Clone()
	all.And(p.found)
	all.AndNot(p.explained)
	return all
}

func (j *judging) offsetMismatch() {
	for _, m := range j.mismatches {
		j.out.add(OffsetMismatch, func() Finding {
			m.v.p.mu.Lock()
			defer m.v.p.mu.Unlock()
			f := j.record(m.v.about(m.offset), m.serial)
			f.Time = m.v.ackTime(m.offset)
			f.Detail = fmt.Sprintf("acked at %s offset %d, but found at %s", m.v.p.tp, m.offset, j.whereabouts(m.serial))
			return f
		})
	}
	j.out.fold(OffsetMismatch, TopicPartition{}, j.beyond)
	for _, p := range j.producers {
		each(p.unexcused(), func(sequence int64) bool {
			s := p.serial(uint64(sequence))
			j.out.add(OffsetMismatch, func() Finding {
				f := j.record(Finding{Partition: -1, Offset: -1}, s)
				if at := j.wanted[s]; at.v != nil {
					f = j.record(at.v.about(at.offset), s)
				}
				f.Detail = "acked with offset −1, though never retried; found at " + j.whereabouts(s)
				return f
			})
			return true
		})
	}
}

// whereabouts says where a wanted record stands.
func (j *judging) whereabouts(s Serial) string {
	at := j.wanted[s]
	if at.v == nil {
		return "an offset at which reads differ"
	}
	return fmt.Sprintf("%s offset %d", at.v.p.tp, at.offset)
}
