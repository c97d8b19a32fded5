package kafkaproxy

import (
	"slices"
	"sync"
	"time"
)

// underWay are the calls of a lane that are not answered yet, in their order, so that somebody can tell a broker that is silent.
type underWay struct {
	mu    sync.Mutex
	calls []*call
	heard time.Time // when the broker last answered something
}

// maxEnded is how many calls may be kept that have ended behind one that has not.
const maxEnded = 2 * maxAhead

func (u *underWay) add(c *call) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.calls) > maxEnded {
		u.calls = slices.DeleteFunc(u.calls, (*call).ended)
	}
	c.sent = time.Now()
	u.calls = append(u.calls, c)
}

// answered notes that the broker has answered the first of the calls.
func (u *underWay) answered() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.heard = time.Now()
	n := 0
	for n < len(u.calls) && u.calls[n].ended() {
		u.calls[n] = nil
		n++
	}
	if u.calls = u.calls[n:]; len(u.calls) == 0 {
		u.calls = nil
	}
}

// list returns the calls that are not answered, and since when the first of them has been waited for.
func (u *underWay) list() (calls []*call, since time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.calls) == 0 {
		return nil, time.Time{}
	}
	for _, c := range u.calls {
		if !c.ended() {
			calls = append(calls, c)
		}
	}
	if len(calls) == 0 {
		return nil, time.Time{}
	}
	if since = calls[0].sent; since.Before(u.heard) {
		since = u.heard
	}
	return calls, since
}

// ended reports whether the call has ended.
func (c *call) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}
