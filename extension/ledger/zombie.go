package ledger

import (
	"sync"
	"sync/atomic"
	"time"
)

// zombies are the stretches of time in which a broker was frozen that may answer as of old.
type zombies struct {
	answers atomic.Int64 // that were excused

	mu    sync.Mutex
	times timeline
}

// Frozen says that a broker is frozen from now on which clients ask at its own address, and woken that it goes on. It wakes up in the
// belief that it still leads, and answers clients that do not know better until it has heard of its successor: Kafka fences it by leader
// epochs for who writes, and for who reads with the successor's. So ends that are asked for from here on until [Options].Grace after it
// woke up count neither for END_REGRESS nor for STALE_END, except in final reads. woken may be called more than once.
func (l *Ledger) Frozen() (woken func()) {
	z := &l.disturbances.zombies
	z.mu.Lock()
	defer z.mu.Unlock()
	z.times.begin(l.now())
	return sync.OnceFunc(func() {
		z.mu.Lock()
		defer z.mu.Unlock()
		z.times.end(l.now())
	})
}

// mayAnswer tells whether a question asked at a time may have been answered by a broker that had been frozen.
func (z *zombies) mayAnswer(asked time.Time, grace time.Duration) bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.times.covers(asked, grace)
}

// asOfOld tells whether a low end is a zombie's, and counts it.
func (l *Ledger) asOfOld(asked int64) bool {
	old := l.disturbances.zombies.mayAnswer(l.timeOf(asked), l.disturbances.grace)
	if old {
		l.disturbances.zombies.answers.Add(1)
	}
	return old
}
