package ledger

// scan goes once through the claims of a partition and applies the rules that look at each.
func (j *judging) scan(v *partView) {
	order := newLogOrder(j, v)
	v.eachClaim(func(offset int64, acked, read cell) {
		if v.rewritten.Contains(uint64(offset)) {
			return // what claims say of it is out of date
		}
		shown := read != 0 && v.shown.Contains(uint64(offset))
		switch {
		case acked == 0:
		case shown && acked.serial() == read.serial():
			v.confirmed.add(uint64(offset))
		default:
			j.unconfirmed(v, offset, acked.serial())
		}
		if shown {
			order.next(offset, read.serial(), acked != 0 && acked.serial() == read.serial())
		}
	})
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
