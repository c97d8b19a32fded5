package trust

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"k6suite/extension/ledger"
)

// readerGroup is what the members of a consumer group have come to together; a reader without a group is one of its own.
type readerGroup struct {
	consumers atomic.Bool // it is a consumer group of the target; else a reader without one

	mu        sync.Mutex
	owners    map[string]int                  // members that hold partitions now, and how many
	moved     chan struct{}                   // closed and renewed when owners change, or a partition more was sent
	positions map[ledger.TopicPartition]int64 // the next offset that no member has read yet
	active    time.Time                       // when a member last read a record or got partitions
	sent      int                             // how often it had no offset in a partition, and was sent somewhere
	dropped   map[recordPlace]bool            // given to a member that commits first, could not, and so did not process them
}

// group finds or makes a reader group by its name in the ledger.
func (r *Run) group(name string) *readerGroup {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.groups[name]
	if g == nil {
		g = &readerGroup{
			owners: map[string]int{}, moved: make(chan struct{}), positions: map[ledger.TopicPartition]int64{}, active: time.Now(),
			dropped: map[recordPlace]bool{},
		}
		r.groups[name] = g
	}
	return g
}

// owns notes that a member has got partitions, or lost some.
func (g *readerGroup) owns(member string, change int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if change > 0 {
		g.active = time.Now()
	}
	if g.owners[member] += change; g.owners[member] <= 0 {
		delete(g.owners, member)
	}
	g.tell()
}

// tell wakes who waits for a change; the caller holds the lock.
func (g *readerGroup) tell() {
	close(g.moved)
	g.moved = make(chan struct{})
}

// read notes that a member was given a record.
func (g *readerGroup) read(at ledger.TopicPartition, offset int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.positions[at] = max(g.positions[at], offset+1)
}

// left notes that a member is gone.
func (g *readerGroup) left(member string) {
	g.mu.Lock()
	have := g.owners[member]
	g.mu.Unlock()
	g.owns(member, -have)
}

func (g *readerGroup) touch() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.active = time.Now()
}

// quiet is for how long nothing has come for any member; a group that nobody has joined yet is not quiet.
func (g *readerGroup) quiet() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.owners) == 0 {
		return 0
	}
	return time.Since(g.active)
}

// lastActive is when something last came for a member.
func (g *readerGroup) lastActive() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.active
}

// covers says whether the members have read up to these end offsets.
func (g *readerGroup) covers(ends map[ledger.TopicPartition]int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for at, end := range ends {
		if g.positions[at] < end {
			return false
		}
	}
	return true
}

// MembersSeen waits until so many readers of a consumer group have partitions. It reports false when they do not in time,
// or the run has stopped.
func (r *Run) MembersSeen(ctx context.Context, group string, members int, timeout time.Duration) bool {
	return r.groupSeen(ctx, group, timeout, func(g *readerGroup) bool { return len(g.owners) >= members })
}

// groupSeen waits until something is true of a group.
func (r *Run) groupSeen(ctx context.Context, group string, timeout time.Duration, wanted func(*readerGroup) bool) bool {
	ctx, done := r.whileRunning(ctx)
	defer done()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	g := r.group(group)
	for r.Stopped() == nil {
		g.mu.Lock()
		seen, moved := wanted(g), g.moved
		g.mu.Unlock()
		if seen {
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
