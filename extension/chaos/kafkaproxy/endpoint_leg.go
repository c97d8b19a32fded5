package kafkaproxy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// legKind says what a leg is for. Requests that a broker answers late have legs of their own, so that they hold nothing else up.
type legKind int8

const (
	mainLeg  legKind = iota
	slowLeg          // answered once a group is ready: JoinGroup, SyncGroup
	fetchLeg         // answered once there are records
	askLeg           // what any broker can answer: it must not wait behind records that are being stored
	ownLeg           // questions of the proxy itself
	watchLeg         // and further ones: fetches that only tell that there are records
)

// leg is the way of a session to one broker: a lane that is opened when it is needed, and again after it was lost. Calls leave in
// the order of send. Nobody who sends waits, neither for a broker that is slow to accept nor for one that does not read.
type leg struct {
	router  *endpointRouter
	backend *backend
	kind    legKind
	ctx     context.Context //nolint:containedctx // ends with the leg
	cancel  context.CancelFunc

	mu     sync.Mutex
	queue  []*call
	idle   chan struct{} // closed when the queue is empty; nil while it is
	closed bool          // no more calls
	ended  bool          // no more lanes

	opening sync.Mutex // for lane; held by who works
	lane    *lane
	watched atomic.Pointer[lane] // the lane, for who does not want to wait for who works
	stale   atomic.Bool          // the client has authenticated again since the lane was opened
}

// send puts a call on its way. It ends with errNotSent where that is certain.
func (g *leg) send(c *call) {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		c.fail(errNotSent)
		return
	}
	g.queue = append(g.queue, c)
	if g.idle != nil {
		g.mu.Unlock()
		return
	}
	g.idle = make(chan struct{})
	g.mu.Unlock()
	if !g.swift(c) || !g.step() {
		go g.work()
	}
}

// A call is sent at once, by who sends it, if it is no longer than swiftBytes, and no more than swiftCalls are under way.
const (
	swiftBytes = 32 << 10
	swiftCalls = 8
)

// swift reports whether a call can be sent without a goroutine: there is a lane, no rule that could hold the call, and so little
// under way that a broker which does not read cannot hold it either.
func (g *leg) swift(c *call) bool {
	if len(c.Frame) > swiftBytes || g.stale.Load() || !g.opening.TryLock() {
		return false
	}
	defer g.opening.Unlock()
	if g.lane == nil || len(g.lane.calls) > swiftCalls || !g.lane.point.quiet() {
		return false
	}
	select {
	case <-g.lane.gone:
		return false
	default:
		return true
	}
}

// quiet reports whether no rule can act here now.
func (p *point) quiet() bool {
	return p == nil || p.proxy.faults.armed.Load() == nil && !p.dark.Load()
}

// work sends what is queued, and ends when there is nothing left.
func (g *leg) work() {
	for !g.step() {
	}
}

// step sends the first call of the queue. It reports whether that was the last one.
func (g *leg) step() (done bool) {
	g.mu.Lock()
	c := g.queue[0]
	g.queue = g.queue[1:]
	g.mu.Unlock()
	if l, err := g.open(); err != nil {
		g.fail(c, err)
	} else if err := l.send(g.ctx, c); err != nil {
		g.router.missed(g, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) > 0 {
		return false
	}
	close(g.idle)
	g.idle, g.queue = nil, nil
	return true
}

// fail ends a call, and those that were queued while the broker did not accept: each would wait as long again.
func (g *leg) fail(c *call, err error) {
	g.mu.Lock()
	rest := g.queue
	g.queue = nil
	g.mu.Unlock()
	g.router.missed(g, err)
	if errors.Is(err, errIntroduction) {
		g.router.endpoint.proxy.logger.Warn("kafka proxy: the client has to authenticate again", "error", err)
		g.router.session.end(err)
	}
	for _, c := range append([]*call{c}, rest...) {
		c.fail(fmt.Errorf("%w: %w", errNotSent, err))
	}
}

// open returns the lane, a new one if the last was lost.
func (g *leg) open() (*lane, error) {
	g.opening.Lock()
	defer g.opening.Unlock()
	if g.lane != nil {
		select {
		case <-g.lane.gone:
			g.watched.Store(nil)
			g.lane.close(g.ctx)
			g.lane = nil
		default:
			return g.lane, g.renew()
		}
	}
	if g.hasEnded() {
		return nil, errNotSent
	}
	var under *underWay
	if g.kind <= fetchLeg {
		under = &underWay{}
	}
	l, err := openLaneTelling(g.ctx, g.backend, g.point(), under, func(err error) { g.router.missed(g, err) })
	if err != nil {
		return nil, err
	}
	g.stale.Store(false)
	ctx, cancel := context.WithTimeout(g.ctx, askTimeout)
	defer cancel()
	if err := g.router.sasl.introduce(ctx, l); err != nil {
		l.kill()
		l.close(g.ctx)
		return nil, err
	}
	if under != nil {
		g.watched.Store(l)
	}
	g.lane = l
	return l, nil
}

// renew has the broker hear what the client said when it authenticated again. It may have to wait for what is under way.
func (g *leg) renew() error {
	if !g.stale.Swap(false) {
		return nil
	}
	err := g.router.sasl.introduce(g.ctx, g.lane)
	if err != nil {
		g.lane.kill()
	}
	return err
}

// point is where rules act on the leg: not on what the proxy asks for itself, whose effect nobody would see.
func (g *leg) point() *point {
	if g.kind >= ownLeg {
		return nowhere
	}
	client := ""
	if g.router.session != nil {
		client = g.router.session.conn.RemoteAddr().String()
	}
	return newPoint(g.router.endpoint.proxy, place{client: client, node: g.backend.node.Load, leg: true})
}

func (g *leg) hasEnded() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ended
}

// close ends the leg when what is under way has been sent and answered, or takes too long to. What nobody waits for is cut off.
func (g *leg) close(ctx context.Context) {
	g.mu.Lock()
	g.closed = true
	idle := g.idle
	g.mu.Unlock()
	own := g.kind >= ownLeg
	if idle != nil && !own {
		select {
		case <-idle:
		case <-time.After(farewell):
		case <-ctx.Done():
		}
	}
	g.mu.Lock()
	g.ended = true
	g.mu.Unlock()
	g.opening.Lock()
	if g.lane != nil {
		if own {
			g.lane.kill()
		}
		g.lane.close(ctx)
		g.lane = nil
	}
	g.opening.Unlock()
	g.cancel()
	if idle != nil {
		<-idle
	}
}
