package ledger

import "fmt"

// SEND_REORDER: in the log, the first occurrences of the acked records of one producer that promises order do not have increasing
// sequences. Records told by TWO_ACKS or INCONSISTENT_OFFSET, and duplicates in other partitions, are left out.

// logOrder follows one partition in the order of offsets.
type logOrder struct {
	j    *judging
	v    *partView
	last []Serial // per producer: the greatest so far, +1
}

func newLogOrder(j *judging, v *partView) *logOrder {
	return &logOrder{j: j, v: v, last: make([]Serial, len(j.producers))}
}

// next takes the record that final reads show at the next offset; acked says that it was acked there.
func (o *logOrder) next(offset int64, s Serial, acked bool) {
	p := o.j.producer(s)
	if !p.options.Ordered || !o.counts(p, offset, s, acked) {
		return
	}
	last := &o.last[o.j.roster.of(s.Producer()).index]
	if s >= *last {
		*last = s + 1
		return
	}
	before := *last - 1
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
