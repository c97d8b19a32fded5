package kafkaproxy

import (
	"context"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// apiVersions offers what all brokers and the proxy can do.
func apiVersions(_ context.Context, r *endpointRouter, c *call) error {
	message, err := c.request()
	if err != nil {
		return err
	}
	if q := message.(*kmsg.ApiVersionsRequest); q.NodeID != noNode || q.ClusterID != nil {
		q.NodeID, q.ClusterID = noNode, nil // of the one broker that there is not (KIP-1242)
		c.encode()
	}
	r.tryAny(c, func(b *backend, p *call) {
		if refusedVersion(p) {
			c.complete(p.response)
			return
		}
		response, err := p.reply()
		if err != nil {
			c.fail(err)
		} else if !r.later(func() { r.offer(c, b, response.(*kmsg.ApiVersionsResponse)) }) {
			c.fail(errNotSent)
		}
	})
	return nil
}

// offer answers with what b offers and everybody else has, too.
func (r *endpointRouter) offer(c *call, b *backend, m *kmsg.ApiVersionsResponse) {
	if m.ErrorCode == 0 {
		copied := *m
		copied.ApiKeys = slices.Clone(m.ApiKeys)
		b.offer.Store(&copied)
	}
	decodable(m)
	m.ApiKeys = slices.DeleteFunc(m.ApiKeys, func(k kmsg.ApiVersionsResponseApiKey) bool {
		return r.endpoint.ways[kmsg.Key(k.ApiKey)] == nil
	})
	for _, other := range r.others(b) {
		m.ApiKeys = intersect(m.ApiKeys, other.ApiKeys)
	}
	c.respond(m)
}

// others returns the offers of all brokers but one, as far as they answer in time.
func (r *endpointRouter) others(b *backend) []*kmsg.ApiVersionsResponse {
	brokers := r.endpoint.topology.live()
	if len(brokers) == 0 {
		brokers = r.candidates()
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.endpoint.proxy.options.Silence)
	defer cancel()
	offers := make([]*kmsg.ApiVersionsResponse, len(brokers))
	var asking sync.WaitGroup
	for i, other := range brokers {
		if other != b {
			asking.Go(func() {
				offers[i], _ = other.offers(ctx) // one that does not answer is not there
			})
		}
	}
	asking.Wait()
	return slices.DeleteFunc(offers, func(m *kmsg.ApiVersionsResponse) bool { return m == nil })
}

// intersect returns the APIs and versions that are in both.
func intersect(a, b []kmsg.ApiVersionsResponseApiKey) []kmsg.ApiVersionsResponseApiKey {
	var both []kmsg.ApiVersionsResponseApiKey
	for _, k := range a {
		for _, other := range b {
			if other.ApiKey != k.ApiKey {
				continue
			}
			k.MinVersion, k.MaxVersion = max(k.MinVersion, other.MinVersion), min(k.MaxVersion, other.MaxVersion)
			if k.MinVersion <= k.MaxVersion {
				both = append(both, k)
			}
		}
	}
	return both
}
