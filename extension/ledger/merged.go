package ledger

import (
	"errors"
	"fmt"
)

// Merged makes one ledger of those of several k6 instances that ran one test, by set algebra: what each was acked and what each was shown
// is all that it takes over. Times are not: each instance has a clock of its own, and they may differ. So rules that compare times
// find nothing in it; they have been judged by each instance for itself.
type Merged struct {
	ledger *Ledger
	added  map[uint8]bool
}

// ErrNotMerged is why a ledger cannot be merged with others.
var ErrNotMerged = errors.New("ledger: not one of the instances of this run")

// NewMerged makes an empty one.
func NewMerged(run string, instances int) *Merged {
	l := New(Options{Run: run, Instances: instances})
	l.merged = true
	return &Merged{l, map[uint8]bool{}}
}

// Ledger is what has been merged, for [Ledger.Judge]. Nothing can be recorded in it, and nothing more be added.
func (m *Merged) Ledger() *Ledger {
	m.unsent()
	return m.ledger
}

// Lacks gives the instances that have not been added, from 0: of their records nobody can say whether they were sent.
func (m *Merged) Lacks() (lacking []int) {
	for i := range m.ledger.instances {
		if !m.added[uint8(i)] {
			lacking = append(lacking, i)
		}
	}
	return lacking
}

// Add takes over the ledger of one instance, which is of no use afterwards.
func (m *Merged) Add(other *Ledger) error {
	l := m.ledger
	switch {
	case other.run != l.run:
		return fmt.Errorf("%w: it is of another run", ErrNotMerged)
	case other.instances != l.instances || other.merged:
		return fmt.Errorf("%w: its run has %d instances, not %d", ErrNotMerged, other.instances, l.instances)
	case m.added[other.instance]:
		return fmt.Errorf("%w: instance %d is there already", ErrNotMerged, other.instance)
	}
	m.added[other.instance] = true
	for name, t := range other.topics {
		mine := l.topic(name)
		mine.owned.Store(mine.owned.Load() || t.owned.Load())
		mine.partitions.Store(max(mine.partitions.Load(), t.partitions.Load()))
	}
	groups := m.addGroups(other)
	for _, p := range other.producers.Load().all {
		m.addProducer(p, groups)
	}
	base := len(l.finals)
	for _, f := range other.finals {
		l.finals = append(l.finals, &FinalRead{ledger: l, name: of(other.instance, f.name), number: len(l.finals)})
	}
	for _, p := range other.allPartitions() {
		m.addPartition(p, base, other.instance)
	}
	for at, c := range other.committed.places.all() {
		mine := l.committed.at(at.group, at.tp)
		if c.highest > mine.highest {
			mine.highest, mine.at, mine.by = c.highest, c.at, of(other.instance, c.by)
		}
		mine.answered(c.shown, of(other.instance, c.asker), c.shownAt)
		mine.floor = max(mine.floor, c.floor)
	}
	if _, gone := other.spill.troubles(); gone != "" {
		return fmt.Errorf("%w: %s", errGone, gone)
	}
	return nil
}

// of names somebody of an instance. People count from 1.
func of(instance uint8, name string) string {
	return fmt.Sprintf("instance %d: %s", int(instance)+1, name)
}

// addGroups gives the numbers here of the groups of another ledger.
func (m *Merged) addGroups(other *Ledger) []int {
	l, numbers := m.ledger, make([]int, len(other.groups))
	for name, number := range other.groups {
		if !other.named[name] {
			name = of(other.instance, name) // readers without a group are named alike everywhere
		} else {
			l.named[name] = true
		}
		mine, ok := l.groups[name]
		if !ok {
			mine = len(l.groups)
			l.groups[name] = mine
		}
		if other.committedGroups[number] {
			l.committedGroups[mine] = true
		}
		numbers[number] = mine
	}
	return numbers
}

// addProducer takes over a producer, or what was read of another instance's.
func (m *Merged) addProducer(p *Producer, groups []int) {
	known := m.ledger.producers.Load()
	p.ledger = m.ledger
	p.found = []set{{bits: union(p.found)}}
	seen := make([]set, len(m.ledger.groups))
	for number := range p.seen {
		seen[groups[number]] = p.seen[number]
	}
	p.seen = seen
	mine := known.of(p.number)
	switch {
	case mine == nil:
		known.add(p) // nobody else knows this ledger yet
	case mine.sibling && !p.sibling:
		p.shown(mine)
		known.put(mine.index, p)
	default:
		mine.shown(p)
	}
}

// shown adds what was read of the same producer's records by others.
func (p *Producer) shown(by *Producer) {
	p.found[0].or(&by.found[0])
	for number := range by.seen {
		at(&p.seen, number).or(&by.seen[number])
	}
	for _, both := range [...][2]*set{
		{&p.garbled, &by.garbled},
		{&p.duplicated, &by.duplicated},
		{&p.explained, &by.explained},
		{&p.clashed, &by.clashed},
		{&p.visible, &by.visible},
		{&p.early, &by.early},
		{&p.stray, &by.stray},
	} {
		both[0].or(both[1])
	}
}

// addPartition takes over what was acked and shown of a partition.
func (m *Merged) addPartition(p *partition, base int, instance uint8) {
	mine := m.ledger.partition(p.tp)
	for i, f := range p.finals {
		if f == nil {
			continue
		}
		for len(mine.finals) <= base+i {
			mine.finals = append(mine.finals, nil)
		}
		f.name = of(instance, f.name)
		// What was answered is compared with what had been acked at that time, which only the instance itself can do.
		f.start.Listed, f.start.HighWatermark, f.end.Listed, f.end.HighWatermark, f.end.EmptyAtEnd = -1, -1, -1, -1, false
		mine.finals[base+i] = f
	}
	mine.highest = max(mine.highest, p.highest)
	mine.trimmed = max(mine.trimmed, p.trimmed)
	mine.keyed = mine.keyed || p.keyed
	for number, of := range p.suspicious {
		each(of.bitmap(), func(sequence int64) bool {
			mine.suspect(newSerial(number, uint64(sequence)))
			return true
		})
	}
	for _, both := range [...][2]*set{
		{&mine.twoAcks, &p.twoAcks},
		{&mine.differing, &p.differing},
		{&mine.corrupt, &p.corrupt},
		{&mine.corruptFinal, &p.corruptFinal},
		{&mine.phantom, &p.phantom},
		{&mine.anonymous, &p.anonymous},
		{&mine.epochDropped, &p.epochDropped},
		{&mine.misplacedAt, &p.misplacedAt},
		{&mine.swappedAt, &p.swappedAt},
	} {
		both[0].or(both[1])
	}
	mine.clashes.take(&p.clashes, keptClashes)
	mine.differences.take(&p.differences, keptEvidence)
	mine.corruptions.take(&p.corruptions, keptEvidence)
	mine.phantoms.take(&p.phantoms, keptEvidence)
	mine.anonymousSeen.take(&p.anonymousSeen, keptEvidence)
	mine.epochDrops.take(&p.epochDrops, keptEvidence)
	mine.misplaced.take(&p.misplaced, keptEvidence)
	mine.addSwaps(p)
	m.addClaims(mine, p, instance)
}

// addClaims takes over which record each offset holds. Where instances were told of different ones, that is news.
func (m *Merged) addClaims(mine, p *partition, instance uint8) {
	if mine.claims.empty() && mine.other.empty() && len(p.claims.away)+len(p.other.away) == 0 {
		mine.claims, mine.other = p.claims, p.other
		mine.claims.spill, mine.other.spill = nil, nil // that of the other ledger is not this one's
		return
	}
	p.other.pages(func(number int64, cells *page) { m.addCells(mine, number, cells, instance) })
	p.claims.pages(func(number int64, cells *page) { m.addCells(mine, number, cells, instance) })
}

func (m *Merged) addCells(mine *partition, number int64, cells *page, instance uint8) {
	for i, c := range cells {
		if c == 0 {
			continue
		}
		offset, s := number<<pageBits+int64(i), c.serial()
		if c.acked() {
			if earlier, clash := mine.claim(offset, s, flagAcked); clash {
				mine.twoAcks.add(uint64(offset))
				mine.clashes.addUpTo(keptClashes, ackClash{offset: offset, first: earlier, second: s})
				m.ledger.clashed(earlier)
				m.ledger.clashed(s)
			}
		}
		if c.read() {
			if earlier, differs := mine.claim(offset, s, flagRead); differs && mine.differing.add(uint64(offset)) {
				mine.differences.add(difference{offset: offset, earlier: earlier, later: s, reader: of(instance, "a reader")})
				m.ledger.explain(earlier)
				m.ledger.explain(s)
			}
		}
	}
}

// unsent finds the records that somebody was shown in the name of an instance which has never sent them.
func (m *Merged) unsent() {
	limits, found := map[*Producer]uint64{}, false
	for _, p := range m.ledger.producers.Load().all {
		limit := p.next.Load()
		if p.sibling {
			if !m.added[uint8(p.number>>16)] {
				continue
			}
			limit = 0
		}
		limits[p] = limit
		for _, sets := range [...][]set{p.found, p.seen} {
			shown := union(sets)
			found = found || !shown.IsEmpty() && shown.Maximum() >= limit
		}
		if of := p.found[0].bitmap(); !of.IsEmpty() && of.Maximum() >= limit {
			of.RemoveRange(limit, maxSequence+1)
		}
	}
	if !found {
		return
	}
	known := m.ledger.producers.Load()
	for _, p := range m.ledger.allPartitions() {
		for _, claims := range [...]*pageLog{&p.claims, &p.other} {
			claims.pages(func(number int64, cells *page) {
				for i, c := range cells {
					limit, ok := limits[known.of(c.serial().Producer())]
					if c.read() && ok && c.serial().Sequence() >= limit {
						p.odd(oddity{offset: number<<pageBits + int64(i), identity: Identity{Kind: Unsent, Serial: c.serial(), Known: true}}, false)
					}
				}
			})
		}
	}
}
