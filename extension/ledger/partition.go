package ledger

import (
	"sync"
	"time"
)

// partition is what the ledger knows of one log.
type partition struct {
	tp    TopicPartition
	topic *topic

	mu sync.Mutex
	// claims holds, per offset, what the first ack or read said. Where acks and reads disagree, other holds the other side's first.
	claims, other pageLog

	acks       ackTimes
	highest    int64 // greatest acked offset, −1 for none
	trimmed    int64 // the script deleted what is below
	suspicious map[uint32]*set

	reached     frontier // acked offsets
	overtaken   bounded[overtaking]
	inOutage    set // offsets acked in an outage
	outageAcks  bounded[ackInOutage]
	ends        [endKinds]frontier
	regressions bounded[regression]

	twoAcks set
	clashes bounded[ackClash]

	differing   set // offsets at which reads differ
	differences bounded[difference]
	changes     map[int64]*change // by offset

	corrupt      set // offsets at which any read saw a corrupt record
	corruptFinal set // … and a final read did
	corruptions  bounded[oddity]

	suspects  map[uint32]bool              // producers of whose records a final read met one behind a later one
	swappedAt set                          // offsets of records on the wrong side of another one of their key
	swaps     map[uint32]*bounded[keySwap] // by producer

	phantom       set // records that this run never sent
	phantoms      bounded[oddity]
	anonymous     set // records without identity: phantoms, or ours if ours were acked there
	anonymousSeen bounded[oddity]

	epochDropped set // offsets at which the leader epoch is lower than before
	epochDrops   bounded[epochDrop]

	misplacedAt set // offsets of keyed records that belong elsewhere
	misplaced   bounded[placed]
	keyed       bool // a record to which PARTITIONER applies was found
	finals      []*finalPart
	committed   committedPart
	stale       []staleAnswer
	staleBeyond int64 // more that were not kept
}

func newPartition(tp TopicPartition, t *topic, s *spill) *partition {
	return &partition{tp: tp, topic: t, highest: -1, claims: pageLog{spill: s}, other: pageLog{spill: s}}
}

// ackClash is an ack at an offset at which another record had been acked.
type ackClash struct {
	offset        int64
	first, second Serial
	at            time.Time
}

// difference is a read that shows another record than an earlier read of that offset.
type difference struct {
	offset         int64
	earlier, later Serial
	reader         string
	at             time.Time
}

// oddity is a record as read whose identity is not that of a record sent.
type oddity struct {
	offset   int64
	identity Identity
	reader   string
	at       time.Time
}

// ack claims an offset for a record. If another was acked there before, it is returned. The caller holds the lock.
func (p *partition) ack(offset int64, s Serial, when time.Time) (earlier Serial, clash bool) {
	p.acks.add(offset, when)
	p.highest = max(p.highest, offset)
	earlier, clash = p.claim(offset, s, flagAcked)
	if clash {
		p.twoAcks.add(uint64(offset))
		p.clashes.addUpTo(keptClashes, ackClash{offset, earlier, s, when})
	}
	return earlier, clash
}

func (p *partition) highestAcked() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.highest
}

// suspect notes a record that was acked without an offset.
func (p *partition) suspect(s Serial) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.suspicious == nil {
		p.suspicious = make(map[uint32]*set)
	}
	of, ok := p.suspicious[s.Producer()]
	if !ok {
		of = &set{}
		p.suspicious[s.Producer()] = of
	}
	of.add(s.Sequence())
}

// show claims an offset for a record that a read shows there, final being the number of a final read. If an earlier read showed
// another, that one is returned.
func (p *partition) show(offset int64, s Serial, reader string, final int, now func() time.Time) (earlier Serial, differs bool) {
	earlier, differs = p.claim(offset, s, flagRead)
	if differs {
		p.differs(difference{offset, earlier, s, reader, now()}, final)
	} else if len(p.changes) > 0 {
		p.follow(offset, s, final)
	}
	return earlier, differs
}

// claim says "offset holds s" on behalf of acks or of reads, as the flag tells, and returns what the same side said before if that
// was another record.
func (p *partition) claim(offset int64, s Serial, side cell) (earlier Serial, clash bool) {
	c := p.claims.get(offset)
	switch {
	case c == 0:
		p.claims.put(offset, cell(s)|side)
	case c.serial() == s:
		if c&side == 0 {
			if o := p.other.peek(offset); o&side != 0 {
				return o.serial(), true
			}
			p.claims.put(offset, c|side)
		}
	case c&side != 0:
		return c.serial(), true
	default:
		switch o := p.other.peek(offset); {
		case o == 0:
			p.other.put(offset, cell(s)|side)
		case o.serial() != s:
			return o.serial(), true
		}
	}
	return 0, false
}

// views returns what acks and what reads say about an offset, as cells of one flag each, or 0.
func (p *partition) views(offset int64) (acked, read cell) {
	return split(p.claims.get(offset), p.other.peek(offset))
}

func split(c, other cell) (acked, read cell) {
	for _, one := range [...]cell{c, other} {
		if one.acked() {
			acked = one &^ flagRead
		}
		if one.read() {
			read = one &^ flagAcked
		}
	}
	return acked, read
}

// odd notes a record, read by a final read or another, that is not one that was sent.
func (p *partition) odd(o oddity, final bool) {
	switch o.identity.Kind {
	case Corrupt:
		if p.corrupt.add(uint64(o.offset)) {
			p.corruptions.add(o)
		}
		if final {
			p.corruptFinal.add(uint64(o.offset))
		}
	case Anonymous:
		if p.anonymous.add(uint64(o.offset)) {
			p.anonymousSeen.add(o)
		}
	default:
		if p.phantom.add(uint64(o.offset)) {
			p.phantoms.add(o)
		}
	}
}
