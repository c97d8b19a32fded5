package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// REWRITE: what an offset held changed after it had been read or acked: a read showed one record there, and all later reads, two final
// ones among them, show another. That the first record stood there must be certain: its ack said so too, or it is in no final read any
// more; one that stands elsewhere may have been shown there by mistake, which is INCONSISTENT_OFFSET. So is what was acked there before:
// then nothing changed. Where the first record was acked and never read, REWRITE needs an object that was overwritten, as that offset is
// LOST_ACKED else. What it tells, LOST_ACKED, LOST_SUFFIX, TWO_ACKS, DUPLICATE and INCONSISTENT_OFFSET do not tell again.

// rewrites finds the offsets of which REWRITE tells, before any other rule looks at them.
func (j *judging) rewrites() {
	for _, v := range j.parts {
		if len(v.complete) < 2 {
			continue
		}
		v.p.mu.Lock()
		for offset, c := range v.p.changes {
			if c.settled() && j.stood(v, offset, c) {
				j.rewritten(v, offset, c.first, c.later)
			}
		}
		for _, o := range j.overwrites(v) {
			j.rewrittenByObject(v, o)
		}
		v.p.mu.Unlock()
	}
}

// stood tells whether the first record of a change certainly stood there, and before the later one.
func (j *judging) stood(v *partView, offset int64, c *change) bool {
	if claim := v.p.claims.get(offset); claim.serial() == c.later && claim.acked() {
		return false
	}
	if acked, _ := v.p.views(offset); acked != 0 && acked.serial() == c.first {
		return true
	}
	return !j.producer(c.first).found.Contains(c.first.Sequence())
}

// rewrittenByObject adds the offsets of an overwritten object whose acked record is in no final read, and at which another stands.
func (j *judging) rewrittenByObject(v *partView, o *overwrittenObject) {
	for offset := o.from; offset < o.to; offset++ {
		acked, read := v.p.views(offset)
		if acked != 0 && read != 0 && acked.serial() != read.serial() && v.shown.Contains(uint64(offset)) &&
			j.producer(acked.serial()).missing.Contains(acked.serial().Sequence()) {
			j.rewritten(v, offset, acked.serial(), read.serial())
		}
	}
}

func (j *judging) rewritten(v *partView, offset int64, before, after Serial) {
	v.rewritten.Add(uint64(offset))
	if first := j.producer(before); first.missing.Contains(before.Sequence()) {
		first.missing.Remove(before.Sequence())
		v.lost.add(uint64(offset))
	}
	for _, s := range [...]Serial{before, after} {
		j.producer(s).explained.Add(s.Sequence())
	}
}

func (j *judging) rewrite(v *partView) {
	each(v.rewritten, func(offset int64) bool {
		j.out.add(Rewrite, func() Finding {
			acked, read := v.p.views(offset)
			c := v.p.changes[offset]
			if c == nil {
				c = &change{first: acked.serial(), later: read.serial()}
			}
			f := j.record(v.about(offset), c.first).seen(c.reader, c.at)
			var past []string
			if acked != 0 && acked.serial() == c.first {
				past = append(past, "acked at "+v.ackTime(offset))
			}
			if who := j.readBefore(v, offset, c.at); who != "" {
				past = append(past, who)
			}
			f.Object = j.objectAt(v, offset)
			f.Detail = fmt.Sprintf("this record stood at offset %d (%s), and now %s stands there", offset, strings.Join(past, ", "),
				j.ledger.uuidOf(c.later))
			if c.reader != "" {
				f.Detail += fmt.Sprintf(": shown first to %s, and to all complete final reads", c.reader)
			}
			if o := j.overwriteAt(v, offset); o != nil {
				f.Object = o.key
				f.Detail += "; " + o.String()
			}
			return f
		})
		return true
	})
}

// readBefore names the live reader that went past an offset first, if one did before a time.
func (j *judging) readBefore(v *partView, offset int64, before time.Time) string {
	who, first := "", before
	for _, r := range v.passed[offset] {
		if r.at.Before(first) {
			who, first = r.reader, r.at
		}
	}
	if who == "" {
		return ""
	}
	return fmt.Sprintf("read by %s until %s", who, stamp(first))
}

// passedBy is when a reader had gone past an offset.
type passedBy struct {
	reader string
	at     time.Time
}

// passed finds out who went past the offsets of which REWRITE tells, as many as there is evidence. Readers are asked before partitions
// are locked, as they are locked in that order.
func (j *judging) passed() {
	if !slices.ContainsFunc(j.parts, func(v *partView) bool { return !v.rewritten.IsEmpty() }) {
		return
	}
	j.ledger.mu.RLock()
	readers := j.ledger.readers
	j.ledger.mu.RUnlock()
	for _, r := range readers {
		r.mu.Lock()
		for _, v := range j.parts {
			if f := r.parts[v.p.tp]; f != nil {
				j.passedIn(v, f, r.name)
			}
		}
		r.mu.Unlock()
	}
}

func (j *judging) passedIn(v *partView, f *following, reader string) {
	kept := 0
	each(v.rewritten, func(offset int64) bool {
		if at, ok := f.passed.reachedAt(offset); ok && f.lowest <= offset {
			v.passed[offset] = append(v.passed[offset], passedBy{reader, j.ledger.timeOf(at)})
		}
		kept++
		return kept < j.options.MaxEvidence
	})
}
