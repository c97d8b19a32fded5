package ledger

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// A ledger is saved as it stands, field by field; what follows is what has a form of its own.

// MarshalBinary gives the set as a compressed bitmap, nothing for an empty one.
func (s *set) MarshalBinary() ([]byte, error) {
	if s.empty() {
		return nil, nil
	}
	s.bitmap().RunOptimize()
	return s.bits.MarshalBinary()
}

// UnmarshalBinary is the reverse of MarshalBinary.
func (s *set) UnmarshalBinary(data []byte) error {
	*s = set{}
	if len(data) == 0 {
		return nil
	}
	if len(data) < 8 || binary.LittleEndian.Uint64(data) > uint64(len(data)) { // roaring makes room for as many parts as it reads there are
		return errSet
	}
	s.bits = roaring64.New()
	return s.bits.UnmarshalBinary(data)
}

// What is said of data that nobody saved.
var (
	errSet   = errors.New("ledger: a set is cut off")
	errPages = errors.New("ledger: pages of a log are cut off")
	errGone  = errors.New("ledger: pages of a log that had been written to a file could not be read again")
)

// MarshalBinary gives all pages, sealed, by number: each as its number, its length and its bytes.
func (l *pageLog) MarshalBinary() ([]byte, error) {
	length, visit := l.MarshalPieces()
	out := make([]byte, 0, length)
	err := visit(func(piece []byte) { out = append(out, piece...) })
	return out, err
}

// MarshalPieces gives the same page by page, for those in a file would not fit into memory.
func (l *pageLog) MarshalPieces() (length uint64, visit func(emit func([]byte)) error) {
	for _, h := range l.hot {
		l.rest(h)
	}
	numbers := l.numbers()
	slices.Sort(numbers)
	head := func(number int64) []byte {
		return binary.AppendUvarint(binary.AppendVarint(nil, number), uint64(len(l.sealed[number]))+uint64(l.away[number].size))
	}
	for _, number := range numbers {
		length += uint64(len(head(number))) + uint64(len(l.sealed[number])) + uint64(l.away[number].size)
	}
	return length, func(emit func([]byte)) error {
		for _, number := range numbers {
			compact := l.compact(number)
			if compact == nil {
				return errGone
			}
			emit(head(number))
			emit(compact)
		}
		return nil
	}
}

// UnmarshalBinary is the reverse of MarshalBinary.
func (l *pageLog) UnmarshalBinary(data []byte) error {
	*l = pageLog{}
	for len(data) > 0 {
		number, n := binary.Varint(data)
		size, m := binary.Uvarint(data[max(n, 0):])
		if n <= 0 || m <= 0 || size > uint64(len(data)-n-m) {
			return errPages
		}
		data = data[n+m:]
		if l.sealed == nil {
			l.sealed = make(map[int64][]byte)
		}
		l.sealed[number] = slices.Clone(data[:size])
		data = data[size:]
	}
	return nil
}
