package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// ACK_WITHOUT_BYTES: a record was acked before the first successful write of any object that covers its offset, or no object covers it
// at all. Where a covering object's time is not known, nothing is claimed. Acks whose offset is wrong by another rule
// (OFFSET_MISMATCH, TWO_ACKS) say nothing about bytes, and neither does what the script deleted or what is lost. What ACK_IN_OUTAGE
// tells is not told again.
func (j *judging) ackWithoutBytes(v *partView, a *auditPart) {
	j.earlyAcks(v, a, func(early *bitmap, at int64, c cover) {
		early.AndNot(v.earlyTold)
		j.ackedEarly(v, early, at, c)
	})
}

// earlyAcks visits the offsets that were acked, at a time in microseconds, before the object that covers them was written.
func (j *judging) earlyAcks(v *partView, a *auditPart, visit func(early *bitmap, at int64, c cover)) {
	covers := coverage(a.objects)
	ignore := v.mismatched.copy()
	ignore.Or(v.twoAcks)
	ignore.Or(v.lost.bitmap())
	ignore.Or(setOf(0, v.p.trimmed))
	v.p.acks.runs(v.p.acks.cut(), func(r ackRun) {
		for i := firstEndingAbove(covers, r.from); i < len(covers) && covers[i].from < r.to; i++ {
			if c := covers[i]; c.early(r.at) {
				early := setOf(max(c.from, r.from), min(c.to, r.to))
				early.AndNot(ignore)
				if c.object == "" {
					early.And(v.returned) // what is not in the log either is another rule's
				}
				visit(early, r.at, c)
			}
		}
	})
}

func (j *judging) ackedEarly(v *partView, offsets *bitmap, at int64, c cover) {
	each(offsets, func(offset int64) bool {
		j.out.add(AckWithoutBytes, func() Finding {
			f := v.about(offset)
			if acked, _ := v.p.views(offset); acked != 0 {
				f = j.record(f, acked.serial())
			}
			f.Object, f.Time = c.object, stamp(microTime(at))
			if c.object == "" {
				f.Detail = fmt.Sprintf("acked at offset %d, and no object covers it", offset)
			} else {
				f.Detail = fmt.Sprintf("acked at offset %d, but the object that covers it was only written at %s", offset, stamp(c.written))
			}
			return f
		})
		return true
	})
}

// cover says of the offsets [from, to) which object covered them first, and when; no object has an empty name.
type cover struct {
	from, to int64
	object   string
	written  time.Time
}

// early tells whether an ack at that microsecond came too early.
func (c cover) early(at int64) bool {
	return c.object == "" || !c.written.IsZero() && at < c.written.UnixMicro()
}

// microTime is the time that a number of microseconds since 1970 stands for.
func microTime(us int64) time.Time { return time.UnixMicro(us) }

const endOfTime = 1<<63 - 1

// coverage cuts all offsets into ranges with the same earliest object; one whose time is not known comes before all others.
func coverage(objects []Object) []cover {
	edges := []int64{0, endOfTime}
	for _, o := range objects {
		if o.Base <= o.Last {
			edges = append(edges, o.Base, o.Last+1)
		}
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	objects = slices.Clone(objects)
	slices.SortStableFunc(objects, func(a, b Object) int { return cmp.Compare(a.Base, b.Base) })
	var all []cover
	var open []Object
	next := 0
	for i := range len(edges) - 1 {
		c := cover{from: edges[i], to: edges[i+1]}
		for ; next < len(objects) && objects[next].Base <= c.from; next++ {
			open = append(open, objects[next])
		}
		open = slices.DeleteFunc(open, func(o Object) bool { return o.Last < c.from })
		for _, o := range open {
			if c.object == "" || o.Written.Before(c.written) {
				c.object, c.written = o.Key, o.Written
			}
		}
		all = append(all, c)
	}
	return all
}

// firstEndingAbove returns the index of the first range that ends above an offset.
func firstEndingAbove(covers []cover, offset int64) int {
	i, _ := slices.BinarySearchFunc(covers, offset, func(c cover, offset int64) int {
		if c.to <= offset {
			return -1
		}
		return 1
	})
	return i
}
