package kafkaproxy

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"time"
)

// TopicPartition names a partition.
type TopicPartition struct {
	Topic     string
	Partition int32
}

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
	lease   *time.Timer   // nil: it lasts for as long as its rule says
	leased  time.Duration // for how long
	renewed time.Time     // when it last was; zero: not since it began
	stopped bool          // it takes nothing any more
	matched int64
	taken   int64 // matches that it acts on, or has acted on
	acting  int   // of these, those that it still acts on
	victims map[*point]struct{}
	hits    int64
	records int64
	touched map[TopicPartition]int64
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
		random: rand.New(rand.NewPCG(uint64(seed), 0)), victims: map[*point]struct{}{}, touched: map[TopicPartition]int64{},
	}
	if m.For > 0 {
		f.mu.Lock() // it may be over before we have it
		defer f.mu.Unlock()
		f.timer = time.AfterFunc(time.Duration(m.For), f.end)
	}
	return f
}

// ID counts the faults of a proxy, from 1 on. Events bear it.
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

// Hits is how often the fault has acted: on batches, if its action is Drop, Duplicate or Corrupt, or Error for Produce and Fetch; else on
// messages. Of Blackhole every message that it lost counts. A Duplicate counts once the copy is known to be in the log, a Reorder once
// the message has been overtaken.
func (f *Fault) Hits() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hits
}

// Records is how many records the fault has dropped, doubled, or spoilt; for other actions, how many were in the Produce requests
// that it acted on. A dropped record that its idempotent producer sends again counts once; for Fetch each reading counts.
func (f *Fault) Records() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.records
}

// Touched is Records by partition. A topic whose id no response has explained is "".
func (f *Fault) Touched() map[TopicPartition]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.touched)
}

// Done is closed when the fault has ended: it acts on nothing any more, and what it held is let go.
func (f *Fault) Done() <-chan struct{} { return f.done }

// Stop ends the fault, and waits until it acts on nothing any more. What it holds goes on at once; connections on which it lost
// something are reset.
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

// turn is one match that the fault acts on. It has to be ended by hit or miss.
type turn struct {
	fault *Fault
	luck  uint64 // random, the same for the same seed and match
}

// chance is luck as a number in [0, 1).
func (t turn) chance() float64 { return float64(t.luck>>11) / (1 << 53) }

// take decides whether to act on a match.
func (f *Fault) take() (turn, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped || f.spent() {
		return turn{}, false
	}
	f.matched++
	if f.matcher.Nth > 0 && f.matched%f.matcher.Nth != 0 {
		return turn{}, false
	}
	if p := f.matcher.Probability; p > 0 && f.random.Float64() >= p {
		return turn{}, false
	}
	f.taken++
	f.acting++
	return turn{fault: f, luck: f.random.Uint64()}, true
}

// spent reports whether the fault has acted as often as it may; the caller has the lock.
func (f *Fault) spent() bool { return f.matcher.Times > 0 && f.taken >= f.matcher.Times }

// hit says that the fault has acted, and on which records.
func (t turn) hit(records map[TopicPartition]int64) {
	f := t.fault
	f.mu.Lock()
	defer f.mu.Unlock()
	f.acting--
	f.count(records)
	f.finish()
}

// miss says that there was nothing to act on after all: the match was none.
func (t turn) miss() {
	f := t.fault
	f.mu.Lock()
	defer f.mu.Unlock()
	f.acting--
	f.taken--
	f.finish()
}

// again counts one more message of a connection on which the fault loses everything.
func (f *Fault) again(records map[TopicPartition]int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended.IsZero() {
		f.count(records)
	}
}

func (f *Fault) count(records map[TopicPartition]int64) {
	f.hits++
	for tp, n := range records {
		f.records += n
		f.touched[tp] += n
	}
	f.announce()
}

func (f *Fault) announce() {
	if f.change != nil {
		close(f.change)
		f.change = nil
	}
}

// keep notes a connection on which the fault has lost something: it is reset when the fault ends.
func (f *Fault) keep(p *point) {
	f.mu.Lock()
	f.victims[p] = struct{}{}
	stopped := f.stopped
	f.mu.Unlock()
	if stopped {
		p.reset()
	}
}

// release notes that such a connection has ended.
func (f *Fault) release(p *point) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.victims, p)
	f.finish()
}

// end has the fault take nothing any more and let go of what it holds.
func (f *Fault) end() {
	f.mu.Lock()
	if f.stopped {
		f.mu.Unlock()
		return
	}
	f.stop()
	victims := maps.Clone(f.victims)
	f.mu.Unlock()
	for p := range victims {
		p.reset()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finish()
}

// stop has the fault take nothing any more; the caller has the lock.
func (f *Fault) stop() {
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
	switch {
	case !f.ended.IsZero() || f.acting > 0:
		return
	case !f.stopped && (!f.spent() || len(f.victims) > 0):
		return
	case !f.stopped:
		f.stop()
	}
	f.ended = time.Now()
	f.announce()
	f.ending(f)
	close(f.done)
}

// pause waits, as long as the fault lasts. Calls of one connection wait one behind the other.
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
