package ledger

// ABORTED_READ: a final read returns a record whose send definitely failed.
func (j *judging) abortedRead() {
	for _, p := range j.producers {
		each(p.aborted(), func(sequence int64) bool {
			s := p.serial(uint64(sequence))
			j.out.add(AbortedRead, func() Finding {
				f := Finding{Partition: -1, Offset: -1}
				if at := j.wanted[s]; at.v != nil {
					f = at.v.about(at.offset)
				}
				f = j.record(f, s)
				f.Detail = "its send failed for good, yet a final read returns it"
				return f
			})
			return true
		})
	}
}

// aborted returns the failed records that were found.
func (p *producerView) aborted() *bitmap {
	all := p.failed.Clone()
	all.And(p.found)
	return all
}
