package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k6suite/extension/chaos/platform"
)

// rounds takes brokers away and gives them back, as often as is asked for.
func (f *processFault) rounds() {
	began := time.Now()
	for round := range max(f.spec.Times, 1) {
		brokers := f.first
		if round > 0 {
			if !f.wait(time.Until(began.Add(time.Duration(round) * time.Duration(f.spec.Every)))) {
				return
			}
			brokers = f.choose(round)
		}
		gone := f.takeAway(brokers)
		f.firstIsOver()
		if f.spec.lasts() && len(gone) > 0 {
			f.last()
		}
		f.giveBack(gone)
	}
}

// choose takes brokers for a later round; none if it does not come about.
func (f *processFault) choose(round int) []platform.Broker {
	if p := f.spec.Probability; p > 0 && f.random.Float64() >= p {
		return nil
	}
	brokers, err := f.fleet.claim(f.over, f, f.spec.Broker)
	if err != nil {
		f.note(fmt.Sprintf("time %d of %d found nothing to %s: %v", round+1, f.spec.Times, f.spec.Action, err))
	}
	return brokers
}

// last waits until brokers may come back.
func (f *processFault) last() {
	if f.spec.For == 0 {
		<-f.over.Done()
		return
	}
	f.wait(time.Duration(f.spec.For))
}

// wait reports false when the fault is to end before.
func (f *processFault) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-f.over.Done():
		return false
	}
}

// takeAway has brokers gone, all at once, and returns those that are.
func (f *processFault) takeAway(brokers []platform.Broker) []platform.Broker {
	if len(brokers) == 0 {
		return nil
	}
	ctx, cancel := f.fleet.bounded()
	defer cancel()
	if err := f.fleet.leave(ctx, f.handle, f.leaves(), false, brokers...); err != nil {
		f.fail(err)
		f.fleet.release(f, brokers...)
		return nil
	}
	gone := make([]bool, len(brokers))
	var all sync.WaitGroup
	for i, b := range brokers {
		all.Go(func() { gone[i] = f.takeOne(ctx, b) })
	}
	all.Wait()
	var out []platform.Broker
	for i, b := range brokers {
		if gone[i] {
			out = append(out, b)
		}
	}
	return out
}

// takeOne reports whether the broker is gone: also one that has not ended in time may be.
func (f *processFault) takeOne(ctx context.Context, b platform.Broker) bool {
	change, did := f.fleet.platform.Kill, "killed"
	switch {
	case f.spec.Action == actPause:
		change, did = f.fleet.platform.Pause, "paused"
	case f.spec.graceful():
		change, did = f.fleet.platform.Stop, "stopped"
	}
	err := change(ctx, b.ID)
	if err == nil {
		f.hit(fmt.Sprintf("%s broker %d (%s)", did, b.ID, b.Address))
		return true
	}
	f.fail(fmt.Errorf("broker %d could not be %s: %w%s", b.ID, did, err, f.tail(b.ID)))
	if f.fleet.runs(b.ID) {
		f.fleet.back(f.handle, b.ID, false)
		return false
	}
	return true
}

// leaves is what brokers are while the fault has them.
func (f *processFault) leaves() platform.State {
	if f.spec.Action == actPause {
		return platform.Paused
	}
	return platform.Dead
}

// giveBack has brokers serve again, all at once. It reports whether they do.
func (f *processFault) giveBack(brokers []platform.Broker) bool {
	start, comes := f.fleet.platform.Start, "did not come back"
	if f.spec.Action == actPause {
		start, comes = f.fleet.platform.Resume, "could not be resumed"
	}
	ok := make([]bool, len(brokers))
	var all sync.WaitGroup
	for i, b := range brokers {
		all.Go(func() {
			ctx, cancel := f.fleet.bounded()
			defer cancel()
			began := time.Now()
			if err := start(ctx, b.ID); err != nil {
				f.fail(fmt.Errorf("broker %d %s (waited %s): %w%s", b.ID, comes, time.Since(began).Round(time.Millisecond), err, f.tail(b.ID)))
				f.fleet.release(f, b)
				return
			}
			f.fleet.back(f.handle, b.ID, false)
			ok[i] = true
		})
	}
	all.Wait()
	return !slices.Contains(ok, false)
}

// tail is the end of a broker's log, where the platform has it.
func (f *processFault) tail(id int32) string {
	logs, ok := f.fleet.platform.(interface{ Tail(id int32) []string })
	if !ok {
		return ""
	}
	lines := logs.Tail(id)
	if len(lines) == 0 {
		return "; it has logged nothing"
	}
	return "; its last log lines:\n  " + strings.Join(lines, "\n  ")
}
