package ledger

import (
	"hash/maphash"
	"slices"
)

// How final reads find records of one key that stand in another order than they were sent. Nothing of a key is kept while all is well: of
// each producer that promises order, a read only remembers which record it met last, and who has one behind a later one is suspect. The
// next read looks at the keys of the suspects, and at those of sends that were overtaken. What no bound has room for is told by
// SEND_REORDER and REALTIME_ORDER.

const (
	maxFollowed = 1 << 12 // producers of one partition, by number
	maxSuspects = 1 << 8  // … of them
	maxKeys     = 1 << 16 // of suspects, by key and producer
	maxLate     = 1 << 6  // overtaken sends of one partition whose keys are compared
	keptSwaps   = 1 << 5  // of one producer and partition
)

// keySwap is a record that stands on the wrong side of another one of its key.
type keySwap struct {
	offset, other int64
	serial, from  Serial // the record, and that at the other offset
	late          bool   // its send began when the other one, which stands above, had been acked; else it was sent before that one, below
}

// sentOrder is, by number of producer, the last record that a final read met, in the order of sequences, and one more.
type sentOrder []uint64

// follows takes the next record, and tells whether it is known to stand behind those of its producer that were sent before it. It is small,
// so that reads are not slower for it.
func (o *sentOrder) follows(s Serial) bool {
	last, number := *o, int(s.Producer()&0xffff)
	if number >= len(last) || s.Sequence() < last[number] {
		return false
	}
	last[number] = s.Sequence() + 1
	return true
}

// misplaced takes a record that does not follow: the first of its producer, or one that makes that suspect. The caller holds the lock.
func (o *sentOrder) misplaced(p *partition, s Serial) {
	switch number := int(s.Producer() & 0xffff); {
	case number < len(*o):
		if p.suspects == nil {
			p.suspects = map[uint32]bool{}
		}
		if len(p.suspects) < maxSuspects {
			p.suspects[s.Producer()] = true
		}
	case number < maxFollowed:
		*o = append(*o, make([]uint64, number+1-len(*o))...)
		(*o)[number] = s.Sequence() + 1
	}
}

// keyOrder looks at the keys of one final read of a partition.
type keyOrder struct {
	seed maphash.Seed
	last map[keyOf]placedSerial // the last record of suspects that was met, in the order of sequences
	late map[int64]*lateSend    // by offset: still to come
	open map[uint64][]*lateSend // by key: met, and none of its key that was acked before it
}

// keyOf is a key of a producer.
type keyOf struct {
	key      uint64
	producer uint32
}

type placedSerial struct {
	serial Serial
	offset int64
}

// lateSend is an overtaken send, and the offsets above it that had been acked when it began.
type lateSend struct {
	placedSerial
	above *bitmap
}

// newKeyOrder gives what has to be looked at in a partition, nil for nothing; the caller holds the lock.
func newKeyOrder(p *partition) *keyOrder {
	if len(p.suspects) == 0 && len(p.overtaken.kept) == 0 {
		return nil
	}
	k := &keyOrder{
		seed: maphash.MakeSeed(), last: map[keyOf]placedSerial{}, late: map[int64]*lateSend{}, open: map[uint64][]*lateSend{},
	}
	began := map[*lateSend]int64{}
	for _, o := range p.overtaken.kept[:min(len(p.overtaken.kept), maxLate)] {
		l := &lateSend{placedSerial{o.serial, o.offset}, setOf(0, 0)}
		k.late[o.offset], began[l] = l, o.began.UnixMicro()
	}
	p.acks.runs(p.acks.cut(), func(r ackRun) {
		for l, at := range began {
			if from := max(r.from, l.offset+1); r.at < at && from < r.to {
				l.above.AddRange(uint64(from), uint64(r.to))
			}
		}
	})
	return k
}

// next takes the next record of the read, if it was acked where it stands; the caller holds the lock of the partition.
func (k *keyOrder) next(p *partition, record *Record, s Serial) {
	if acked, _ := p.views(record.Offset); record.Key == nil || acked == 0 || acked.serial() != s {
		return
	}
	at := placedSerial{s, record.Offset}
	key := maphash.Bytes(k.seed, record.Key)
	if open, ok := k.open[key]; ok {
		k.open[key] = slices.DeleteFunc(open, func(l *lateSend) bool {
			overtook := l.above.Contains(uint64(at.offset))
			if overtook {
				p.swapped(keySwap{l.offset, at.offset, l.serial, s, true})
			}
			return overtook
		})
	}
	if l := k.late[at.offset]; l != nil && l.serial == s {
		k.open[key] = append(k.open[key], l)
	}
	if p.suspects[s.Producer()] {
		k.compare(p, keyOf{key, s.Producer()}, at)
	}
}

// compare compares a record of a suspect with the last one of its key.
func (k *keyOrder) compare(p *partition, of keyOf, at placedSerial) {
	last, known := k.last[of]
	switch {
	case known && at.serial < last.serial:
		p.swapped(keySwap{at.offset, last.offset, at.serial, last.serial, false})
	case known || len(k.last) < maxKeys:
		k.last[of] = at
	}
}

// addSwaps takes over those of another instance, without those that go by its clock. Each instance follows producers of its own only.
func (p *partition) addSwaps(other *partition) {
	for producer, of := range other.swaps {
		late := func(s keySwap) bool { return s.late }
		kept := slices.DeleteFunc(slices.Clone(of.kept), late)
		if len(kept) == 0 {
			continue
		}
		if p.swaps == nil {
			p.swaps = map[uint32]*bounded[keySwap]{}
		}
		p.swaps[producer] = &bounded[keySwap]{kept: kept, total: of.total - int64(len(of.kept)-len(kept))}
	}
}

// swapped notes a record that stands on the wrong side of another one of its key; the caller holds the lock.
func (p *partition) swapped(s keySwap) {
	if !p.swappedAt.add(uint64(s.offset)) {
		return
	}
	of := s.serial.Producer()
	if p.swaps == nil {
		p.swaps = map[uint32]*bounded[keySwap]{}
	}
	if p.swaps[of] == nil {
		if len(p.swaps) == maxSuspects {
			return
		}
		p.swaps[of] = &bounded[keySwap]{}
	}
	p.swaps[of].addUpTo(keptSwaps, s)
}
