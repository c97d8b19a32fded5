package ledger

import (
	"maps"
	"slices"
)

// hotPages is how many pages of one log are open at a time: the tail, and what readers that lag behind touch.
const hotPages = 4

// pageLog maps offsets to cells. The pages that were touched last are open; the rest is sealed into a few bits a cell. The zero
// value is empty. It is not safe for concurrent use.
type pageLog struct {
	sealed map[int64][]byte
	away   map[int64]spilled // in the file
	spill  *spill
	hot    []*hotPage // the one touched last comes first
}

type hotPage struct {
	number int64
	dirty  bool
	cells  page
}

func (l *pageLog) get(offset int64) cell {
	return l.open(offset >> pageBits).cells[offset&(pageSize-1)]
}

func (l *pageLog) put(offset int64, c cell) {
	h := l.open(offset >> pageBits)
	h.cells[offset&(pageSize-1)] = c
	h.dirty = true
}

// peek is get for a log that is mostly empty: it creates no page.
func (l *pageLog) peek(offset int64) cell {
	if l.empty() {
		return 0
	}
	return l.get(offset)
}

func (l *pageLog) empty() bool { return len(l.hot) == 0 && len(l.sealed) == 0 && len(l.away) == 0 }

func (l *pageLog) open(number int64) *hotPage {
	if len(l.hot) > 0 && l.hot[0].number == number {
		return l.hot[0]
	}
	for i, h := range l.hot {
		if h.number == number {
			copy(l.hot[1:i+1], l.hot[:i])
			l.hot[0] = h
			return h
		}
	}
	h := l.free()
	h.number, h.dirty = number, false
	if compact := l.compact(number); compact != nil {
		unseal(compact, &h.cells)
	} else {
		h.cells = page{}
	}
	copy(l.hot[1:], l.hot[:len(l.hot)-1])
	l.hot[0] = h
	return h
}

// free returns a page to fill, and makes room for it at the end of hot.
func (l *pageLog) free() *hotPage {
	if len(l.hot) < hotPages {
		h := &hotPage{}
		l.hot = append(l.hot, h)
		return h
	}
	h := l.hot[len(l.hot)-1]
	l.rest(h)
	return h
}

// rest seals what was written to a page since it was opened.
func (l *pageLog) rest(h *hotPage) {
	if !h.dirty {
		return
	}
	var scratch [2 * pageSize]byte
	l.keep(h.number, seal(scratch[:0], &h.cells))
	h.dirty = false
}

// keep keeps the compact form of a page: in memory, or in the file if there is no room.
func (l *pageLog) keep(number int64, compact []byte) {
	old := len(l.sealed[number])
	if !l.spill.fits(len(compact) - old) {
		if at, ok := l.spill.write(compact, l.away[number]); ok {
			if l.away == nil {
				l.away = make(map[int64]spilled)
			}
			l.away[number] = at
			l.spill.release(old)
			delete(l.sealed, number)
			return
		}
		l.spill.release(old - len(compact)) // it stays in memory all the same
	}
	if l.sealed == nil {
		l.sealed = make(map[int64][]byte)
	}
	l.sealed[number] = slices.Clip(slices.Clone(compact))
	delete(l.away, number)
}

// compact gives the compact form of a page, or nil if there is none.
func (l *pageLog) compact(number int64) []byte {
	if compact, ok := l.sealed[number]; ok {
		return compact
	}
	if at, ok := l.away[number]; ok {
		return l.spill.read(at)
	}
	return nil
}

// numbers gives the numbers of the sealed pages.
func (l *pageLog) numbers() []int64 {
	return slices.AppendSeq(slices.Collect(maps.Keys(l.sealed)), maps.Keys(l.away))
}

// forms visits the pages that hold something, in order and as they are kept, sealed or open, until the visit returns false. It must not
// put anything into the log.
func (l *pageLog) forms(visit func(number int64, compact []byte, cells *page) bool) {
	numbers := l.numbers()
	for _, h := range l.hot {
		numbers = append(numbers, h.number)
	}
	slices.Sort(numbers)
	var cells page
	for _, n := range slices.Compact(numbers) {
		on := true
		if i := slices.IndexFunc(l.hot, func(h *hotPage) bool { return h.number == n }); i >= 0 {
			cells = l.hot[i].cells // the visit may look into the log, and open another page in its place
			on = visit(n, nil, &cells)
		} else if compact := l.compact(n); compact != nil {
			on = visit(n, compact, nil)
		}
		if !on {
			return
		}
	}
}

// pages visits the pages that hold something, in order. The visit gets a copy of its own, and may look into the log.
func (l *pageLog) pages(visit func(number int64, cells *page)) {
	var opened page
	l.forms(func(number int64, compact []byte, cells *page) bool {
		if cells == nil {
			cells = &opened
			unseal(compact, cells)
		}
		visit(number, cells)
		return true
	})
}
