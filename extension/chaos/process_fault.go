package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"k6suite/extension/chaos/platform"
)

// processFault is a fault on brokers at work.
type processFault struct {
	spec   processSpec
	fleet  *fleet
	random *rand.Rand
	lucky  bool              // the first round comes about
	first  []platform.Broker // whom it takes
	handle *Handle           // set before it begins

	halt  context.CancelFunc
	over  context.Context //nolint:containedctx // ends when the fault is to end: it outlives the call that began it
	acted chan struct{}   // closed when the first round has acted
	once  sync.Once
	done  chan struct{}

	mu     sync.Mutex
	hits   int64
	took   []string
	err    error
	change chan struct{} // closed at the next hit, where somebody waits for one
}

// prepare finds whom a fault takes first, and that the platform is able to do it.
func (t *fleet) prepare(ctx context.Context, s processSpec) (start, error) {
	if err := t.able(s); err != nil {
		return start{}, err
	}
	f := &processFault{spec: s, fleet: t, random: t.chance(s), acted: make(chan struct{}), done: make(chan struct{})}
	f.over, f.halt = context.WithCancel(context.Background())
	f.lucky = s.Probability == 0 || f.random.Float64() < s.Probability
	if err := f.reserve(ctx); err != nil {
		f.giveUp()
		return start{}, fmt.Errorf("%s: %w", s.Action, err)
	}
	return start{giveUp: f.giveUp, begin: func(h *Handle) (fault, error) {
		f.handle = h
		go f.run()
		return f, nil
	}}, nil
}

// able refuses what the platform cannot do, or not undo.
func (t *fleet) able(s processSpec) error {
	end := platform.CanKill
	if s.graceful() {
		end = platform.CanStop
	}
	var needs []platform.Change
	switch s.Action {
	case actPause:
		needs = []platform.Change{platform.CanPause}
	case actScale:
		needs = []platform.Change{platform.CanAdd, platform.CanRemove}
	default:
		needs = []platform.Change{end, platform.CanStart}
	}
	for _, change := range needs {
		if !slices.Contains(t.platform.Can(), change) {
			return fmt.Errorf("%s: %w", s.Action, platform.Cannot(t.platform, change))
		}
	}
	return nil
}

// chance is what decides where a fault leaves something to it. Without a seed of its own it goes by how many there were before.
func (t *fleet) chance(s processSpec) *rand.Rand {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.prepared++
	seed, stream := t.seed, t.prepared
	if s.Seed != nil {
		seed, stream = *s.Seed, 0
	}
	return rand.New(rand.NewPCG(uint64(seed), stream))
}

// reserve takes what the fault needs from its beginning on.
func (f *processFault) reserve(ctx context.Context) (err error) {
	if !f.spec.takes() {
		return f.fleet.shape(ctx, f)
	}
	f.first, err = f.fleet.claim(ctx, f, f.spec.Broker)
	if err == nil && !f.lucky {
		f.fleet.release(f, f.first...) // it was there to be taken
		f.first = nil
	}
	return err
}

// giveUp gives back what was reserved.
func (f *processFault) giveUp() {
	f.halt()
	f.fleet.release(f, f.first...)
	f.fleet.shaped(f)
}

func (f *processFault) run() {
	defer close(f.done)
	defer f.announce()
	defer f.halt()
	defer f.fleet.shaped(f)
	switch f.spec.Action {
	case actRoll:
		f.roll()
	case actScale:
		f.scale()
	default:
		f.rounds()
	}
}

// waitFirst waits until the first round has acted. It is an error if it could not, or ctx ends before; then the fault has ended, too.
func (f *processFault) waitFirst(ctx context.Context) error {
	var err error
	select {
	case <-f.acted:
		if err = f.failure(); err == nil || f.Hits() > 0 {
			return nil
		}
	case <-ctx.Done():
		err = fmt.Errorf("%s: %w", f.spec.Action, context.Cause(ctx))
	}
	f.Stop()
	return err
}

func (f *processFault) firstIsOver() { f.once.Do(func() { close(f.acted) }) }
