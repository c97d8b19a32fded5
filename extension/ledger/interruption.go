package ledger

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Interruption is a moment from which on the target's partitions have to recover; see [Ledger.Interrupted].
type Interruption struct {
	ledger *Ledger
	what   string

	mu  sync.Mutex
	now *episode
}

// episode is one origin of recovery.
type episode struct {
	what   string
	origin time.Time
	void   atomic.Bool // another origin took its place
}

// Interrupted says that service is taken away from now on, perhaps not from all partitions, by what ("kill of broker 1"). From this
// moment on each partition that gets records has to recover: until the first ack of a record whose send began after it. It feeds
// SLOW_RECOVERY, STUCK and [Judgement].Recoveries. An interruption that comes before a partition has recovered from the one before takes
// over from it.
func (l *Ledger) Interrupted(what string) *Interruption {
	i := &Interruption{ledger: l, what: what}
	i.Restored()
	return i
}

// Restored moves the origin of recovery to now: nobody could recover earlier, for all brokers were gone, or storage was out. It may be
// called again.
func (i *Interruption) Restored() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.now != nil {
		i.now.void.Store(true)
	}
	i.now = i.ledger.recoveries.begin(i.what, i.ledger.now)
}

// recoveries are the origins, and how each partition recovered from each.
type recoveries struct {
	mu       sync.Mutex
	episodes atomic.Pointer[[]*episode] // in the order of time; replaced as a whole, so that readers need no lock
	parts    lockedMap[TopicPartition, *recovering]
}

func (r *recoveries) begin(what string, now func() time.Time) *episode {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := &episode{what: what, origin: now()}
	all := append(slices.Clone(r.all()), e)
	r.episodes.Store(&all)
	return e
}

func (r *recoveries) all() []*episode {
	if all := r.episodes.Load(); all != nil {
		return *all
	}
	return nil
}

// settled notes the outcome of a send. class is what went wrong, if something did.
func (r *recoveries) settled(o *Outcome, class ErrorSeen) {
	episodes := r.all()
	if len(episodes) == 0 || o.Began.IsZero() || o.TP.Partition < 0 {
		return
	}
	p := r.parts.get(o.TP, func() *recovering { return &recovering{} })
	p.mu.Lock()
	defer p.mu.Unlock()
	for ; p.known < len(episodes); p.known++ {
		p.open = append(p.open, &recovery{episode: episodes[p.known], number: p.known})
	}
	for i, one := range p.open {
		one.settled(o)
		if i == len(p.open)-1 && o.Kind > Suspicious && one.waitedFor(o) {
			one.fail(class, 1)
		}
	}
	p.open = replaced(p.open)
	p.open = slices.DeleteFunc(p.open, func(one *recovery) bool {
		if one.first.IsZero() || o.At.Sub(one.first) < settledLate {
			return false
		}
		p.done = append(p.done, one)
		return true
	})
}

// replaced leaves out the recoveries whose origin was moved. The errors that they saw are those of the next one.
func replaced(all []*recovery) []*recovery {
	var out []*recovery
	for i, one := range all {
		switch {
		case !one.void.Load():
			out = append(out, one)
		case i+1 == len(all):
			out = append(out, one) // the one that takes its place is not known yet
		default:
			for class, n := range one.errors {
				all[i+1].fail(class, n)
			}
		}
	}
	return out
}

// settledLate is how much later than an outcome that came after it one may be told of: clients do so on goroutines of their own.
const settledLate = time.Second

// recovering is how one partition recovers.
type recovering struct {
	mu         sync.Mutex
	known      int         // episodes that it has taken up
	open, done []*recovery // what may still change, and what cannot; in the order of time
}

// maxWaits bounds the separate times of waiting that are kept of one recovery. The rest is not counted.
const maxWaits = 64

// recovery is how one partition recovers from one origin.
type recovery struct {
	*episode
	number int       // of the episode
	first  time.Time // the first ack of a record whose send began after the origin
	waits  []stretch // apart from each other, in the order of time: records of the partition waited for their ack
	sent   bool      // a send began after the origin
	record Serial    // the first that waited
	errors map[ErrorSeen]int64
}

// settled notes an outcome if its record was waiting after the origin. Whoever does not wait cannot tell that a partition has not
// recovered: time in which nothing was sent is no time of recovery. Nor does a record that was sent before the origin tell it, if it was
// never acked: what has become of it may have nothing to do with this partition, for clients are answered in order.
func (r *recovery) settled(o *Outcome) {
	if !r.waitedFor(o) {
		return
	}
	acked := o.Kind <= Suspicious
	if after := !o.Began.Before(r.origin); after {
		r.sent = true
		if acked && (r.first.IsZero() || o.At.Before(r.first)) {
			r.first = o.At
		}
	} else if !acked {
		return
	}
	if len(r.waits) == 0 {
		r.record = o.Serial
	}
	wait := stretch{o.Began, o.At}
	if wait.from.Before(r.origin) {
		wait.from = r.origin
	}
	r.waits = joined(r.waits, wait)
}

// waitedFor tells whether a record waited for its outcome between the origin and the first ack.
func (r *recovery) waitedFor(o *Outcome) bool {
	return o.At.After(r.origin) && (r.first.IsZero() || !o.Began.After(r.first))
}

func (r *recovery) fail(class ErrorSeen, n int64) {
	if r.errors == nil {
		r.errors = map[ErrorSeen]int64{}
	}
	r.errors[class] += n
}

// joined adds a stretch to some that are apart from each other and in order.
func joined(all []stretch, s stretch) []stretch {
	from := len(all)
	for from > 0 && !all[from-1].to.Before(s.from) {
		from--
	}
	to := from
	for ; to < len(all) && !all[to].from.After(s.to); to++ {
		if all[to].from.Before(s.from) {
			s.from = all[to].from
		}
		if all[to].to.After(s.to) {
			s.to = all[to].to
		}
	}
	if from == to && len(all) == maxWaits {
		return all
	}
	return slices.Replace(all, from, to, s)
}
