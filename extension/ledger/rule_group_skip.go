package ledger

import (
	"fmt"
	"maps"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// GROUP_SKIP: below a committed offset of a group lies an acked record that no member of it was ever given. Members commit the offset
// behind what they have been given (Kafka's Consumer: the committed offset is where reading goes on after a failure), so that a record
// below it which nobody was given is skipped for good, though at-least-once was promised. The committed offset is the greatest that was
// committed and answered so, or that the target has answered to a question. The record must stand, in final reads, where it was acked, at
// an offset on whose content all reads agree, and be of no transaction: of these other rules tell. Where a member went past it in the
// middle of a session, POLL_SKIP tells it. Where a group had no offset and was sent to one, OFFSET_RESET tells of what
// lies below.
func (j *judging) groupSkip() {
	if j.ledger.alone() {
		return // members in other instances may have been given what those here were not
	}
	all := j.ledger.committed.places.all()
	unseen := map[string][]*roaring64.Bitmap{}
	for _, at := range slices.SortedFunc(maps.Keys(all), committedPlace.compare) {
		i := slices.IndexFunc(j.parts, func(v *partView) bool { return v.p.tp == at.tp })
		if i < 0 {
			continue
		}
		of, ok := unseen[at.group]
		if !ok {
			of = j.unseenBy(at.group)
			unseen[at.group] = of
		}
		if !slices.ContainsFunc(of, func(b *roaring64.Bitmap) bool { return !b.IsEmpty() }) {
			continue
		}
		j.skippedIn(j.parts[i], at.group, all[at], of)
	}
}

// unseenBy gives, by producer, the acked records that no member of a group was given.
func (j *judging) unseenBy(group string) []*roaring64.Bitmap {
	l := j.ledger
	l.mu.RLock()
	number, ok := l.groups[group]
	l.mu.RUnlock()
	all := make([]*roaring64.Bitmap, len(j.producers))
	for i, p := range j.roster.all {
		all[i] = roaring64.New()
		if !ok {
			continue // a group without a reader that the ledger knows: nobody can say what it has read
		}
		p.mu.Lock()
		all[i] = j.producers[i].acked.Clone()
		all[i].AndNot(at(&p.seen, number).bitmap())
		p.mu.Unlock()
		all[i].AndNot(j.producers[i].txns.committed)
		all[i].AndNot(j.producers[i].txns.hidden)
	}
	return all
}

// skippedIn tells of the unseen records below the committed offset of one partition.
func (j *judging) skippedIn(v *partView, group string, c *committed, unseen []*roaring64.Bitmap) {
	c.mu.Lock()
	next, by, when, floor := c.highest, c.by+" committed it", c.at, c.floor
	if c.shown > next {
		next, by, when = c.shown, "so "+c.asker+" was told", c.shownAt
	}
	c.mu.Unlock()
	if next <= 0 {
		return
	}
	passed := j.ledger.jumpedIn(group, v.p.tp)
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	told := passed
	told.Or(v.rewritten)
	told.Or(v.differing)
	for _, odd := range [...]*set{&v.p.corrupt, &v.p.phantom, &v.p.anonymous} {
		told.Or(odd.bitmap())
	}
	v.eachClaim(func(offset int64, acked, read cell) {
		if offset >= next || offset < max(v.p.trimmed, floor) || acked == 0 || read == 0 || !v.confirmed.contains(uint64(offset)) {
			return
		}
		s := acked.serial()
		if told.Contains(uint64(offset)) || !unseen[j.roster.of(s.Producer()).index].Contains(s.Sequence()) {
			return
		}
		j.out.add(GroupSkip, func() Finding {
			f := j.record(v.about(offset), s)
			f.Time = stamp(when)
			f.Detail = fmt.Sprintf("group %q has committed offset %d (%s), and none of its members was ever given this record", group, next, by)
			return f
		})
	})
}

// jumpedIn gives the offsets that members of a group have jumped over within a session.
func (l *Ledger) jumpedIn(group string, tp TopicPartition) *roaring64.Bitmap {
	l.mu.RLock()
	number, ok := l.groups[group]
	readers := l.readers
	l.mu.RUnlock()
	all := roaring64.New()
	for _, r := range readers {
		if !ok || r.group != number {
			continue
		}
		r.mu.Lock()
		if f := r.parts[tp]; f != nil {
			all.Or(f.jumped.bitmap())
		}
		r.mu.Unlock()
	}
	return all
}
