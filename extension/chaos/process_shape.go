package chaos

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"k6suite/extension/chaos/platform"
)

// shape reserves the whole of the brokers for a roll or scale: two at once would undo each other's work.
func (t *fleet) shape(ctx context.Context, f *processFault) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shaping != nil {
		return fmt.Errorf("a %s of the brokers is at work: wait until it has ended", t.shaping.spec.Action)
	}
	all, free, err := t.list(ctx)
	switch {
	case err != nil:
		return err
	case f.spec.Action == actRoll && len(free) == 0:
		return fmt.Errorf("no broker is running that could be taken (there are: %s)", describe(all))
	case f.spec.Action == actScale && len(t.members(all)) == f.spec.Brokers:
		return fmt.Errorf("there are %d brokers already: nothing to add or to remove", f.spec.Brokers)
	}
	t.shaping = f
	if f.spec.Action == actRoll {
		f.first = free
	}
	return nil
}

// shaped says that a roll or scale is over.
func (t *fleet) shaped(f *processFault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shaping == f {
		t.shaping = nil
	}
}

// members are the brokers that run, or will again: those that faults hold included; the caller has the lock.
func (t *fleet) members(all []platform.Broker) []platform.Broker {
	return slices.DeleteFunc(slices.Clone(all), func(b platform.Broker) bool {
		return b.State == platform.Dead && t.taken[b.ID] == nil
	})
}

// roll restarts all brokers, one after the other. A broker that does not come back ends it.
func (f *processFault) roll() {
	defer f.firstIsOver()
	for i, b := range f.first {
		if i > 0 && !f.wait(f.spec.gap()) {
			return
		}
		brokers, err := f.fleet.claim(f.over, f, selector{id: &b.ID})
		if err != nil {
			f.note(fmt.Sprintf("left broker %d out: %v", b.ID, err))
			continue
		}
		gone := f.takeAway(brokers)
		f.firstIsOver()
		if !f.giveBack(gone) || f.failure() != nil {
			return
		}
	}
}

// scale has so many brokers run, and where it is said for how long, as many as before after that.
func (f *processFault) scale() {
	defer f.firstIsOver()
	before, err := f.fleet.keepOriginal(f)
	if err == nil {
		err = f.resize(f.spec.Brokers, true)
	}
	f.fail(err)
	if f.spec.For == 0 || err != nil && f.Hits() == 0 {
		return
	}
	f.firstIsOver()
	f.last()
	f.fail(f.resize(before, false))
}

// keepOriginal notes how many brokers there are before the first scale; the end of the run restores them.
func (t *fleet) keepOriginal(f *processFault) (int, error) {
	ctx, cancel := t.bounded()
	defer cancel()
	t.mu.Lock()
	defer t.mu.Unlock()
	all, _, err := t.list(ctx)
	if err != nil {
		return 0, err
	}
	n := len(t.members(all))
	if t.resized == nil {
		t.resized, t.original = f, n
	}
	return n, nil
}

// restore has as many brokers run as there were at first.
func (t *fleet) restore() {
	t.mu.Lock()
	f, n := t.resized, t.original
	if f == nil || t.shaping != nil { // who scales anew will be asked again
		t.mu.Unlock()
		return
	}
	t.shaping = f
	t.mu.Unlock()
	defer t.shaped(f)
	err := f.resize(n, false)
	f.fail(err)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.resized = nil
}

// resize adds and removes brokers until so many run. What is asked for counts as hits, what restores them does not.
func (f *processFault) resize(n int, asked bool) error {
	for !asked || f.over.Err() == nil {
		more, victim, err := f.fleet.next(f, n)
		switch {
		case err != nil:
			return err
		case more:
			err = f.add(asked)
		case victim != nil:
			err = f.remove(*victim, asked)
		default:
			return nil
		}
		if err != nil {
			return err
		}
		f.firstIsOver()
	}
	return nil
}

// next says what is to be done until so many run: one more, or this one less, which is taken; or nothing.
func (t *fleet) next(f *processFault, n int) (more bool, victim *platform.Broker, err error) {
	ctx, cancel := t.bounded()
	defer cancel()
	t.mu.Lock()
	defer t.mu.Unlock()
	all, free, err := t.list(ctx)
	if err != nil {
		return false, nil, err
	}
	switch members := len(t.members(all)); {
	case members < n:
		return true, nil, nil
	case members == n:
		return false, nil, nil
	case len(free) == 0:
		return false, nil, fmt.Errorf("no broker is running that could be removed (there are: %s)", describe(all))
	}
	youngest := slices.MaxFunc(free, func(a, b platform.Broker) int { return cmp.Compare(a.ID, b.ID) })
	t.taken[youngest.ID] = f
	return false, &youngest, nil
}

func (f *processFault) add(counts bool) error {
	ctx, cancel := f.fleet.bounded()
	defer cancel()
	began := time.Now()
	id, err := f.fleet.platform.Add(ctx)
	if err != nil {
		return fmt.Errorf("a broker could not be added (waited %s): %w", time.Since(began).Round(time.Millisecond), err)
	}
	f.fleet.back(f.handle, id, true)
	f.count(counts, fmt.Sprintf("added broker %d%s", id, f.fleet.address(ctx, id)))
	return nil
}

func (f *processFault) remove(b platform.Broker, counts bool) error {
	ctx, cancel := f.fleet.bounded()
	defer cancel()
	if err := f.fleet.leave(ctx, f.handle, platform.Dead, true, b); err != nil {
		f.fleet.release(f, b)
		return err
	}
	if err := f.fleet.platform.Remove(ctx, b.ID); err != nil {
		err = fmt.Errorf("broker %d could not be removed: %w%s", b.ID, err, f.tail(b.ID))
		if f.fleet.runs(b.ID) {
			f.fleet.back(f.handle, b.ID, false)
		} else {
			f.fleet.release(f, b)
		}
		return err
	}
	f.fleet.removed(b.ID)
	f.count(counts, fmt.Sprintf("removed broker %d (%s)", b.ID, b.Address))
	return nil
}

// count notes a change, as a hit or as the undoing of some.
func (f *processFault) count(hit bool, note string) {
	if hit {
		f.hit(note)
		return
	}
	f.note(note)
}

func (t *fleet) address(ctx context.Context, id int32) string {
	all, err := t.platform.Brokers(ctx)
	i := slices.IndexFunc(all, func(b platform.Broker) bool { return b.ID == id })
	if err != nil || i < 0 {
		return ""
	}
	return " (" + all[i].Address + ")"
}
