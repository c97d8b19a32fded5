package chaos

import (
	"context"
	"sync"
	"time"
)

// planClock is the time of a plan that is carried out. It stands still while something is not over that was to be.
type planClock struct {
	began time.Time

	mu   sync.Mutex
	late time.Duration // how much longer than planned it has taken so far
}

func newPlanClock() *planClock { return &planClock{began: time.Now()} }

// reach waits for a moment of the plan, and for what was to be over by then. It reports false when ctx ends before.
func (c *planClock) reach(ctx context.Context, at time.Duration, before []<-chan struct{}) (now time.Time, ok bool) {
	for _, over := range before {
		select {
		case <-over:
		case <-ctx.Done():
			return time.Time{}, false
		}
	}
	for {
		due := c.due(at)
		if !sleepUntil(ctx, due) {
			return due, false
		}
		if due.Equal(c.due(at)) { // else the clock has stood still meanwhile
			return due, true
		}
	}
}

// ended has the clock stand still for as long as something took longer than it was to.
func (c *planClock) ended(at, length time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late = max(c.late, time.Since(c.began.Add(at+length)))
}

func (c *planClock) due(at time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.began.Add(at + c.late)
}

// before gives what is to be over when a fault of the plan begins.
func (p *Plan) before(i int, over []chan struct{}) (all []<-chan struct{}) {
	for j, f := range p.faults[:i] {
		if length, said := f.asked.length(); said && f.At+length <= p.faults[i].At {
			all = append(all, over[j])
		}
	}
	return all
}
