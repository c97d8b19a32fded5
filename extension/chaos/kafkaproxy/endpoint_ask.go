package kafkaproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// askTimeout is how long a broker may take to answer a question of the proxy, before another one is asked.
const askTimeout = 5 * time.Second

// errNobody is what becomes of a question that no broker answers.
var errNobody = fmt.Errorf("no broker of the cluster answers: %w", errUnreachable)

// candidates are the brokers that may be asked what any of them knows: the one that answered last, those that the cluster names,
// and those to bootstrap from.
func (r *endpointRouter) candidates() []*backend {
	r.mu.Lock()
	home := r.home
	r.mu.Unlock()
	var list []*backend
	if home != nil {
		list = append(list, home)
	}
	list = append(list, r.endpoint.topology.live()...)
	for _, address := range r.endpoint.proxy.options.Brokers {
		list = append(list, r.endpoint.proxy.backends.at(address))
	}
	unique := list[:0]
	for _, b := range list {
		if !slices.Contains(unique, b) {
			unique = append(unique, b)
		}
	}
	slices.SortStableFunc(unique, compareMissed)
	return unique
}

// missedFor is how long a broker that did not answer is asked last.
const missedFor = 10 * time.Second

// compareMissed puts brokers that were missed of late behind the others.
func compareMissed(a, b *backend) int { return cmp.Compare(a.lately(), b.lately()) }

func (b *backend) lately() int {
	if at := b.missed.Load(); at != nil && time.Since(*at) < missedFor {
		return 1
	}
	return 0
}

// settle has a broker asked first from now on.
func (r *endpointRouter) settle(b *backend) {
	if b.missed.Load() != nil {
		b.missed.Store(nil)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.home = b
}

// ask puts a question of the proxy to one broker, as the session's client.
func (r *endpointRouter) ask(ctx context.Context, b *backend, question kmsg.Request, most int16) (kmsg.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	version, err := b.version(ctx, question.Key(), most)
	if err != nil {
		r.missed(r.leg(b, ownLeg), err)
		return nil, err
	}
	question.SetVersion(version)
	c := newCallFor(question, 0, "k6suite-proxy")
	g := r.leg(b, ownLeg)
	g.send(c)
	select {
	case <-c.done:
	case <-ctx.Done():
		r.missed(g, ctx.Err())
		r.drop(g) // what is asked next does not wait behind this
		return nil, fmt.Errorf("broker at %s: %s: %w", b.address, c.Key.Name(), ctx.Err())
	}
	if c.err != nil {
		return nil, c.err
	}
	return c.reply()
}

// askAny puts a question to the brokers, one after the other, until one answers.
func (r *endpointRouter) askAny(ctx context.Context, question kmsg.Request, most int16) (kmsg.Response, error) {
	err := errNobody
	for _, b := range r.candidates() {
		response, failure := r.ask(ctx, b, question, most)
		if failure == nil {
			r.settle(b)
			return response, nil
		}
		err = errors.Join(err, failure)
	}
	return nil, err
}

// version returns the highest version of an API that the broker has, up to most.
func (b *backend) version(ctx context.Context, key, most int16) (int16, error) {
	offer, err := b.offers(ctx)
	if err != nil {
		return 0, err
	}
	for _, k := range offer.ApiKeys {
		if k.ApiKey == key {
			return min(k.MaxVersion, most), nil
		}
	}
	return 0, fmt.Errorf("broker at %s: it does not offer %s", b.address, kmsg.NameForKey(key))
}

// offers returns what the broker can do. It is asked over a connection of its own, which nobody has to be introduced on.
func (b *backend) offers(ctx context.Context) (*kmsg.ApiVersionsResponse, error) {
	if offer := b.offer.Load(); offer != nil {
		return offer, nil
	}
	response, err := b.consult(ctx, kmsg.NewPtrApiVersionsRequest())
	if err != nil {
		return nil, err
	}
	offer := response.(*kmsg.ApiVersionsResponse)
	if err := kerr.ErrorForCode(offer.ErrorCode); err != nil {
		return nil, fmt.Errorf("broker at %s: ApiVersions: %w", b.address, err)
	}
	b.offer.Store(offer)
	return offer, nil
}

// consult asks a broker over a connection for this one question.
func (b *backend) consult(ctx context.Context, question kmsg.Request) (kmsg.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	l, err := openLane(ctx, b, nowhere)
	if err != nil {
		return nil, err
	}
	defer l.close(ctx)
	defer l.kill()
	return l.roundTrip(ctx, question)
}

// roundTrip sends a message of the proxy past all rules, and waits for the answer.
func (l *lane) roundTrip(ctx context.Context, question kmsg.Request) (kmsg.Response, error) {
	c := newCallFor(question, 0, "k6suite-proxy")
	if err := l.write(ctx, c); err != nil {
		return nil, err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		return nil, fmt.Errorf("broker at %s: %s: %w", l.backend.address, c.Key.Name(), ctx.Err())
	}
	if c.err != nil {
		return nil, c.err
	}
	return c.reply()
}

// locate has the cluster asked for topics whose leaders are not known or doubted. Sessions that ask for the same share the answer,
// unless it is a refusal: that concerns the client for whom it was asked. It returns the error codes of topics that have one.
func (r *endpointRouter) locate(ctx context.Context, topics []string) (map[string]int16, error) {
	var mine, theirs []string
	var landings []func()
	for _, topic := range topics {
		wait, land := r.endpoint.topology.fly(topic)
		if land != nil {
			mine, landings = append(mine, topic), append(landings, land)
			continue
		}
		select {
		case <-wait:
		case <-ctx.Done():
		}
		if !r.endpoint.topology.located(topic) {
			theirs = append(theirs, topic)
		}
	}
	ask := slices.Concat(mine, theirs)
	if len(ask) == 0 {
		return nil, ctx.Err()
	}
	codes, err := r.askForTopics(ctx, ask)
	for _, land := range landings {
		land()
	}
	return codes, err
}

func (r *endpointRouter) askForTopics(ctx context.Context, topics []string) (map[string]int16, error) {
	question := kmsg.NewPtrMetadataRequest()
	question.Topics = []kmsg.MetadataRequestTopic{} // not null, which means all
	for _, topic := range topics {
		question.Topics = append(question.Topics, kmsg.MetadataRequestTopic{Topic: kmsg.StringPtr(topic)})
	}
	m, err := r.askMetadata(ctx, question)
	if err != nil {
		return nil, err
	}
	codes := map[string]int16{}
	for i := range m.Topics {
		if code := m.Topics[i].ErrorCode; code != 0 {
			codes[deref(m.Topics[i].Topic)] = code
		}
	}
	return codes, nil
}

// identifyTopic has the cluster asked for the name of a topic that a client knows by its id, from before the proxy was there.
func (r *endpointRouter) identifyTopic(ctx context.Context, id [16]byte) error {
	question := kmsg.NewPtrMetadataRequest()
	question.Topics = []kmsg.MetadataRequestTopic{{TopicID: id}}
	_, err := r.askMetadata(ctx, question)
	return err
}

// askMetadata asks without creating topics. An answer teaches the brokers of the cluster, too.
func (r *endpointRouter) askMetadata(ctx context.Context, question *kmsg.MetadataRequest) (*kmsg.MetadataResponse, error) {
	const most = 12 // the first with ids of topics in the request
	response, err := r.askAny(ctx, question, most)
	if err != nil {
		return nil, err
	}
	m := response.(*kmsg.MetadataResponse)
	r.endpoint.topology.learnMetadata(m, true)
	return m, nil
}

// survey asks for the brokers of the cluster, unless they are known and answer. It reports whether any are known then.
func (r *endpointRouter) survey(ctx context.Context) bool {
	t := r.endpoint.topology
	if t.settled() {
		return true
	}
	_, err := r.askForTopics(ctx, nil)
	return err == nil && len(t.live()) > 0
}

// coordinator returns the broker that coordinates a group or a transactional id, and otherwise the error code that says why not.
func (r *endpointRouter) coordinator(ctx context.Context, key coordinatorKey) (*backend, int16) {
	t := r.endpoint.topology
	for {
		if node := t.coordinator(key); node != noNode {
			return t.node(node), 0
		}
		wait, land := t.fly(key)
		if land != nil {
			code := r.askForCoordinator(ctx, key)
			land()
			if code != 0 {
				return nil, code
			}
			continue
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, kerr.CoordinatorNotAvailable.Code
		}
	}
}

func (r *endpointRouter) askForCoordinator(ctx context.Context, key coordinatorKey) int16 {
	const most = 3 // the last that asks for one key
	question := kmsg.NewPtrFindCoordinatorRequest()
	question.CoordinatorKey, question.CoordinatorType = key.key, key.kind
	response, err := r.askAny(ctx, question, most)
	if err != nil {
		return kerr.CoordinatorNotAvailable.Code
	}
	m := response.(*kmsg.FindCoordinatorResponse)
	if m.ErrorCode == 0 {
		r.endpoint.topology.learnCoordinator(key, m.NodeID, m.Host, m.Port)
	}
	return m.ErrorCode
}
