package ledger

import "fmt"

// TWO_ACKS: two records were acked at one offset of a partition.
func (j *judging) twoAcks(v *partView) {
	for _, clash := range v.p.clashes.kept {
		j.out.add(TwoAcks, func() Finding {
			f := j.record(v.about(clash.offset), clash.second)
			f.Time = stamp(clash.at)
			f.Detail = fmt.Sprintf("acked at offset %d, at which %s had been acked before", clash.offset, j.ledger.uuidOf(clash.first))
			return f
		})
	}
	j.out.fold(TwoAcks, v.p.clashes.total-int64(len(v.p.clashes.kept)))
}
