package ledger

import "encoding/binary"

// scans goes through the claims of all partitions: of many at a time, quietly, and then, one after the other, once more through those in
// which there is something to tell, so that it is always told in the same order.
func (j *judging) scans() {
	if len(j.finals) == 0 {
		return // nothing is shown, and nothing can be called lost
	}
	for _, p := range j.producers {
		p.plain = p.explained.IsEmpty() && p.duplicated.IsEmpty()
	}
	loud := make([]bool, len(j.parts))
	parallel(len(j.parts), func(i int) {
		v := j.parts[i]
		v.p.mu.Lock()
		defer v.p.mu.Unlock()
		loud[i] = j.scan(v, true)
	})
	for i, v := range j.parts {
		v.p.mu.Lock()
		j.keyReorder(v)
		if loud[i] {
			j.scan(v, false)
		}
		j.survivors(v)
		v.p.mu.Unlock()
	}
}

// scan goes once through the claims of a partition and applies the rules that look at each; the caller holds its lock. A quiet one
// changes nothing but the partition's view, and tells whether there would have been anything to tell.
func (j *judging) scan(v *partView, quiet bool) (loud bool) {
	s := &scanner{
		j: j, v: v, order: newLogOrder(j, v), shown: newBitPages(v.shown), unproven: setOf(0, 0), quiet: quiet,
		rewritten: !v.rewritten.IsEmpty(),
	}
	v.p.claims.forms(func(number int64, compact []byte, cells *page) bool {
		switch {
		case cells != nil:
			s.page(number<<pageBits, cells)
		case !s.runs(number<<pageBits, compact):
			unseal(compact, &s.cells)
			s.page(number<<pageBits, &s.cells)
		}
		return !s.loud
	})
	confirmed := v.shown.Clone()
	confirmed.AndNot(s.unproven)
	confirmed.AndNot(v.rewritten)
	v.confirmed = set{bits: confirmed}
	return s.loud
}

// scanner is one way through the claims of a partition.
type scanner struct {
	j         *judging
	v         *partView
	order     *logOrder
	shown     bitPages
	rewritten bool    // of some offsets claims are out of date
	unproven  *bitmap // offsets at which final reads show a record that was not acked there
	cells     page

	quiet, loud bool
}

// page goes through an open page, whose first offset is given.
func (s *scanner) page(base int64, cells *page) {
	shown, _ := s.shown.of(base)
	for i, c := range cells {
		if c == 0 {
			continue
		}
		offset := base + int64(i)
		if s.rewritten && s.v.rewritten.Contains(uint64(offset)) {
			continue // what claims say of it is out of date
		}
		acked, read := c&^flagRead, c&^flagAcked
		if c.flags() != 3 {
			acked, read = split(c, s.v.p.other.peek(offset))
		}
		s.claim(offset, acked, read, shown[i/64]>>(i%64)&1 != 0 && read != 0)
		if s.loud {
			return
		}
	}
}

// claim looks at what is claimed of one offset; shown says that a final read shows a record there.
func (s *scanner) claim(offset int64, acked, read cell, shown bool) {
	same := shown && acked != 0 && acked.serial() == read.serial()
	if acked != 0 && !same {
		if s.loud = s.quiet; s.quiet {
			return
		}
		s.j.unconfirmed(s.v, offset, acked.serial())
	}
	if shown && !same {
		s.unproven.Add(uint64(offset))
	}
	if shown {
		s.next(offset, read.serial(), same)
	}
}

func (s *scanner) next(offset int64, serial Serial, acked bool) {
	if s.order.next(offset, serial, acked) {
		return
	}
	if s.loud = s.quiet; !s.quiet {
		s.order.tell(offset, serial, acked)
	}
}

// runs goes through a sealed page without opening it, if it is full of runs of records that were acked and that final reads show. It
// tells whether it did.
func (s *scanner) runs(base int64, compact []byte) bool {
	if compact[0] != flagsUniform || compact[1] != (flagAcked|flagRead).flags() || s.rewritten {
		return false
	}
	if _, full := s.shown.of(base); !full {
		return false
	}
	from := compact[2:]
	runs, n := binary.Uvarint(from)
	from = from[n:]
	for range runs {
		var r serialRun
		r, from = nextRun(from)
		s.run(base, r)
		base += int64(r.length)
	}
	return true
}

// run goes through neighbouring records, all of them shown where they were acked.
func (s *scanner) run(offset int64, r serialRun) {
	if s.order.nextRun(r) {
		return
	}
	for i := range r.length {
		s.next(offset+int64(i), r.first+Serial(int64(i)*r.stride), true)
	}
}

// unconfirmed is a record that no final read shows where its ack says: it is lost, or elsewhere, or told by another rule.
func (j *judging) unconfirmed(v *partView, offset int64, s Serial) {
	p := j.producer(s)
	switch {
	case p.missing.Contains(s.Sequence()):
		p.missing.Remove(s.Sequence())
		j.lost(v, offset, s)
	case p.found.Contains(s.Sequence()):
		j.foundElsewhere(v, offset, s)
	}
}
