package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// again is how long Follow waits before it tries again to make a fault that found nothing to act on.
	again = 50 * time.Millisecond
	// patience is for how long it tries, where the fault does not say for how long it lasts.
	patience = 10 * time.Second
)

// Follow carries out a plan, and returns the faults when all have ended. What could never be made is refused before anything begins. A
// fault that finds no broker to act on, because others have them, is tried again until its time is over: then it is an error. Where
// brokers take longer to come back than the plan has it, all that was to begin after that begins so much later: a fault on a target that
// is not there would hit nothing.
func (c *Controller) Follow(ctx context.Context, p *Plan) ([]*Handle, error) {
	for i, f := range p.faults {
		if err := c.able(f.asked); err != nil {
			return nil, fmt.Errorf("fault %d of the plan, at %s: %w", i+1, f.At, err)
		}
	}
	handles, wrong := make([]*Handle, len(p.faults)), make([]error, len(p.faults))
	clock, over := newPlanClock(), make([]chan struct{}, len(p.faults))
	for i := range over {
		over[i] = make(chan struct{})
	}
	var all sync.WaitGroup
	for i, f := range p.faults {
		all.Go(func() {
			defer close(over[i])
			at, going := clock.reach(ctx, f.At, p.before(i, over))
			if !going {
				return
			}
			var err error
			if handles[i], err = c.followOne(ctx, f, at); err != nil {
				wrong[i] = fmt.Errorf("fault %d of the plan, at %s: %w", i+1, f.At, err)
			}
			if length, said := f.asked.length(); said {
				clock.ended(f.At, length)
			}
		})
	}
	all.Wait()
	made := slices.DeleteFunc(handles, func(h *Handle) bool { return h == nil })
	if ctx.Err() != nil {
		return made, fmt.Errorf("the plan was not carried out to its end: %w", context.Cause(ctx))
	}
	return made, errors.Join(wrong...)
}

// able says why a fault could never be made.
func (c *Controller) able(a asked) error {
	switch {
	case a.family == Processes && c.fleet != nil:
		return c.fleet.able(a.processes)
	case a.family == Processes, a.family == Storage && c.options.Storage == nil, a.family == Wire && c.options.Kafka == nil:
		return c.missing(a.family)
	default:
		return nil
	}
}

// followOne makes a fault whose time has come, and waits for its end. What was late ends in time all the same.
func (c *Controller) followOne(ctx context.Context, f Planned, at time.Time) (*Handle, error) {
	length, said := f.asked.length()
	if !said {
		length = patience
	}
	late := false
	h, err := c.Inject(ctx, f.Spec)
	for err != nil && f.asked.family == Processes && !errors.Is(err, ErrEnded) && time.Until(at.Add(length)) > again {
		if !sleepUntil(ctx, time.Now().Add(again)) {
			return nil, nil
		}
		late = true
		h, err = c.Inject(ctx, f.Spec)
	}
	if err != nil {
		return nil, err
	}
	end, cancel := ctx, func() {}
	if said && late {
		end, cancel = context.WithDeadline(ctx, at.Add(length))
	}
	defer cancel()
	select {
	case <-h.Done():
	case <-end.Done():
		h.Stop()
	}
	return h, nil
}

// sleepUntil reports false when ctx ends before.
func sleepUntil(ctx context.Context, at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
