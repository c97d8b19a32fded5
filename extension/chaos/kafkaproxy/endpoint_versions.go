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
	if r.shares(c) {
		return nil
	}
	r.askForVersions(c)
	return nil
}

// askForVersions asks one broker over a leg of the session, as nobody else has asked for this version.
func (r *endpointRouter) askForVersions(c *call) {
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
}

// firstOfFeatures is the first version of ApiVersions that tells of more than APIs.
const firstOfFeatures = 3

// shares answers with what brokers have told all sessions together, and reports whether it does: so a connection that only asks this, and
// there may be ten thousand of them, needs none to a broker, least of all when brokers have no time. While rules are at work each session
// asks itself, for they may be about that.
func (r *endpointRouter) shares(c *call) bool {
	brokers := r.endpoint.topology.live()
	if len(brokers) == 0 || r.endpoint.proxy.faults.armed.Load() != nil {
		return false
	}
	offers := make([]*kmsg.ApiVersionsResponse, len(brokers))
	missing := false
	for i, b := range brokers {
		offers[i] = b.offer.Load()
		missing = missing || offers[i] == nil
	}
	if !missing {
		return r.share(c, offers)
	}
	return c.Version < firstOfFeatures && r.later(func() {
		ctx, cancel := context.WithTimeout(r.ctx, askTimeout)
		defer cancel()
		var asking sync.WaitGroup
		for i, b := range brokers {
			asking.Go(func() { offers[i] = b.offered(ctx) })
		}
		asking.Wait()
		if !r.share(c, offers) {
			r.askForVersions(c)
		}
	})
}

// share answers with what all of the brokers offer that have said it.
func (r *endpointRouter) share(c *call, offers []*kmsg.ApiVersionsResponse) bool {
	var answer *kmsg.ApiVersionsResponse
	for _, offer := range offers {
		switch {
		case offer == nil: // one that does not answer is not there
		case !answers(offer, c.Version):
			return false
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
	if answer == nil {
		return false
	}
	c.respond(answer)
	return true
}

// offered returns what the broker can do, nil where it does not say. Who asks at the same time shares the question.
func (b *backend) offered(ctx context.Context) *kmsg.ApiVersionsResponse {
	asked := b.asked.DoChan("", func() (any, error) { return b.offers(b.proxy.ctx) })
	select {
	case answer := <-asked:
		offer, _ := answer.Val.(*kmsg.ApiVersionsResponse)
		return offer
	case <-ctx.Done():
		return b.offer.Load()
	}
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
