package kafkaproxy

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// toAnyone asks brokers one after the other until one answers: nothing changes by that.
func toAnyone(_ context.Context, r *endpointRouter, c *call) error {
	r.tryAny(c, func(_ *backend, p *call) { r.hand(c, p) })
	return nil
}

const (
	// hedges is how many brokers are asked what any of them could answer in the time that makes a silence; the first answer counts.
	hedges = 2
	// retry is how long nobody is asked after nobody was there.
	retry = 100 * time.Millisecond
)

// hedge is how long a broker has to answer what any of them could, before the next one is asked as well.
func (e *endpoint) hedge() time.Duration { return e.proxy.options.Silence / hedges }

// search sends a call to brokers until one answers it.
type search struct {
	router *endpointRouter
	call   *call
	began  time.Time
	then   func(b *backend, p *call) // has to answer the call; it may be called again
}

// tryAny sends a call to one broker after the other, until then gets an answer. If none of them is there, it waits for one; in the
// end the client's connection ends, as that to a single broker would.
func (r *endpointRouter) tryAny(c *call, then func(b *backend, p *call)) {
	s := &search{router: r, call: c, began: time.Now(), then: then}
	s.try(r.candidates())
}

func (s *search) try(candidates []*backend) {
	if len(candidates) == 0 {
		s.wait()
		return
	}
	b := candidates[0]
	g := s.router.leg(b, askLeg)
	next := sync.OnceFunc(func() { s.try(candidates[1:]) })
	p := s.call.part(func(p *call) {
		if p.err != nil {
			next()
			return
		}
		s.router.settle(b)
		s.then(b, p)
	})
	g.send(p)
	if len(candidates) > 1 {
		time.AfterFunc(s.router.endpoint.hedge(), func() {
			if !p.ended() && !s.call.ended() {
				now := time.Now()
				b.missed.Store(&now) // others are asked first for a while
				next()
			}
		})
	}
	time.AfterFunc(askTimeout, func() { // a broker that is frozen accepts connections, and says nothing
		if !p.ended() {
			s.router.missed(g, errUnanswered)
			p.fail(errUnanswered)
			s.router.drop(g)
		}
	})
}

// wait tries again when somebody may have come back.
func (s *search) wait() {
	r := s.router
	if s.call.ended() {
		return
	}
	if r.lost(s.began) {
		s.call.fail(fmt.Errorf("%s request: %w", s.call.Key.Name(), errNobody))
		return
	}
	if !r.later(func() {
		if r.pause(r.ctx, retry) != nil {
			s.call.fail(fmt.Errorf("%s request: %w", s.call.Key.Name(), errNobody))
			return
		}
		s.try(r.candidates())
	}) {
		s.call.fail(errNotSent)
	}
}

// pause waits, unless the session ends.
func (r *endpointRouter) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}
