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
	if known := r.known(c); known != nil {
		c.respond(known)
		return nil
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

// firstOfFeatures is the first version of ApiVersions that tells of more than APIs.
const firstOfFeatures = 3

// known is the answer where all brokers have given theirs before, nil where not: so a connection that only asks this, and there may be ten
// thousand of them, needs none to a broker. While rules are at work it is asked anew, for they may be about that.
func (r *endpointRouter) known(c *call) *kmsg.ApiVersionsResponse {
	brokers := r.endpoint.topology.live()
	if !r.endpoint.topology.settled() || r.endpoint.proxy.faults.armed.Load() != nil {
		return nil
	}
	var answer *kmsg.ApiVersionsResponse
	for _, b := range brokers {
		offer := b.offer.Load()
		switch {
		case offer == nil || b.lately() > 0 || !answers(offer, c.Version):
			return nil
		case answer == nil:
			copied := *offer
			copied.ApiKeys = slices.Clone(offer.ApiKeys)
			copied.SetVersion(c.Version)
			copied.ThrottleMillis = 0
			answer = r.offered(&copied)
		default:
			answer.ApiKeys = intersect(answer.ApiKeys, offer.ApiKeys)
		}
	}
	return answer
}

// answers reports whether what a broker has said is what it would say to a request of a version.
func answers(offer *kmsg.ApiVersionsResponse, version int16) bool {
	return (offer.GetVersion() == version || version < firstOfFeatures) &&
		slices.ContainsFunc(offer.ApiKeys, func(k kmsg.ApiVersionsResponseApiKey) bool {
			return k.ApiKey == int16(kmsg.ApiVersions) && k.MinVersion <= version && version <= k.MaxVersion
		})
}

// offered leaves of what a broker offers what the proxy offers, too.
func (r *endpointRouter) offered(m *kmsg.ApiVersionsResponse) *kmsg.ApiVersionsResponse {
	decodable(m)
	m.ApiKeys = slices.DeleteFunc(m.ApiKeys, func(k kmsg.ApiVersionsResponseApiKey) bool {
		return r.endpoint.ways[kmsg.Key(k.ApiKey)] == nil
	})
	return m
}

// offer answers with what b offers and everybody else has, too.
func (r *endpointRouter) offer(c *call, b *backend, m *kmsg.ApiVersionsResponse) {
	if m.ErrorCode == 0 {
		copied := *m
		copied.ApiKeys = slices.Clone(m.ApiKeys)
		b.offer.Store(&copied)
	}
	r.offered(m)
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
