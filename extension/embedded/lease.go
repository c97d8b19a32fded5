package embedded

import (
	"slices"
	"strconv"
	"time"

	"k6suite/extension/chaos/platform"
)

// drainPoll is how often a broker that came back looks whether it has answered what had waited in it.
const drainPoll = 5 * time.Millisecond

// expect has the leases reviewed when that of a broker is over that has just died or been paused. The caller holds c.mu.
func (c *Cluster) expect() {
	l := c.life
	c.later(func() bool { return sleep(l.ctx, c.options.Lease) }, c.review)
}

// later waits, and then acts with c.mu held if the life is still the same. The caller holds c.mu.
func (c *Cluster) later(wait func() bool, act func()) {
	l := c.life
	c.tasks.Go(func() {
		if !wait() {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.life == l {
			act()
		}
	})
}

// review takes the lease from who has been dead or paused for as long, if there is somebody to take over. The caller holds c.mu.
func (c *Cluster) review() {
	for _, b := range slices.Clone(c.life.members.all()) {
		state, since := b.current()
		if state == platform.Running || time.Since(since) < c.options.Lease {
			continue
		}
		if c.life.members.others(b) {
			c.expel(b, nil)
		}
	}
}

// expel has others take over what a broker leads and coordinates, which is dead, paused, or being stopped. The caller holds c.mu.
func (c *Cluster) expel(b *broker, stopped *process) {
	l := c.life
	if l.members.get(b.node) == nil {
		return
	}
	l.leading.Lock()
	defer l.leading.Unlock()
	l.members.remove(b)
	l.settle(func(to int32) {
		if stopped == nil {
			l.metrics.taken.WithLabelValues(strconv.Itoa(int(to))).Inc()
		}
	})
	l.endHandovers()
}

// join makes a broker a member, and gives it its share. The caller holds c.mu.
func (c *Cluster) join(b *broker) {
	l := c.life
	if l.members.get(b.node) != nil { // it was faster than its lease: it goes on
		l.members.announce()
		return
	}
	l.enlist(b)
	c.review() // there may be somebody to take over now
}

// enlist makes a broker a member that leads its share.
func (l *life) enlist(b *broker) {
	l.leading.Lock()
	defer l.leading.Unlock()
	l.members.add(b)
	l.share(b)
	l.endHandovers()
}

// returnLater makes a broker a member again that was paused for too long, after a lease: by then it must have answered what had
// waited in it, and must not take that for what it has to serve. The caller holds c.mu.
func (c *Cluster) returnLater(b *broker) {
	p := b.alive()
	c.later(func() bool { return sleep(p.ctx, c.options.Lease) && p.drained() }, func() {
		if b.running() == p {
			c.join(b)
		}
	})
}

// drained waits until each connection that there is has been seen with nothing in it.
func (p *process) drained() bool {
	left := p.connections()
	for {
		left = slices.DeleteFunc(left, func(c *connection) bool { return c.idle() || !p.has(c) })
		if len(left) == 0 {
			return true
		}
		if !sleep(p.ctx, drainPoll) {
			return false
		}
	}
}

func (p *process) has(c *connection) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.conns[c]
	return ok
}
