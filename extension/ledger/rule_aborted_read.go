package ledger

// ABORTED_READ: a final read returns a record whose send definitely failed; or one of what is committed (isolation.level=read_committed,
// KIP-98) returns a record of a transaction that was aborted. Who reads all may be shown what was aborted.
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
				if p.txns.aborted.Contains(s.Sequence()) {
					f.Detail = "its transaction was aborted, yet a final read of what is committed returns it"
				}
				return f
			})
			return true
		})
	}
}

// aborted returns the failed records that were found, and those of aborted transactions that are shown as committed.
func (p *producerView) aborted() *bitmap {
	all := p.failed.Clone()
	all.And(p.found)
	shown := p.txns.visible.Clone()
	shown.And(p.txns.aborted)
	all.Or(shown)
	return all
}
