package ledger

import "github.com/RoaringBitmap/roaring/v2/roaring64"

// bitPages gives the members of a set page by page, pages in order, a bit for each offset. It goes by what the set does not have: of the
// sets of a log, that is little.
type bitPages struct {
	from, to uint64 // the set has no members elsewhere
	holes    roaring64.IntPeekable64
	sparse   *bitmap // the set itself, where it has more holes than members

	known bool // which page the bits are of
	base  int64
	full  bool
	bits  [pageSize / 64]uint64
}

// sparseSpan is how many offsets there may be for each member.
const sparseSpan = 16

func newBitPages(of *bitmap) bitPages {
	n := of.GetCardinality()
	if n == 0 {
		return bitPages{}
	}
	b := bitPages{from: of.Minimum(), to: of.Maximum() + 1}
	switch span := b.to - b.from; {
	case span/sparseSpan > n:
		b.sparse = of
	case span > n:
		holes := setOf(int64(b.from), int64(b.to))
		holes.AndNot(of)
		b.holes = holes.Iterator()
	}
	return b
}

// of gives the bits of the page with this first offset, and whether it is full. They are valid until another page is asked for.
func (b *bitPages) of(base int64) (bits *[pageSize / 64]uint64, full bool) {
	if !b.known || b.base != base {
		b.known, b.base = true, base
		b.full = b.fill(uint64(base), uint64(base)+pageSize)
	}
	return &b.bits, b.full
}

// fill goes on to the page of [from, to).
func (b *bitPages) fill(from, to uint64) (full bool) {
	full = b.from <= from && to <= b.to && b.sparse == nil
	for i := range b.bits {
		b.bits[i] = 0
		if full {
			b.bits[i] = ^uint64(0)
		}
	}
	if !full {
		for x := max(from, b.from); x < min(to, b.to); x++ {
			if b.sparse == nil || b.sparse.Contains(x) {
				b.bits[(x-from)/64] |= 1 << (x % 64)
			}
		}
	}
	if b.holes == nil {
		return full
	}
	for b.holes.AdvanceIfNeeded(from); b.holes.HasNext() && b.holes.PeekNext() < to; {
		x := b.holes.Next()
		b.bits[(x-from)/64] &^= 1 << (x % 64)
		full = false
	}
	return full
}
