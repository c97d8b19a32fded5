package ledger

// CORRUPT: a read shows a record that differs from what was sent in checksum, length, key, headers or UUID, or one that lost its
// identity altogether where one of ours was acked or read.
func (j *judging) corrupt(v *partView) {
	for _, o := range v.p.corruptions.kept {
		j.out.add(CorruptRecord, func() Finding {
			f := v.about(o.offset)
			if o.identity.Known {
				f = j.record(f, o.identity.Serial)
			}
			f.Detail = "differs from what was sent: " + string(o.identity.Why)
			return f.seen(o.reader, o.at)
		})
	}
	j.out.fold(CorruptRecord, v.p.tp, v.p.corruptions.total-int64(len(v.p.corruptions.kept)))
	each(v.anonymous, func(offset int64) bool {
		if j.stripped(v, offset) {
			j.out.add(CorruptRecord, func() Finding {
				seen, f := v.anonymousAt(offset), j.held(v, offset)
				f.Reader, f.Time = seen.Reader, seen.Time
				f.Detail = "differs from what was sent: it has no identity where this record was acked or read"
				return f
			})
		}
		return true
	})
}
