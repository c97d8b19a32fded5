package ledger

import (
	"math/bits"
	"time"
)

// maxChanges bounds the offsets of a partition of which it is followed how reads differ. Beyond, they count as inconsistent.
const maxChanges = 1 << 17

// live stands for the number of a final read where it is a live one.
const live = -1

// change is an offset at which a later read showed another record than the first.
type change struct {
	first, later Serial
	reader       string // the first to be shown the later one
	at           time.Time
	finals       uint64 // the final reads that were shown the later one, as bits
	mixed        bool   // the first was shown again, or a third: reads disagree, and it cannot be said that anything changed
}

// differs follows an offset at which a read showed another record than the first one; the caller holds the lock.
func (p *partition) differs(d difference, final int) {
	p.differing.add(uint64(d.offset))
	p.differences.add(d)
	if p.changes == nil {
		p.changes = map[int64]*change{}
	}
	if p.changes[d.offset] == nil && len(p.changes) < maxChanges {
		p.changes[d.offset] = &change{first: d.earlier, later: d.later, reader: d.reader, at: d.at}
	}
	p.follow(d.offset, d.later, final)
}

// follow notes what a read shows at an offset at which reads differ.
func (p *partition) follow(offset int64, s Serial, final int) {
	c := p.changes[offset]
	switch {
	case c == nil:
	case c.later != s:
		c.mixed = true
	case final != live:
		c.finals |= 1 << min(final, 63)
	}
}

// settled tells whether all reads since the change show the later record, two complete final reads among them.
func (c *change) settled() bool { return !c.mixed && bits.OnesCount64(c.finals) >= 2 }
