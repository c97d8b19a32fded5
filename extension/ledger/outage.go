package ledger

import (
	"sync"
	"sync/atomic"
	"time"
)

// outageMargin is how far inside an outage a send must begin and be acked to count for ACK_IN_OUTAGE: nobody can cut storage off, or give
// it back, and tell of it at the same instant.
const outageMargin = 250 * time.Millisecond

// outages are the stretches of time in which object storage took no write at all.
type outages struct {
	any   atomic.Bool // there was one: without, acks need not be compared
	mu    sync.RWMutex
	times timeline
}

// ackInOutage is an ack of a record whose send began in the outage that had not ended when the ack came.
type ackInOutage struct {
	offset     int64
	serial     Serial
	began, at  time.Time
	outageFrom time.Time
}

// Outage says that from now on object storage takes no write of anybody, and over that it may take one again. Call it once the outage is in
// force, and over before it is lifted. It feeds ACK_IN_OUTAGE. over may be called more than once.
func (l *Ledger) Outage() (over func()) {
	o := &l.outages
	o.mu.Lock()
	defer o.mu.Unlock()
	o.times.begin(l.now())
	o.any.Store(true)
	return sync.OnceFunc(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.times.end(l.now())
	})
}

// around gives when the outage began in which a send began and was acked.
func (o *outages) around(began, at time.Time) (from time.Time, ok bool) {
	if !o.any.Load() || began.IsZero() {
		return time.Time{}, false
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	s, ok := o.times.around(began.Add(-outageMargin), at)
	return s.from, ok
}

// ending tells whether a time lies so close before the end of an outage that it may owe to it.
func (o *outages) ending(at time.Time) bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for _, s := range o.times.past {
		if !at.Before(s.to.Add(-outageMargin)) && !at.After(s.to) {
			return true
		}
	}
	return false
}

// near tells whether a time lies in an outage, or so close behind it that it may.
func (o *outages) near(at time.Time) bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.times.covers(at, outageMargin)
}
