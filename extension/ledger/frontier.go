package ledger

import (
	"math"
	"slices"
)

// A frontier remembers how a number grew, so that somebody who asked at a time can be told what it had reached by then. It keeps few marks,
// the older the fewer: where some were let go, it answers what was reached earlier, which is never too much. The zero value is empty; it is
// not safe for concurrent use.
type frontier struct{ marks []mark }

// mark says that a number had been reached at a time, and who showed it.
type mark struct {
	at    int64 // nanoseconds of [Ledger.since]
	value int64
	who   string
}

const (
	maxMarks  = 128
	markApart = 5_000_000 // nanoseconds between two marks and the one between them
)

// add notes a number, if it is greater than all before.
func (f *frontier) add(m mark) {
	n := len(f.marks)
	if n > 0 {
		last := f.marks[n-1]
		if m.value <= last.value {
			return
		}
		m.at = max(m.at, last.at)
	}
	if n > 1 && m.at-f.marks[n-2].at < markApart {
		f.marks[n-1] = m
		return
	}
	if n == maxMarks {
		f.thin()
	}
	f.marks = append(f.marks, m)
}

// thin lets go of the mark that is missed least: the gap that it leaves is small for how long ago it was. So a few marks reach far back.
func (f *frontier) thin() {
	now, least, drop := f.marks[len(f.marks)-1].at+markApart, math.MaxFloat64, 1
	for i := 1; i < len(f.marks)-1; i++ {
		if gap := float64(f.marks[i+1].at-f.marks[i-1].at) / float64(now-f.marks[i].at); gap < least {
			least, drop = gap, i
		}
	}
	f.marks = slices.Delete(f.marks, drop, drop+1)
}

// before gives the mark of the greatest number known to have been reached before a time; its value is −1 if there is none.
func (f *frontier) before(at int64) mark {
	i, _ := slices.BinarySearchFunc(f.marks, at, func(m mark, at int64) int {
		if m.at < at {
			return -1
		}
		return 1
	})
	if i == 0 {
		return mark{value: -1}
	}
	return f.marks[i-1]
}

// latest gives the mark of the greatest number; its value is −1 if there is none.
func (f *frontier) latest() mark {
	if n := len(f.marks); n > 0 {
		return f.marks[n-1]
	}
	return mark{value: -1}
}

// reachedAt gives a time by which a number had been reached.
func (f *frontier) reachedAt(value int64) (at int64, ok bool) {
	for _, m := range f.marks {
		if m.value >= value {
			return m.at, true
		}
	}
	return 0, false
}
