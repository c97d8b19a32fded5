package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// TWO_ACKS: two records were acked at one offset of a partition, and neither is lost. Where one is, LOST_ACKED or LOST_SUFFIX tells of
// it, and the other is judged as if it had been acked alone: one broken thing raises one rule.
func (j *judging) twoAcks(v *partView) {
	for _, g := range v.groups {
		if len(g.standing) == 0 || v.rewritten.Contains(uint64(g.offset)) {
			continue
		}
		first := g.standing[0]
		for _, second := range g.standing[1:] {
			j.out.add(TwoAcks, func() Finding {
				f := j.record(v.about(g.offset), second.serial)
				f.Time = stamp(second.at)
				f.Detail = fmt.Sprintf("acked at offset %d, at which %s had been acked before", g.offset, j.ledger.uuidOf(first.serial))
				return f
			})
		}
	}
	switch n := v.p.clashes.total - int64(len(v.p.clashes.kept)); {
	case n > 0 && j.out.foreseen.in(LostAcked, v.p.tp.Topic):
		j.doubt(TwoAcksUnjudged, fmt.Sprintf("%s: %d more records were acked at the offset of another: too many to tell which a fault dropped",
			v.p.tp, n))
	default:
		j.out.fold(TwoAcks, v.p.tp, n)
	}
}

// ackGroup is what was acked at one offset, in the order of the acks.
type ackGroup struct {
	offset   int64
	standing []ackOf // those that are not lost
	first    Serial  // the one that the claims name
}

// ackOf is an ack of a record; the time of the first of a group is not kept.
type ackOf struct {
	serial Serial
	at     time.Time
}

// clashes gathers the acks that share an offset, and lets go of the records that share it with lost ones only. What still shares one
// is left to TWO_ACKS by all other rules.
func (j *judging) clashes() {
	for _, v := range j.parts {
		v.p.mu.Lock()
		j.group(v)
		v.p.mu.Unlock()
	}
	for _, p := range j.producers {
		p.explained.Or(p.clashed)
	}
}

// group fills the groups of a partition; the caller holds its lock.
func (j *judging) group(v *partView) {
	kept := slices.Clone(v.p.clashes.kept)
	slices.SortStableFunc(kept, func(a, b ackClash) int { return cmp.Compare(a.offset, b.offset) })
	// Without two final reads nobody can tell which records of a group stand; where faults took some, that is no news.
	unread := len(v.complete) < 2 && j.out.foreseen.in(LostAcked, v.p.tp.Topic)
	add := func(offset int64, ack ackOf) {
		g := &v.groups[len(v.groups)-1]
		if !j.producer(ack.serial).missing.Contains(ack.serial.Sequence()) || !v.losable(offset) && !unread {
			g.standing = append(g.standing, ack)
		}
	}
	for i, clash := range kept {
		if i == 0 || kept[i-1].offset != clash.offset {
			v.groups = append(v.groups, ackGroup{offset: clash.offset, first: clash.first})
			add(clash.offset, ackOf{serial: clash.first})
		}
		add(clash.offset, ackOf{clash.second, clash.at})
	}
	for _, g := range v.groups {
		if len(g.standing) == 1 {
			j.producer(g.standing[0].serial).clashed.Remove(g.standing[0].serial.Sequence())
		}
	}
}

// survivors judges the records whose offset the claims give to another one, which is lost: they must stand where their ack said.
func (j *judging) survivors(v *partView) {
	for _, g := range v.groups {
		if len(g.standing) != 1 || g.standing[0].serial == g.first {
			continue
		}
		s := g.standing[0].serial
		_, read := v.p.views(g.offset)
		stands := read != 0 && read.serial() == s && v.shown.Contains(uint64(g.offset))
		if !stands && j.producer(s).found.Contains(s.Sequence()) {
			j.foundElsewhere(v, g.offset, s)
		}
	}
}
