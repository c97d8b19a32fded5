package ledger

import (
	"fmt"
	"slices"
)

// ACK_IN_OUTAGE: the first send of a record began in a total write outage of object storage, and it was acked before that ended, both by a
// margin: nobody can have stored it. Where there is such an ack, it tells of all that were acked before the bytes in outages, those within
// the margin included: these raise no ACK_WITHOUT_BYTES. But where acks come before the bytes outside of outages, too, that one thing is
// what is broken, and ACK_WITHOUT_BYTES tells it of all of them. What is lost is told by LOST_ACKED. Acks without an offset are left out.
func (j *judging) ackInOutage() {
	if !j.ledger.outages.any.Load() {
		return
	}
	for _, v := range j.parts {
		v.p.mu.Lock()
		v.inOutage = v.p.inOutage.copy()
		v.p.acks.runs(v.p.acks.cut(), func(r ackRun) {
			if !v.inOutage.IsEmpty() && j.ledger.outages.ending(microTime(r.at)) {
				v.inOutage.RemoveRange(uint64(r.from), uint64(r.to))
			}
		})
		v.inOutage.AndNot(v.lost.bitmap())
		v.p.mu.Unlock()
	}
	certain := slices.ContainsFunc(j.parts, func(v *partView) bool { return !v.inOutage.IsEmpty() })
	outside := j.earlyOutsideOutages()
	j.eachEarly(func(v *partView, early *bitmap, _ int64) {
		if outside {
			v.inOutage.AndNot(early)
		} else if certain {
			v.earlyTold.Or(early)
		}
	})
	for _, v := range j.parts {
		v.p.mu.Lock()
		j.tellAcksInOutage(v)
		v.p.mu.Unlock()
	}
}

// earlyOutsideOutages tells whether acks come before the bytes where storage takes writes, too.
func (j *judging) earlyOutsideOutages() (found bool) {
	j.eachEarly(func(_ *partView, early *bitmap, at int64) {
		found = found || !early.IsEmpty() && !j.ledger.outages.near(microTime(at))
	})
	return found
}

// eachEarly visits the offsets that were acked, at a time in microseconds, before the object that covers them was written, as complete
// audits tell.
func (j *judging) eachEarly(visit func(v *partView, early *bitmap, at int64)) {
	for _, v := range j.parts {
		v.p.mu.Lock()
		for _, a := range j.auditsOf(v) {
			if a.complete {
				j.earlyAcks(v, a, func(early *bitmap, at int64, _ cover) { visit(v, early, at) })
			}
		}
		v.p.mu.Unlock()
	}
}

func (j *judging) tellAcksInOutage(v *partView) {
	told := int64(0)
	for _, a := range v.p.outageAcks.kept {
		if !v.inOutage.Contains(uint64(a.offset)) {
			continue
		}
		told++
		j.out.add(AckInOutage, func() Finding {
			f := j.record(v.about(a.offset), a.serial)
			f.Time = stamp(a.at)
			f.Detail = fmt.Sprintf("storage has taken no write since %s; this record was first sent at %s, and acked at offset %d",
				stamp(a.outageFrom), stamp(a.began), a.offset)
			return f
		})
	}
	j.out.fold(AckInOutage, v.p.tp, int64(v.inOutage.GetCardinality())-told)
}
