package kafkaproxy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// errIntroduction is the cause of what ends a session when a broker does not accept what another one did.
var errIntroduction = errors.New("authentication that one broker accepted was refused")

// sasl is how the client of a session authenticated. What one broker accepted is said again to each other one that the session
// gets to. It is kept for as long as the session, and nowhere else.
type sasl struct {
	mu        sync.Mutex
	mechanism string // of the handshake
	proof     []byte // what was accepted; nil if nobody authenticated
	accepted  string // the mechanism of the proof
}

// known reports whether the client has authenticated.
func (s *sasl) known() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proof != nil
}

// replayable tells the mechanisms whose one message can be said to every broker.
func replayable(mechanism string) bool { return mechanism == "PLAIN" || mechanism == "OAUTHBEARER" }

// saslHandshake passes on which mechanism the client wants, if its proof can be said again.
func saslHandshake(ctx context.Context, r *endpointRouter, c *call) error {
	message, err := c.request()
	if err != nil {
		return err
	}
	mechanism := message.(*kmsg.SASLHandshakeRequest).Mechanism
	if !replayable(mechanism) {
		if !r.later(func() { r.refuseMechanism(ctx, c) }) {
			c.fail(errNotSent)
		}
		return nil
	}
	r.sasl.mu.Lock()
	r.sasl.mechanism = mechanism
	r.sasl.mu.Unlock()
	r.converse(c, r.candidates(), func(response kmsg.Response) {
		m := response.(*kmsg.SASLHandshakeResponse)
		m.SupportedMechanisms = slices.DeleteFunc(m.SupportedMechanisms, func(name string) bool { return !replayable(name) })
		c.respond(m)
	})
	return nil
}

// refuseMechanism tells the client what is left of what the brokers support.
func (r *endpointRouter) refuseMechanism(ctx context.Context, c *call) {
	response := kmsg.NewPtrSASLHandshakeResponse()
	response.ErrorCode = kerr.UnsupportedSaslMechanism.Code
	question := kmsg.NewPtrSASLHandshakeRequest()
	question.Version = 1
	question.Mechanism = "NONE" // a broker lists what it supports when it is asked for what it does not
	for _, b := range r.candidates() {
		answer, err := b.consult(ctx, question)
		if err != nil {
			continue
		}
		for _, name := range answer.(*kmsg.SASLHandshakeResponse).SupportedMechanisms {
			if replayable(name) {
				response.SupportedMechanisms = append(response.SupportedMechanisms, name)
			}
		}
		break
	}
	c.respond(response)
}

// saslAuthenticate passes on what the client says, and remembers it if it is accepted.
func saslAuthenticate(_ context.Context, r *endpointRouter, c *call) error {
	message, err := c.request()
	if err != nil {
		return err
	}
	said := slices.Clone(message.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes)
	home := r.candidates()[:1] // who heard the handshake
	r.converse(c, home, func(response kmsg.Response) {
		m := response.(*kmsg.SASLAuthenticateResponse)
		if m.ErrorCode == 0 && len(m.SASLAuthBytes) == 0 { // with bytes it goes on: OAUTHBEARER says why it refuses
			r.accept(home[0], said)
		}
		c.respond(m)
	})
	return nil
}

// converse sends a message of the exchange to the first broker that is there.
func (r *endpointRouter) converse(c *call, candidates []*backend, then func(kmsg.Response)) {
	b := candidates[0]
	r.leg(b, mainLeg).send(c.part(func(p *call) {
		if p.err != nil {
			if c.Key == kmsg.SASLHandshake && len(candidates) > 1 {
				r.converse(c, candidates[1:], then)
				return
			}
			// An error code would say that the client is not who it says it is. A connection that breaks says: try again.
			c.fail(p.err)
			return
		}
		r.settle(b)
		response, err := p.reply()
		if err != nil {
			c.fail(err)
			return
		}
		then(response)
	}))
}

// accept remembers what was accepted. If the client authenticates again (KIP-368), open lanes get to hear it before anything else.
func (r *endpointRouter) accept(home *backend, said []byte) {
	r.sasl.mu.Lock()
	r.sasl.proof, r.sasl.accepted = said, r.sasl.mechanism
	r.sasl.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, g := range r.legs {
		if key != (legKey{home, mainLeg}) {
			g.stale.Store(true)
		}
	}
}

// introduce says to a broker what another one has accepted.
func (s *sasl) introduce(ctx context.Context, l *lane) error {
	s.mu.Lock()
	mechanism, proof := s.accepted, s.proof
	s.mu.Unlock()
	if proof == nil {
		return nil
	}
	handshake := kmsg.NewPtrSASLHandshakeRequest()
	handshake.Version, handshake.Mechanism = 1, mechanism
	response, err := l.roundTrip(ctx, handshake)
	if err != nil {
		return err
	}
	if err := kerr.ErrorForCode(response.(*kmsg.SASLHandshakeResponse).ErrorCode); err != nil {
		return fmt.Errorf("broker at %s: %w: %w", l.backend.address, errIntroduction, err)
	}
	authenticate := kmsg.NewPtrSASLAuthenticateRequest()
	authenticate.Version, authenticate.SASLAuthBytes = 1, proof
	if response, err = l.roundTrip(ctx, authenticate); err != nil {
		return err
	}
	if err := kerr.ErrorForCode(response.(*kmsg.SASLAuthenticateResponse).ErrorCode); err != nil {
		return fmt.Errorf("broker at %s: %w: %w", l.backend.address, errIntroduction, err)
	}
	return nil
}
