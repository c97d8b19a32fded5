package storm

import (
	"sync"
	"sync/atomic"
	"time"
)

// Counts are what became of connections, since the storm began.
type Counts struct {
	Open     int64 `json:"open"`     // now, and answered
	Tried    int64 `json:"tried"`    // attempts to open one
	Accepted int64 `json:"accepted"` // attempts that ended with an answer
	Refused  int64 `json:"refused"`  // nobody let it in
	TimedOut int64 `json:"timedOut"` // no answer in time
	Reset    int64 `json:"reset"`    // ended with a RST before it was answered
	Closed   int64 `json:"closed"`   // ended in good order before it was answered
	Failed   int64 `json:"failed"`   // answered with something else: an error, or what is not Kafka
	Ours     int64 `json:"ours"`     // this side had no descriptor, port or memory left
	Lost     int64 `json:"lost"`     // open ones that the cluster ended, or did not answer any more
	Churned  int64 `json:"churned"`  // open ones that were closed to be opened again

	HalfOpen      int64 `json:"halfOpen"`      // opened without a word
	HalfOpenEnded int64 `json:"halfOpenEnded"` // among them: ended by the cluster, which it may
	Slow          int64 `json:"slow"`          // accepted ones that spoke a byte at a time
}

// minus gives what was counted since.
func (c Counts) minus(before Counts) Counts {
	return Counts{
		Open: c.Open, Tried: c.Tried - before.Tried, Accepted: c.Accepted - before.Accepted, Refused: c.Refused - before.Refused,
		TimedOut: c.TimedOut - before.TimedOut, Reset: c.Reset - before.Reset, Closed: c.Closed - before.Closed,
		Failed: c.Failed - before.Failed, Ours: c.Ours - before.Ours, Lost: c.Lost - before.Lost, Churned: c.Churned - before.Churned,
		HalfOpen: c.HalfOpen - before.HalfOpen, HalfOpenEnded: c.HalfOpenEnded - before.HalfOpenEnded, Slow: c.Slow - before.Slow,
	}
}

// counters count while it storms.
type counters struct {
	open, tried, accepted, lost, churned, halfOpen, halfOpenEnded, slow atomic.Int64
	failed                                                              [outcomes]atomic.Int64

	mu      sync.Mutex
	turned  string        // why, the last time that the cluster turned one down
	lostWhy string        // why, the last time that an open one was lost
	oursWhy string        // why, the first time that this side had nothing left
	lag     time.Duration // the longest that this side did not get to run
}

// forget begins to note reasons anew.
func (c *counters) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turned, c.lostWhy = "", ""
}

// late notes by how much something that was to happen came too late.
func (c *counters) late(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lag = max(c.lag, by)
}

func (c *counters) snapshot() Counts {
	return Counts{
		Open: c.open.Load(), Tried: c.tried.Load(), Accepted: c.accepted.Load(),
		Refused: c.failed[refused].Load(), TimedOut: c.failed[timedOut].Load(), Reset: c.failed[wasReset].Load(),
		Closed: c.failed[closed].Load(), Failed: c.failed[failed].Load(), Ours: c.failed[ours].Load(),
		Lost: c.lost.Load(), Churned: c.churned.Load(),
		HalfOpen: c.halfOpen.Load(), HalfOpenEnded: c.halfOpenEnded.Load(), Slow: c.slow.Load(),
	}
}

// miss counts an attempt that came to nothing.
func (c *counters) miss(err error) outcome {
	o := outcomeOf(err)
	c.failed[o].Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if o == ours {
		if c.oursWhy == "" {
			c.oursWhy = err.Error()
		}
		return o
	}
	c.turned = err.Error()
	return o
}

func (c *counters) lose(err error) {
	c.lost.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lostWhy = err.Error()
}
