package ledger

import "fmt"

// SEND_REORDER: in the log, the first occurrences of the acked records of one producer that promises order do not have increasing
// sequences. Records told by TWO_ACKS or INCONSISTENT_OFFSET, and duplicates in other partitions, are left out. Where KEY_REORDER tells of
// the producer and partition, it is not told again.

// logOrder follows one partition in the order of offsets.
type logOrder struct {
	j    *judging
	v    *partView
	last []Serial // per producer: the greatest so far, +1
}

func newLogOrder(j *judging, v *partView) *logOrder {
	return &logOrder{j: j, v: v, last: make([]Serial, len(j.producers))}
}

// next takes the record that final reads show at the next offset, and tells whether it stands in its order; acked says that it was acked
// there.
func (o *logOrder) next(offset int64, s Serial, acked bool) bool {
	p := o.j.producer(s)
	if !p.options.Ordered || (!acked || !p.plain) && !o.counts(p, offset, s, acked) {
		return true
	}
	last := o.lastOf(s)
	if s < *last {
		return false
	}
	*last = s + 1
	return true
}

// nextRun takes records that all were acked where final reads show them, if nothing is to be said of any of them, and tells whether it did.
func (o *logOrder) nextRun(r serialRun) bool {
	p := o.j.producer(r.first)
	if !p.options.Ordered {
		return true
	}
	last := o.lastOf(r.first)
	if !p.plain || r.stride <= 0 && r.length > 1 || r.first < *last {
		return false
	}
	*last = r.first + Serial(int64(r.length-1)*r.stride) + 1
	return true
}

func (o *logOrder) lastOf(s Serial) *Serial { return &o.last[o.j.roster.of(s.Producer()).index] }

// tell tells of a record that does not stand in its order.
func (o *logOrder) tell(offset int64, s Serial, acked bool) {
	if o.v.keyReordered[s.Producer()] {
		return
	}
	before := *o.lastOf(s) - 1
	o.v.reordered[s.Producer()] = true
	o.j.out.add(SendReorder, func() Finding {
		f := o.j.record(o.v.about(offset), s)
		if acked {
			f.Time = o.v.ackTime(offset)
		}
		f.Detail = fmt.Sprintf("sequence %d stands behind sequence %d of the same producer", s.Sequence(), before.Sequence())
		return f
	})
}

// counts tells whether the record at this offset takes part.
func (o *logOrder) counts(p *producerView, offset int64, s Serial, acked bool) bool {
	sequence := s.Sequence()
	if !acked && !p.acked.Contains(sequence) {
		return false
	}
	if p.explained.Contains(sequence) {
		return false
	}
	return !p.duplicated.Contains(sequence) || o.j.firstCopy(o.v, offset, s)
}
