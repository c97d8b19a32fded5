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

// errNotOffered is the cause of what cannot be asked.
var errNotOffered = errors.New("it does not offer the API")

// candidates are the brokers that may be asked what any of them knows: the one that answered last, those that the cluster names,
// those to bootstrap from, and all that ever were: whoever is left knows the others.
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
	list = append(list, r.endpoint.proxy.backends.all()...)
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
	if !r.endpoint.reached.Load() {
		r.endpoint.reached.Store(true)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.home = b
}

// lost reports whether it is worth no more to wait for a broker of a cluster of which none can be reached: it may come back for so
// long, if it has ever been there.
func (r *endpointRouter) lost(since time.Time) bool {
	return r.ctx.Err() != nil || !r.endpoint.reached.Load() || time.Since(since) > r.endpoint.proxy.options.GiveUp
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

// askAny puts a question to the brokers until one answers. While none of them is there, it asks again: one may come back.
func (r *endpointRouter) askAny(ctx context.Context, question kmsg.Request, most int16) (kmsg.Response, error) {
	began := time.Now()
	for {
		response, err := r.askAround(ctx, question, most)
		if err == nil || errors.Is(err, errIntroduction) || errors.Is(err, errNotOffered) || r.lost(began) {
			return response, err
		}
		if stopped := r.pause(ctx, retry); stopped != nil {
			return nil, errors.Join(err, stopped)
		}
	}
}

// said is what one of the brokers said to a question.
type said struct {
	backend  *backend
	response kmsg.Response
	err      error
}

// askAround puts a question to one broker after the other until one has answered; to the next one, too, if the one before takes long.
func (r *endpointRouter) askAround(ctx context.Context, question kmsg.Request, most int16) (kmsg.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	candidates := r.candidates()
	answers := make(chan said, len(candidates))
	asked, open := 0, 0
	next := func() {
		if asked == len(candidates) {
			return
		}
		b := candidates[asked]
		asked++
		if r.later(func() {
			response, err := r.ask(ctx, b, shallow(question), most)
			answers <- said{b, response, err}
		}) {
			open++
		}
	}
	next()
	err := errNobody
	for open > 0 {
		late := time.NewTimer(r.endpoint.hedge())
		select {
		case a := <-answers:
			open--
			if a.err == nil {
				late.Stop()
				r.settle(a.backend)
				return a.response, nil
			}
			err = errors.Join(err, a.err)
			next()
		case now := <-late.C:
			candidates[asked-1].missed.Store(&now) // others are asked first for a while
			next()
		case <-ctx.Done():
			late.Stop()
			return nil, errors.Join(err, ctx.Err())
		}
		late.Stop()
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
	return 0, fmt.Errorf("broker at %s: %w: %s", b.address, errNotOffered, kmsg.NameForKey(key))
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
