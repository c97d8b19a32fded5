package s3proxy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// maxObjects is how many objects a fault remembers.
const maxObjects = 100

// Fault is a rule at work. It is safe for concurrent use.
type Fault struct {
	matcher *matcher
	id      int64
	began   time.Time
	ending  func(*Fault) // called once it has ended
	over    chan struct{}
	done    chan struct{}

	mu      sync.Mutex
	random  *rand.Rand
	timer   *time.Timer
	lease   *time.Timer // of Renew, nil: it has none
	stopped bool        // it takes nothing any more
	matched int64
	taken   int64 // matches that it acts on, or has acted on
	acting  int   // of these, those that it still acts on
	hits    int64
	bytes   int64
	objects []string
	change  chan struct{} // closed at the next hit, where somebody waits for one
	ended   time.Time
	free    time.Time // when the next throttled byte may pass
}

func newFault(m *matcher, id int64, ending func(*Fault)) *Fault {
	seed := m.Seed
	if seed == 0 {
		seed = 1
	}
	f := &Fault{
		matcher: m, id: id, began: time.Now(), ending: ending, over: make(chan struct{}), done: make(chan struct{}),
		random: rand.New(rand.NewPCG(uint64(seed), 0)),
	}
	if m.For > 0 {
		f.mu.Lock() // it may be over before we have it
		defer f.mu.Unlock()
		f.timer = time.AfterFunc(time.Duration(m.For), f.end)
	}
	return f
}

// ID counts the faults of a proxy, from 1 on. The log bears it.
func (f *Fault) ID() int64 { return f.id }

// Rule is what was injected.
func (f *Fault) Rule() Rule { return f.matcher.Rule }

// Began is when the fault was injected.
func (f *Fault) Began() time.Time { return f.began }

// Ended is when it ended, zero as long as it has not.
func (f *Fault) Ended() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended
}

// Hits is on how many requests the fault has acted, or acts.
func (f *Fault) Hits() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hits
}

// Bytes is how much the fault has hit: of Throttle the bytes of bodies that it let pass, of Truncate those that it cut off, of Corrupt
// those that it changed, of Stale those of the entries that it left out; of all others the bodies of the requests that it acted on,
// as far as requests say how long theirs are.
func (f *Fault) Bytes() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bytes
}

// Objects are the keys that the fault has hit, each once, the first hundred.
func (f *Fault) Objects() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.objects)
}

// Done is closed when the fault has ended: it acts on nothing any more, and what it held is let go.
func (f *Fault) Done() <-chan struct{} { return f.done }

// Stop ends the fault, and waits until it acts on nothing any more. What it holds goes on at once: a delayed request is sent on, a
// late one is done; connections that it leaves without an answer are reset.
func (f *Fault) Stop() {
	f.end()
	<-f.done
}

// WaitHits waits until the fault has acted n times. It is an error if the fault ends before, or ctx does.
func (f *Fault) WaitHits(ctx context.Context, n int64) error {
	for {
		f.mu.Lock()
		hits, ended := f.hits, !f.ended.IsZero()
		if f.change == nil {
			f.change = make(chan struct{})
		}
		change := f.change
		f.mu.Unlock()
		switch {
		case hits >= n:
			return nil
		case ended:
			return fmt.Errorf("fault %d ended after %d of %d hits", f.id, hits, n)
		}
		select {
		case <-change:
		case <-ctx.Done():
			return fmt.Errorf("fault %d has %d of %d hits: %w", f.id, hits, n, ctx.Err())
		}
	}
}

// take decides whether to act on a match. What it returns has to be ended, by release or by miss.
func (f *Fault) take() (*turn, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped || f.spent() {
		return nil, false
	}
	f.matched++
	if f.matcher.Nth > 0 && f.matched%f.matcher.Nth != 0 {
		return nil, false
	}
	if p := f.matcher.Probability; p > 0 && f.random.Float64() >= p {
		return nil, false
	}
	f.taken++
	f.acting++
	return &turn{fault: f, luck: f.random.Uint64()}, true
}

// spent reports whether the fault has acted as often as it may; the caller has the lock.
func (f *Fault) spent() bool { return f.matcher.Times > 0 && f.taken >= f.matcher.Times }

// announce tells those who wait that something has changed; the caller has the lock.
func (f *Fault) announce() {
	if f.change != nil {
		close(f.change)
		f.change = nil
	}
}

// end has the fault take nothing any more and let go of what it holds.
func (f *Fault) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stop()
	f.finish()
}

// stop has it take nothing any more; the caller has the lock.
func (f *Fault) stop() {
	if f.stopped {
		return
	}
	f.stopped = true
	for _, timer := range []*time.Timer{f.timer, f.lease} {
		if timer != nil {
			timer.Stop()
		}
	}
	close(f.over)
}

// finish ends a fault that has nothing more to do; the caller has the lock.
func (f *Fault) finish() {
	acts := f.acting > 0
	if f.stopped && f.matcher.Action == Throttle {
		acts = false // what it slowed down flows freely, for however long it takes
	}
	if !f.ended.IsZero() || acts || !f.stopped && !f.spent() {
		return
	}
	f.stop()
	f.ended = time.Now()
	f.announce()
	f.ending(f)
	close(f.done)
}

// pace gives how long n bytes have to wait for those before them.
func (f *Fault) pace(n int) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if f.free.Before(now) {
		f.free = now
	}
	f.free = f.free.Add(time.Duration(float64(n) / float64(f.matcher.BytesPerSecond) * float64(time.Second)))
	return f.free.Sub(now)
}

// pause waits, as long as the fault lasts. It is an error if ctx, that of the proxy, ends.
func (f *Fault) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.over:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
