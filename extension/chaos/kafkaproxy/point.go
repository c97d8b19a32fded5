package kafkaproxy

import "context"

// point is one place at which rules act on the calls of one connection: the client's side of a session, or the leg to a broker. Its
// methods are called by one goroutine for requests and one for responses, each in the order of the calls.
type point struct {
	proxy *Proxy
	place place
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

// attach tells the point how to end its connection; detach, that it has ended.
func (p *point) attach(func()) {}
func (p *point) detach()       {}

// request applies the rules to a call, and has next send what they leave of it. An error ends the connection.
func (p *point) request(ctx context.Context, c *call, next func(context.Context, *call) error) error {
	return next(ctx, c)
}

// response applies the rules to the answer of a call before it goes on. An error ends the connection.
func (p *point) response(context.Context, *call) error { return nil }
