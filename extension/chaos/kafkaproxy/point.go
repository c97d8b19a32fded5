package kafkaproxy

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kmsg"
)

var (
	// errDisconnected is how a rule ends a connection.
	errDisconnected = errors.New("a fault has ended the connection")
	// errLost is the end of a call that a rule has lost on the way to a broker.
	errLost = errors.New("a fault has lost the call")
)

// point is one place at which rules act on the calls of one connection: the client's side of a session, or the leg to a broker. Its
// methods are called by one goroutine for requests and one for responses, each in the order of the calls.
type point struct {
	proxy   *Proxy
	place   place
	fetches fetchSessions
	dark    atomic.Bool // something was lost here

	mu      sync.Mutex
	end     func()
	losing  map[Direction]*Fault // what goes in a direction is lost
	orphans []*call              // on a leg, which nobody will answer

	sending sync.Mutex // next may be called by who lets go of what is held, too
	held    *held
}

// place says where a point is.
type place struct {
	client string       // remote address of the client, "" on the leg of nobody
	node   func() int32 // the broker that all calls go to here; noNode: it is not known, or there are several
	leg    bool         // on the way to one broker behind a single endpoint
}

// nowhere is a point without rules: behind a session whose own point has them all.
var nowhere *point

func newPoint(p *Proxy, at place) *point { return &point{proxy: p, place: at} }

// frontOf is the client's side of a session.
func frontOf(s *session) place {
	return place{client: s.conn.RemoteAddr().String(), node: func() int32 {
		if r, ok := s.router.(*mirrorRouter); ok {
			return r.backend.node.Load()
		}
		return noNode
	}}
}

// mine reports whether a rule acts here: never in two places on one message.
func (p *point) mine(f *Fault) bool {
	return !p.proxy.options.SingleEndpoint || p.place.leg == (f.matcher.Broker != nil)
}

// numbers are those of producers as they are seen here.
func (p *point) numbers() *numbering {
	if p.place.leg {
		return &p.proxy.faults.legs
	}
	return &p.proxy.faults.front
}

// attach tells the point how to end its connection.
func (p *point) attach(end func()) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end = end
}

// settle has what is held go on: no more requests come.
func (p *point) settle() {
	if p == nil {
		return
	}
	p.sending.Lock()
	h := p.held
	p.sending.Unlock()
	if h != nil {
		h.letGo()
		<-h.gone
	}
}

// detach says that the connection has ended.
func (p *point) detach() {
	if p == nil {
		return
	}
	p.mu.Lock()
	faults := p.losing
	p.end, p.losing = nil, nil
	p.mu.Unlock()
	for _, f := range faults {
		f.release(p)
	}
	p.bury()
}

// reset ends the connection.
func (p *point) reset() {
	p.mu.Lock()
	end := p.end
	p.mu.Unlock()
	if end != nil {
		end()
	}
	p.bury()
}

// bury fails the calls that nobody will answer.
func (p *point) bury() {
	p.mu.Lock()
	orphans := p.orphans
	p.orphans = nil
	p.mu.Unlock()
	for _, c := range orphans {
		c.fail(errLost)
	}
}

// loses returns the fault that loses what goes in a direction, nil if none does.
func (p *point) loses(d Direction) *Fault {
	if !p.dark.Load() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.losing[d]
}

// darken has the fault lose everything that goes in the given directions from here on.
func (p *point) darken(f *Fault, all ...Direction) {
	p.mu.Lock()
	if p.losing == nil {
		p.losing = map[Direction]*Fault{}
	}
	for _, d := range all {
		if p.losing[d] == nil {
			p.losing[d] = f
		}
	}
	p.mu.Unlock()
	p.dark.Store(true)
	f.keep(p)
}

// lose leaves a call without an answer. At the client's side there is nobody else who waits for one; a part of a call behind a single
// endpoint waits until its connection is given up.
func (p *point) lose(c *call, on Direction) {
	if on == OnResponse {
		c.response = nil
	} else if !p.place.leg {
		c.complete(nil)
	}
	if p.place.leg {
		p.mu.Lock()
		p.orphans = append(p.orphans, c)
		p.mu.Unlock()
	}
}

// request applies the rules to a call, and has next send what they leave of it. An error ends the connection.
func (p *point) request(ctx context.Context, c *call, next func(context.Context, *call) error) error {
	if p == nil {
		return next(ctx, c)
	}
	if c.Key == kmsg.Fetch {
		p.fetches.request(c)
	}
	armed := p.proxy.faults.armed.Load()
	if armed == nil && !p.dark.Load() {
		return next(ctx, c)
	}
	return (&passage{point: p, faults: p.proxy.faults, call: c, next: next}).request(ctx, armed)
}

// response applies the rules to the answer of a call before it goes on: none is left where they have lost it. An error ends the
// connection.
func (p *point) response(ctx context.Context, c *call) error {
	if p == nil || c.ours {
		return nil
	}
	if c.Key == kmsg.Fetch {
		p.fetches.response(c)
	}
	armed := p.proxy.faults.armed.Load()
	if armed == nil && c.passed.laid == nil && !p.dark.Load() {
		return nil
	}
	c.bytes()
	return (&passage{point: p, faults: p.proxy.faults, call: c}).response(ctx, armed)
}
