package ledger

import "fmt"

// INCONSISTENT_OFFSET: two reads, by live readers or final reads, show different records at one offset, or one of two complete final
// reads shows a record at an offset, which both covered, at which the other shows none. Where REWRITE tells what became of an offset, it
// is not told again. Corrupt records and records that are not this
// run's have rules of their own.
func (j *judging) inconsistentOffset(v *partView) {
	told := v.rewritten.Clone()
	for _, d := range v.p.differences.kept {
		if !told.CheckedAdd(uint64(d.offset)) {
			continue
		}
		j.out.add(InconsistentOffset, func() Finding {
			f := j.record(v.about(d.offset), d.later).seen(d.reader, d.at)
			f.Detail = fmt.Sprintf("%s shows this record at offset %d, an earlier read showed %s there", d.reader, d.offset,
				j.ledger.uuidOf(d.earlier))
			return f
		})
	}
	each(v.uneven, func(offset int64) bool {
		if told.CheckedAdd(uint64(offset)) {
			j.out.add(InconsistentOffset, func() Finding {
				f := j.held(v, offset)
				f.Detail = v.unevenAt(offset)
				return f
			})
		}
		return true
	})
	rest := v.differing.Clone()
	rest.AndNot(told)
	// where all that is kept of differences is of offsets that are told of already, how these changed is known, too
	each(rest.Clone(), func(offset int64) bool {
		c := v.p.changes[offset]
		if c == nil {
			return true
		}
		rest.Remove(uint64(offset))
		j.out.add(InconsistentOffset, func() Finding {
			f := j.record(v.about(offset), c.later).seen(c.reader, c.at)
			f.Detail = fmt.Sprintf("%s shows this record at offset %d, an earlier read showed %s there", c.reader, offset, j.ledger.uuidOf(c.first))
			return f
		})
		return true
	})
	j.out.fold(InconsistentOffset, v.p.tp, int64(rest.GetCardinality()))
}

// unevenAt names a read that returns something at an offset and one that does not.
func (v *partView) unevenAt(offset int64) string {
	var with, without string
	for _, f := range v.covering {
		if f.returned.contains(uint64(offset)) {
			with = f.name
		} else if offset < f.end.Reached {
			without = f.name
		}
	}
	return fmt.Sprintf("final read %q shows this record at offset %d, final read %q shows nothing there", with, offset, without)
}
