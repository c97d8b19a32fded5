package ledger

import (
	"slices"
	"time"
)

// stretch is a time in which something was so.
type stretch struct{ from, to time.Time }

// timeline keeps when something was so that several may bring about at a time. The zero value is empty; it is not safe for
// concurrent use.
type timeline struct {
	open int       // how many bring it about now
	from time.Time // of the stretch that is open
	past []stretch // in the order of time
}

func (t *timeline) begin(at time.Time) {
	if t.open == 0 {
		t.from = at
	}
	t.open++
}

func (t *timeline) end(at time.Time) {
	if t.open--; t.open == 0 {
		t.past = append(t.past, stretch{t.from, at})
	}
}

// covers tells whether it was so at a time, or at most grace before it.
func (t *timeline) covers(at time.Time, grace time.Duration) bool {
	if t.open > 0 && !at.Before(t.from) {
		return true
	}
	i, found := slices.BinarySearchFunc(t.past, at, func(s stretch, at time.Time) int { return s.from.Compare(at) })
	return found || i > 0 && !at.After(t.past[i-1].to.Add(grace))
}

// around gives the stretch that began before one time and had not ended at another.
func (t *timeline) around(began, at time.Time) (s stretch, ok bool) {
	if t.open > 0 && t.from.Before(began) {
		return stretch{from: t.from}, true
	}
	i, _ := slices.BinarySearchFunc(t.past, began, func(s stretch, at time.Time) int { return s.from.Compare(at) })
	if i > 0 && at.Before(t.past[i-1].to) {
		return t.past[i-1], true
	}
	return stretch{}, false
}

// overlap is how much of the time between two instants it was so.
func (t *timeline) overlap(from, to time.Time) (sum time.Duration) {
	add := func(s stretch) {
		if s.from.Before(from) {
			s.from = from
		}
		if s.to.After(to) {
			s.to = to
		}
		sum += max(s.to.Sub(s.from), 0)
	}
	for _, s := range t.past {
		add(s)
	}
	if t.open > 0 {
		add(stretch{t.from, to})
	}
	return sum
}
