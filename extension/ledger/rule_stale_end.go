package ledger

import (
	"cmp"
	"fmt"
	"slices"
)

// STALE_END: an end offset that was answered does not cover a record that had been acked before the question and that final reads show
// at its acked offset; or, in the final phase, an end offset does not cover a record that this very read found. A partition and a
// source of answers make one finding.
func (j *judging) staleEnd(v *partView) {
	lines := map[string]*Finding{}
	var order []string
	tell := func(who string, end, offset int64, detail string) *Finding {
		if f, ok := lines[who]; ok {
			f.Count++
			return f
		}
		f := j.held(v, offset)
		f.Reader, f.Detail = who, fmt.Sprintf("%s answered end offset %d, though the record at offset %d %s", who, end, offset, detail)
		lines[who] = &f
		order = append(order, who)
		return &f
	}
	v.judgeAnswers(func(a staleAnswer, offset int64) {
		if f := tell(a.who, a.end, offset, "had been acked before the question and is there"); f.Time == "" {
			f.Time = stamp(a.at)
		}
	})
	for _, f := range v.p.finals {
		if f == nil || f.shown.empty() {
			continue
		}
		found := int64(f.shown.bitmap().Maximum())
		if end := f.end.Listed; f.ended && end >= 0 && end <= found {
			tell(fmt.Sprintf("final read %q: ListOffsets after it", f.name), end, found, "was found by that read")
		}
		if end := f.end.HighWatermark; f.ended && end >= 0 && end <= found {
			tell(fmt.Sprintf("final read %q: high watermark", f.name), end, found, "was found by that read")
		}
	}
	if n := v.p.staleBeyond; n > 0 && len(order) > 0 {
		lines[order[0]].Detail += fmt.Sprintf("; %d more low answers were not examined", n)
	} else if n > 0 {
		j.doubt(StaleEndUnjudged, fmt.Sprintf("%s: %d low answers for the end offset were too many to be examined", v.p.tp, n))
	}
	v.stale = len(order) > 0
	for _, who := range order {
		j.out.put(StaleEnd, *lines[who])
	}
}

// judgeAnswers visits the answers that are stale, with the greatest offset that each should have covered. One pass over the ack times
// serves all, for it only takes the greatest confirmed offset acked before each question.
func (v *partView) judgeAnswers(visit func(a staleAnswer, offset int64)) {
	answers := slices.Clone(v.p.stale)
	for _, f := range v.p.finals {
		if f != nil && f.begun && f.start.Listed >= 0 {
			who := fmt.Sprintf("final read %q: ListOffsets before it", f.name)
			answers = append(answers, staleAnswer{who: who, end: f.start.Listed, before: f.before})
		}
	}
	slices.SortStableFunc(answers, func(a, b staleAnswer) int { return cmp.Compare(a.before, b.before) })
	confirmed := v.confirmed.bitmap()
	cursor, greatest := ackCursor{}, int64(-1)
	for _, a := range answers {
		for r, ok := v.p.acks.next(&cursor, a.before); ok; r, ok = v.p.acks.next(&cursor, a.before) {
			greatest = max(greatest, greatestIn(confirmed, max(r.from, greatest+1), r.to))
		}
		if a.end <= greatest {
			visit(a, greatest)
		}
	}
}
