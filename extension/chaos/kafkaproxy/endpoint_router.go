package kafkaproxy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

// endpointRouter sends the calls of one session to the brokers that are responsible for them.
type endpointRouter struct {
	endpoint *endpoint
	session  *session
	sasl     sasl
	watches  watches
	batches  courses[position]       // where the last batches went
	groups   courses[coordinatorKey] // where the last changes of groups and transactions went
	asking   atomic.Bool             // who took over from silent brokers

	mu     sync.Mutex
	home   *backend // who is asked what any broker knows
	legs   map[legKey]*leg
	closed bool
	ctx    context.Context //nolint:containedctx // ends with the session
	cancel context.CancelFunc
	work   sync.WaitGroup // what waits for answers
}

type legKey struct {
	backend *backend
	kind    legKind
}

func newEndpointRouter(e *endpoint, s *session) *endpointRouter {
	r := &endpointRouter{endpoint: e, session: s, legs: map[legKey]*leg{}}
	r.ctx, r.cancel = context.WithCancel(e.proxy.ctx)
	r.watches = watches{router: r, ended: make(chan struct{}, 1), late: map[*backend]*lateShare{}}
	e.enlist(r)
	return r
}

// way is how the requests of one API get their answer. It does not wait for brokers, except for what the proxy has to ask itself.
type way func(ctx context.Context, r *endpointRouter, c *call) error

func (r *endpointRouter) route(ctx context.Context, c *call) error {
	answer := r.endpoint.ways[c.Key]
	if answer == nil {
		return fmt.Errorf("%w: %s request: a single endpoint does not offer it", wire.ErrMalformed, c.Key.Name())
	}
	return answer(ctx, r, c)
}

// rewrite has nothing left to do: answers are put together before the call is answered.
func (r *endpointRouter) rewrite(*call) error { return nil }

// leg returns the session's way to a broker.
func (r *endpointRouter) leg(b *backend, kind legKind) *leg {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := legKey{b, kind}
	g := r.legs[key]
	if g == nil {
		g = &leg{router: r, backend: b, kind: kind, closed: r.closed, ended: r.closed}
		g.ctx, g.cancel = context.WithCancel(r.ctx)
		r.legs[key] = g
	}
	return g
}

// drop ends a leg that is needed no more.
func (r *endpointRouter) drop(g *leg) {
	r.mu.Lock()
	if r.legs[legKey{g.backend, g.kind}] == g {
		delete(r.legs, legKey{g.backend, g.kind})
	}
	r.mu.Unlock()
	r.later(func() { g.close(g.ctx) })
}

// later does in the background what waits. When the session has ended, it is not done any more.
func (r *endpointRouter) later(do func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.work.Go(do)
	return true
}

// missed notes that a broker ended a connection, or did not accept one.
func (r *endpointRouter) missed(g *leg, err error) {
	if r.ctx.Err() != nil || g.hasEnded() || errors.Is(err, context.Canceled) {
		return
	}
	now := time.Now()
	g.backend.missed.Store(&now)
	r.endpoint.topology.missed(g.backend)
	g.backend.offer.Store(nil) // who comes back may be newer
	r.endpoint.proxy.logger.Debug("kafka proxy: a broker is missed", "broker", g.backend.address, "error", err)
}

// close ends the connections to brokers.
func (r *endpointRouter) close(ctx context.Context) {
	r.endpoint.dismiss(r)
	r.mu.Lock()
	r.closed = true
	legs := r.legs
	r.legs = map[legKey]*leg{}
	r.mu.Unlock()
	var closing sync.WaitGroup
	for _, g := range legs {
		closing.Go(func() { g.close(ctx) })
	}
	closing.Wait()
	r.cancel()
	r.work.Wait()
}

// part makes a call to one broker that answers a client's call, or a part of it.
func (c *call) part(then func(p *call)) *call {
	p := &call{Request: c.Request, message: c.message, asks: c.message, done: make(chan struct{})}
	p.then = func() { then(p) }
	return p
}

// partOf makes a call of a part of a client's request.
func partOf(c *call, message kmsg.Request, then func(p *call)) *call {
	message.SetVersion(c.Version)
	p := newCallFor(message, c.Correlation, c.ClientID)
	p.asks = message
	p.then = func() { then(p) }
	return p
}

// outage is what brokers answer in the place of one that is not there.
type outage struct {
	unsent     int16 // the request certainly did not reach anybody
	unanswered int16 // nobody knows what became of it
}

// code returns the error code for a call that ended without an answer.
func (o outage) code(err error) int16 {
	if errors.Is(err, errNotSent) {
		return o.unsent
	}
	return o.unanswered
}

// refuse answers a call with an error code, for all that it asks.
func (r *endpointRouter) refuse(c *call, code int16) {
	message, err := c.request()
	if err != nil {
		c.fail(err)
		return
	}
	if silent, _ := c.unanswered(); silent {
		c.complete(nil)
		return
	}
	response, err := r.refusal(message, c.Version, code)
	if err != nil {
		c.fail(err)
		return
	}
	c.respond(response)
}

// refusal is the answer to a request, or a part of one, that is refused altogether.
func (r *endpointRouter) refusal(message kmsg.Request, version, code int16) (kmsg.Response, error) {
	return refuse(message, version, code, nil, r.endpoint.proxy.topics)
}
