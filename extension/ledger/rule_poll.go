package ledger

import (
	"fmt"
	"slices"
)

// POLL_SKIP: within one session of a reader, offsets jump over records that the final reads returned. Holes that no read fills, such
// as transaction markers, are legal. POLL_BACK: within one session, the next offset is not above the last.
func (j *judging) polls() {
	l := j.ledger
	l.mu.RLock()
	readers := l.readers
	l.mu.RUnlock()
	for _, r := range readers {
		r.mu.Lock()
		for _, v := range j.parts {
			if f, ok := r.parts[v.p.tp]; ok {
				v.p.mu.Lock()
				j.pollSkip(r, v, f)
				j.pollBack(r, v, f)
				v.p.mu.Unlock()
			}
		}
		r.mu.Unlock()
	}
}

func (j *judging) pollSkip(r *Reader, v *partView, f *following) {
	skipped := f.jumped.copy()
	if r.committed { // what is not committed is legally jumped over, and what is and is never shown is told by TORN_TXN
		skipped.And(v.p.committed.shown.bitmap())
	} else {
		skipped.And(v.returned)
	}
	each(skipped, func(offset int64) bool {
		j.out.add(PollSkip, func() Finding {
			line := j.held(v, offset)
			line.Reader = r.name
			line.Detail = "the reader went past this record, which the final reads return"
			i := slices.IndexFunc(f.jumps.kept, func(s jump) bool { return s.from < offset && offset < s.to })
			if i >= 0 {
				step := f.jumps.kept[i]
				line.Time = stamp(step.at)
				line.Detail = fmt.Sprintf("the reader went from offset %d to %d past this record, which the final reads return", step.from, step.to)
			}
			return line
		})
		return true
	})
}

func (j *judging) pollBack(r *Reader, v *partView, f *following) {
	for _, step := range f.backs.kept {
		j.out.add(PollBack, func() Finding {
			line := j.held(v, step.to).seen(r.name, step.at)
			line.Detail = fmt.Sprintf("the reader was given offset %d after %d, without rebalance or seek", step.to, step.from)
			return line
		})
	}
	j.out.fold(PollBack, v.p.tp, f.backs.total-int64(len(f.backs.kept)))
}
