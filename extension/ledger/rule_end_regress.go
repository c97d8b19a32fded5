package ledger

import "fmt"

// END_REGRESS: a high watermark, last stable offset or log start offset is lower than one that had been shown, to anybody, before the
// question was asked. A partition, an end and a source of answers make one finding. Of the ends that had been shown by then only some
// are kept, so that one which goes back for some milliseconds can be missed; none is ever taken for greater than it was. Where records
// of the stretch by which an end went back are lost or rewritten, where LOST_SUFFIX tells that the log was cut, or STALE_END that ends
// are too low, that is the story, and it is not told again.
func (j *judging) endRegress(v *partView) {
	type line struct {
		kind endKind
		who  string
	}
	lines := map[line]*Finding{}
	var order []line
	for _, r := range v.p.regressions.kept {
		if v.explains(r) {
			continue
		}
		key := line{r.kind, r.who}
		if f, ok := lines[key]; ok {
			f.Count++
			continue
		}
		f := v.about(r.value).seen(r.who, j.ledger.timeOf(r.asked))
		f.Detail = fmt.Sprintf("%s: %s was shown %d, asked at %s, though %s had been shown %d by %s", r.kind, r.who, r.value,
			stamp(j.ledger.timeOf(r.asked)), r.before.who, r.before.value, stamp(j.ledger.timeOf(r.before.at)))
		lines[key] = &f
		order = append(order, key)
	}
	for _, key := range order {
		j.out.put(EndRegress, *lines[key])
	}
	if len(order) > 0 {
		j.out.fold(EndRegress, v.p.tp, v.p.regressions.total-int64(len(v.p.regressions.kept)))
	}
}

// explains tells whether another rule tells why an end went back.
func (v *partView) explains(r regression) bool {
	if r.kind == logStart {
		return false
	}
	if v.suffix || v.stale {
		return true
	}
	between := setOf(r.value, r.before.value)
	return between.AndCardinality(v.lost.bitmap()) > 0 || between.AndCardinality(v.rewritten) > 0 || between.AndCardinality(v.twoAcks) > 0
}
