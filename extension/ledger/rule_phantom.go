package ledger

// PHANTOM: a read shows a record with this run's identity that was never sent, or, in a topic that the run owns, one of another run
// or without identity. One without identity where a record of ours was acked or read is ours and CORRUPT.
func (j *judging) phantom(v *partView) {
	for _, o := range v.p.phantoms.kept {
		j.out.add(Phantom, func() Finding {
			f := v.about(o.offset)
			if o.identity.Kind == Unsent {
				f = j.record(f, o.identity.Serial)
				f.Detail = "bears the identity of this run, but was never sent"
			} else {
				f.Detail = "is of another run, in a topic that this run owns"
			}
			return f.seen(o.reader, o.at)
		})
	}
	j.out.fold(Phantom, v.p.tp, v.p.phantoms.total-int64(len(v.p.phantoms.kept)))
	each(v.anonymous, func(offset int64) bool {
		if !j.stripped(v, offset) {
			j.out.add(Phantom, func() Finding {
				f := v.anonymousAt(offset)
				f.Detail = "has no identity, in a topic that this run owns"
				return f
			})
		}
		return true
	})
}

// stripped tells whether a record without identity is one of ours that lost it.
func (j *judging) stripped(v *partView, offset int64) bool {
	acked, read := v.p.views(offset)
	if read != 0 {
		return true
	}
	return acked != 0 && !j.producer(acked.serial()).found.Contains(acked.serial().Sequence())
}

// anonymousAt starts a finding about a record without identity.
func (v *partView) anonymousAt(offset int64) Finding {
	for _, o := range v.p.anonymousSeen.kept {
		if o.offset == offset {
			return v.about(offset).seen(o.reader, o.at)
		}
	}
	return v.about(offset)
}
