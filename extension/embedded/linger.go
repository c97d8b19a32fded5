package embedded

import (
	"context"
	"time"
)

const (
	// calm is for how long nobody must have asked for anything on a connection before a process that has handed over ends it.
	calm = 100 * time.Millisecond
	// longestLinger bounds how long it waits for that: there are clients that never learn.
	longestLinger = 2 * time.Second
)

// linger has a process that leads nothing any more go on until clients have learnt it from its answers: a connection that is closed
// while somebody asks is an error for him, and an answer is none.
func (p *process) linger(ctx context.Context) {
	close(p.handed)
	for end := time.Now().Add(longestLinger); time.Now().Before(end) && p.ctx.Err() == nil; {
		left := p.connections()
		for _, c := range left {
			if c.silent() {
				c.hangUp()
			}
		}
		if len(left) == 0 || !sleep(ctx, drainPoll) {
			return
		}
	}
}
