package ledger

import "github.com/RoaringBitmap/roaring/v2/roaring64"

// set is a compressed set of sequences or offsets: O(gaps) memory. Neighbours that arrive in order are gathered in a pending run
// first, which makes the usual case cost nearly nothing. It is not safe for concurrent use; the zero value is empty.
type set struct {
	bits     *roaring64.Bitmap
	from, to uint64 // the pending run, to exclusive
}

// add puts x into the set and tells whether it is new.
func (s *set) add(x uint64) bool {
	if x == s.to && s.from < s.to {
		if s.bits != nil && s.bits.Contains(x) {
			return false
		}
		s.to++
		return true
	}
	if s.contains(x) {
		return false
	}
	s.flush()
	s.from, s.to = x, x+1
	return true
}

// addRange adds [from, to).
func (s *set) addRange(from, to uint64) {
	if from < to {
		s.bitmap().AddRange(from, to)
	}
}

func (s *set) contains(x uint64) bool {
	return s.from <= x && x < s.to || s.bits != nil && s.bits.Contains(x)
}

func (s *set) empty() bool { return s.from == s.to && (s.bits == nil || s.bits.IsEmpty()) }

func (s *set) count() int64 {
	if s.empty() {
		return 0
	}
	return int64(s.bitmap().GetCardinality())
}

// or adds all members of another set.
func (s *set) or(other *set) {
	switch {
	case other.empty():
	case s.empty():
		s.bits = other.copy()
	default:
		s.bitmap().Or(other.bitmap())
	}
}

func (s *set) flush() {
	if s.from == s.to {
		return
	}
	if s.bits == nil {
		s.bits = roaring64.New()
	}
	if s.to == s.from+1 {
		s.bits.Add(s.from)
	} else {
		s.bits.AddRange(s.from, s.to)
	}
	s.from, s.to = 0, 0
}

// bitmap returns the set itself, not a copy.
func (s *set) bitmap() *roaring64.Bitmap {
	s.flush()
	if s.bits == nil {
		s.bits = roaring64.New()
	}
	return s.bits
}

// copy returns the members in their tightest form, independent of the set.
func (s *set) copy() *roaring64.Bitmap {
	if s.empty() {
		return roaring64.New()
	}
	s.bitmap().RunOptimize()
	return s.bits.Clone()
}

// union returns the members of all sets, independent of them.
func union(sets []set) *roaring64.Bitmap {
	all := roaring64.New()
	for i := range sets {
		if !sets[i].empty() {
			all.Or(sets[i].bitmap())
		}
	}
	return all
}

// setOf returns a bitmap of [from, to).
func setOf(from, to int64) *roaring64.Bitmap {
	all := roaring64.New()
	if from < to {
		all.AddRange(uint64(from), uint64(to))
	}
	return all
}

// greatestIn returns the greatest member within [from, to), or −1.
func greatestIn(b *roaring64.Bitmap, from, to int64) int64 {
	if from >= to {
		return -1
	}
	if b.Contains(uint64(to - 1)) {
		return to - 1
	}
	below := b.Rank(uint64(to - 1))
	if below == 0 {
		return -1
	}
	if greatest, err := b.Select(below - 1); err == nil && int64(greatest) >= from {
		return int64(greatest)
	}
	return -1
}

// each visits the members in order until the visit returns false.
func each(b *roaring64.Bitmap, visit func(x int64) bool) {
	for i := b.Iterator(); i.HasNext(); {
		if !visit(int64(i.Next())) {
			return
		}
	}
}
