package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// DUPLICATE: one record stands at two offsets, of whatever partitions, in one final read. If its producer is idempotent each is a
// finding; of other producers, all are findings if they are more than the budget, and a note otherwise. Copies that a fault made on
// purpose are findings, foreseen ones, and leave the budget alone.
func (j *judging) duplicate() {
	idempotent, other := int64(0), int64(0)
	for _, p := range j.producers {
		copies := p.duplicated.Clone()
		copies.AndNot(p.explained)
		if p.options.Idempotent {
			idempotent += int64(copies.GetCardinality())
		} else {
			other += int64(copies.GetCardinality())
		}
	}
	serials := slices.SortedFunc(maps.Keys(j.copies), cmp.Compare)
	located := map[bool]int64{}
	for _, s := range serials {
		p := j.producer(s)
		if p.explained.Contains(s.Sequence()) {
			continue
		}
		located[p.options.Idempotent]++
		if extra := int64(len(j.copies[s])) - 2; extra > 0 && !p.options.Idempotent {
			other += extra
		}
	}
	meant, copies := j.foreseenCopies(serials)
	failing := map[bool]bool{true: true, false: other-copies > j.options.DuplicateBudget}
	for _, s := range serials {
		p := j.producer(s)
		if !p.explained.Contains(s.Sequence()) && (failing[p.options.Idempotent] || meant[s]) {
			j.duplicates(s, j.copies[s])
		}
	}
	j.out.fold(Duplicate, TopicPartition{}, idempotent-located[true])
	if failing[false] {
		j.out.fold(Duplicate, TopicPartition{}, max(other-j.copiesOfOthers(), 0))
	} else if other > copies {
		j.note("%d duplicates of producers that are not idempotent, within the budget of %d", other-copies, j.options.DuplicateBudget)
	}
}

// foreseenCopies gives the records of producers that are not idempotent whose copies were foreseen, and the number of these copies.
// Copies of idempotent producers come first: no budget covers them.
func (j *judging) foreseenCopies(serials []Serial) (meant map[Serial]bool, copies int64) {
	room := map[string]int64{}
	for t, counts := range j.out.foreseen {
		if t.code == Duplicate {
			room[t.topic] = counts.total()
		}
	}
	meant = map[Serial]bool{}
	for _, idempotent := range [...]bool{true, false} {
		for _, s := range serials {
			p, extra := j.producer(s), j.copies[s][1:]
			if p.options.Idempotent != idempotent || p.explained.Contains(s.Sequence()) || len(extra) == 0 {
				continue
			}
			topic := extra[0].v.p.tp.Topic
			if room[topic] -= int64(len(extra)); !idempotent && room[topic] >= 0 {
				meant[s] = true
				copies += int64(len(extra))
			}
		}
	}
	return meant, copies
}

// duplicates is a finding for each place of a record but its first.
func (j *judging) duplicates(s Serial, places []place) {
	for i, at := range places[1:] {
		j.out.add(Duplicate, func() Finding {
			f := j.record(at.v.about(at.offset), s)
			f.Detail = fmt.Sprintf("stands at %s offset %d and at %s offset %d", places[i].v.p.tp, places[i].offset, at.v.p.tp, at.offset)
			return f
		})
	}
}

// copiesOfOthers counts the located duplicates of producers that are not idempotent.
func (j *judging) copiesOfOthers() (n int64) {
	for s, places := range j.copies {
		if p := j.producer(s); !p.options.Idempotent && !p.explained.Contains(s.Sequence()) {
			n += int64(len(places)) - 1
		}
	}
	return n
}

// firstCopy tells whether an offset is the first of a duplicated record, all of whose places are in this partition.
func (j *judging) firstCopy(v *partView, offset int64, s Serial) bool {
	places := j.copies[s]
	return len(places) > 0 && places[0].offset == offset &&
		!slices.ContainsFunc(places, func(at place) bool { return at.v != v })
}
