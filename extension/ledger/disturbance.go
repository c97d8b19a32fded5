package ledger

import (
	"sync"
	"sync/atomic"
	"time"
)

// disturbances are the stretches of time in which faults were active, and what happened since the last of them ended.
type disturbances struct {
	grace   time.Duration
	active  atomic.Int64 // how many are; written under mu
	healing atomic.Pointer[healing]
	acked   atomic.Int64 // while one was active
	turns   atomic.Int64 // how many have begun or ended
	zombies zombies

	mu      sync.RWMutex
	excused [AllErrors + 1]timeline // by what they excuse; nothing asks for those of NoErrors
	heals   int64
}

// Disturb says that a disturbance begins now, and healed that it has ended. As long as one of them is active, and for
// [Options].Grace after it, those errors of clients and failed or unknown sends that it excuses do not count for ERRORS_SEEN; nor do
// those of sends that began in it, whenever they fail. The end of the last one is a heal: see [Ledger.Healed]. healed may be called
// more than once.
func (l *Ledger) Disturb(e Excuse) (healed func()) {
	d := &l.disturbances
	e = min(max(e, NoErrors), AllErrors)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.excused[e].begin(l.now())
	d.active.Add(1)
	d.turns.Add(1)
	return sync.OnceFunc(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		at := l.now()
		d.excused[e].end(at)
		d.turns.Add(1)
		if d.active.Add(-1) == 0 {
			d.heal(at)
		}
	})
}

// Healed says that the last disturbance has ended now: from here on STUCK expects progress. A later call moves that time.
func (l *Ledger) Healed() {
	d := &l.disturbances
	d.mu.Lock()
	defer d.mu.Unlock()
	d.heal(l.now())
}

// HealedAt returns when the last disturbance ended; ok is false if none did.
func (l *Ledger) HealedAt() (at time.Time, ok bool) {
	if h := l.disturbances.healing.Load(); h != nil {
		return h.at, true
	}
	return time.Time{}, false
}

// heal begins to measure anew; the caller holds the lock.
func (d *disturbances) heal(at time.Time) {
	d.heals++
	d.healing.Store(&healing{at: at})
}

// settled notes the outcome of a send; class is what went wrong, if something did.
func (d *disturbances) settled(o *Outcome, class ErrorSeen) {
	if o.Kind <= Suspicious && d.active.Load() > 0 {
		d.acked.Add(1)
	}
	if h := d.healing.Load(); h != nil {
		h.settled(o, class)
	}
}

// excuses tells whether a disturbance excuses an error: it came in one or soon after, or the send that it is of began in one.
func (d *disturbances) excuses(name string, began, at time.Time) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.in(AllErrors, began, at) || backpressure(name) && d.in(RetriableErrors, began, at)
}

// in tells whether an error falls into a disturbance with this excuse; the caller holds the lock.
func (d *disturbances) in(e Excuse, began, at time.Time) bool {
	return d.excused[e].covers(at, d.grace) || !began.IsZero() && d.excused[e].covers(began, 0)
}

// evidence adds what was measured since the last heal.
func (d *disturbances) evidence(e *Evidence, parts []*partView) {
	d.mu.RLock()
	e.Heals = d.heals
	d.mu.RUnlock()
	e.AckedDisturbed = d.acked.Load()
	h := d.healing.Load()
	if h == nil {
		return
	}
	e.AckedAfterHeal, e.ReadAfterHeal = h.acked.Load(), h.read.Load()
	moves := h.parts.all()
	for _, v := range parts {
		m := moves[v.p.tp]
		if m == nil && v.p.highestAcked() >= 0 {
			e.PartitionsWritten++
		}
	}
	for tp, m := range moves {
		if tp.Partition < 0 {
			continue
		}
		e.PartitionsWritten++
		if m.copy().acked > 0 {
			e.PartitionsHealed++
		}
	}
}
