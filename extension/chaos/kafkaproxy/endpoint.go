package kafkaproxy

import (
	"context"
	"errors"
)

// endpointNode is the id of the one broker that clients see.
const endpointNode = 0

// endpoint puts the whole cluster behind one address.
type endpoint struct {
	proxy   *Proxy
	address string
}

func newEndpoint(p *Proxy) *endpoint { return &endpoint{proxy: p} }

func (e *endpoint) start() error        { return errors.New("single endpoint: not there yet") }
func (e *endpoint) addresses() []string { return []string{e.address} }

type endpointRouter struct{}

func (r *endpointRouter) route(context.Context, *call) error { return nil }
func (r *endpointRouter) rewrite(*call) error                { return nil }
func (r *endpointRouter) close(context.Context)              {}
