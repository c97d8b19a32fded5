package trust

import (
	"context"
	"time"
)

// member notes that a reader of a group has partitions, or is gone.
func (r *Run) member(group, reader string, here bool) {
	if group == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.members[group] == nil {
		r.members[group] = map[string]bool{}
	}
	if here {
		r.members[group][reader] = true
	} else {
		delete(r.members[group], reader)
	}
	close(r.membersMoved)
	r.membersMoved = make(chan struct{})
}

// MembersSeen waits until so many readers of a group have partitions. It reports false when they do not in time, or the
// run has stopped.
func (r *Run) MembersSeen(ctx context.Context, group string, members int, timeout time.Duration) bool {
	ctx, done := r.whileRunning(ctx)
	defer done()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for r.Stopped() == nil {
		r.mu.Lock()
		have, moved := len(r.members[group]), r.membersMoved
		r.mu.Unlock()
		if have >= members {
			return true
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return false
		}
	}
	return false
}
