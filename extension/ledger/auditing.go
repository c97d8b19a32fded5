package ledger

import (
	"fmt"
	"maps"
	"slices"
)

// audits judges each audit of the bucket, and doubts what it did not cover.
func (j *judging) audits() {
	j.ledger.mu.RLock()
	audits := j.ledger.audits
	j.ledger.mu.RUnlock()
	for _, a := range audits {
		failed := slices.Sorted(maps.Keys(a.failed.all()))
		for _, reason := range failed {
			j.doubt(AuditFailed, "the bucket was not audited: "+reason)
		}
		parts := a.parts.all()
		var gaps []string
		for _, v := range j.parts {
			part, ok := parts[v.p.tp]
			v.p.mu.Lock()
			if ok && part.complete {
				j.objectMismatch(v, part)
				j.ackWithoutBytes(v, part)
				j.beyondAudit(v, part)
			} else if v.p.highest >= 0 || ok {
				gaps = append(gaps, v.p.tp.String())
			}
			v.p.mu.Unlock()
		}
		if len(gaps) > 0 && len(failed) == 0 {
			j.doubt(AuditIncomplete, "the bucket was not read in full for "+j.list(gaps))
		}
	}
}

// beyondAudit doubts a comparison that had to leave something out.
func (j *judging) beyondAudit(v *partView, a *auditPart) {
	beyond := a.odd.beyond
	for _, f := range v.complete {
		beyond = beyond || f.odd.beyond
	}
	if beyond {
		j.doubt(AuditIncomplete, fmt.Sprintf("%s holds more than %d records that are not this run's: not all were compared", v.p.tp, maxOdd))
	}
}
