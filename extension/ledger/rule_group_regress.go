package ledger

import "fmt"

// GROUP_REGRESS: a committed offset goes back, or is lost: an answer is lower than what had been committed, and answered so, before it
// was asked for. Where two members own the partition, their commits go to and fro: GROUP_DOUBLE tells it.
func (j *judging) groupRegress() {
	log := &j.ledger.committed
	log.mu.Lock()
	defer log.mu.Unlock()
	told := int64(0)
	for _, r := range log.regress.kept {
		if j.doubled[r.committedPlace] {
			continue
		}
		told++
		j.out.add(GroupRegress, func() Finding {
			f := Finding{Topic: r.tp.Topic, Partition: r.tp.Partition, Offset: -1, Sequence: -1}.seen(r.who, r.answer)
			is := fmt.Sprintf("offset %d", r.value)
			if r.value < 0 {
				is = "nothing"
			}
			f.Detail = fmt.Sprintf("group %q had committed offset %d (%s, answered at %s); asked after that, at %s, it has committed %s",
				r.group, r.highest, r.by, stamp(r.committed), stamp(r.asked), is)
			return f
		})
	}
	if told > 0 {
		j.out.fold(GroupRegress, TopicPartition{}, log.regress.total-int64(len(log.regress.kept)))
	}
}
