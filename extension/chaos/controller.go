package chaos

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/chaos/platform"
)

// ErrEnded is what Inject answers when the run has ended.
var ErrEnded = errors.New("the run has ended: nothing more can be injected")

// defaultReady bounds one change of one broker.
const defaultReady = 30 * time.Second

// Options say what faults can act on. Where one of the three is missing, its Without says why, and what to do.
type Options struct {
	// Kafka is the proxy through which clients reach the target.
	Kafka        *kafkaproxy.Proxy
	WithoutKafka error
	// Storage is the proxy through which the target reaches object storage.
	Storage        StorageProxy
	WithoutStorage error
	// Platform controls the target's brokers.
	Platform        platform.Platform
	WithoutPlatform error

	// Locate finds leaders and coordinators for faults that select by them; nil: such faults are refused.
	Locate Locator
	// Seed of what faults on brokers leave to chance, where they name none. Default: 1.
	Seed int64
	// Ready is how long one change of a broker may take, until it serves again. Default: what the platform says, where it has a
	// Bound() time.Duration, else 30s.
	Ready time.Duration
}

// Locator finds who is responsible, in the node ids of the platform.
type Locator interface {
	// Leader of a partition.
	Leader(ctx context.Context, topic string, partition int32) (int32, error)
	// Followers of a partition: who has a copy of it, and does not lead it. None: there is one copy.
	Followers(ctx context.Context, topic string, partition int32) ([]int32, error)
	// Controller of the cluster.
	Controller(ctx context.Context) (int32, error)
	// Coordinator of a consumer group.
	Coordinator(ctx context.Context, group string) (int32, error)
}

// Controller injects faults and ends them. It is safe for concurrent use.
type Controller struct {
	options Options
	fleet   *fleet // nil where there is no platform

	mu        sync.Mutex
	ended     bool
	numbered  int
	handles   []*Handle
	listeners []Listener
	work      sync.WaitGroup
}

// Listener is told of every fault: when it begins, before it can hit anything, and when it has ended; and of what faults do to
// brokers. Calls must not block.
type Listener interface {
	Began(*Handle)
	Ended(*Handle)
	Broker(BrokerChange)
}

// New returns a controller without faults.
func New(o Options) *Controller {
	if p, ok := o.Platform.(interface{ Bound() time.Duration }); ok && o.Ready <= 0 {
		o.Ready = p.Bound()
	}
	if o.Ready <= 0 {
		o.Ready = defaultReady
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	c := &Controller{options: o}
	if o.Platform != nil {
		c.fleet = newFleet(o, c.tell)
	}
	return c
}

// Listen adds a listener for the faults from here on.
func (c *Controller) Listen(l Listener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners = append(c.listeners, l)
}

// Inject begins the fault that a specification, in JSON, describes. The fault ends by itself, by Stop of its handle, or with the
// controller; ctx bounds its beginning only. A fault on brokers has acted when Inject returns. It is an error if there is nothing that
// it could act on; a fault that has acted before it failed is none: see Handle.Err.
func (c *Controller) Inject(ctx context.Context, spec []byte) (*Handle, error) {
	asked, err := parse(spec)
	if err != nil {
		return nil, err
	}
	start, err := c.prepare(ctx, asked)
	if err != nil {
		return nil, err
	}
	h, listeners, err := c.begin(asked)
	if err != nil {
		start.giveUp()
		return nil, err
	}
	fault, err := start.begin(h)
	h.start(fault)
	if err != nil {
		c.end(h, listeners)
		c.forget(h)
		return nil, err
	}
	c.work.Go(func() {
		<-fault.Done()
		c.end(h, listeners)
	})
	if brokers, ok := fault.(*processFault); ok {
		if err := brokers.waitFirst(ctx); err != nil {
			<-h.ended
			if h.Hits() == 0 {
				c.forget(h)
			}
			return nil, err
		}
	}
	return h, nil
}

// begin makes a handle and tells of it.
func (c *Controller) begin(asked asked) (*Handle, []Listener, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return nil, nil, ErrEnded
	}
	c.numbered++
	h := newHandle(asked, c.numbered)
	c.handles = append(c.handles, h)
	for _, l := range c.listeners {
		l.Began(h)
	}
	return h, slices.Clone(c.listeners), nil
}

// end tells those who heard of the beginning. Who waits for the end finds everything told.
func (c *Controller) end(h *Handle, listeners []Listener) {
	h.finish()
	for _, l := range listeners {
		l.Ended(h)
	}
	close(h.ended)
}

// forget takes back a fault that has not come about.
func (c *Controller) forget(h *Handle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handles = slices.DeleteFunc(c.handles, func(other *Handle) bool { return other == h })
}

// tell tells of what happens to a broker.
func (c *Controller) tell(change BrokerChange) {
	c.mu.Lock()
	listeners := slices.Clone(c.listeners)
	c.mu.Unlock()
	for _, l := range listeners {
		l.Broker(change)
	}
}

// Brokers returns the node ids of the brokers that faults can name, sorted: those of the platform, dead ones included, or where there
// is none, those behind the Kafka proxy, as far as it knows them.
func (c *Controller) Brokers(ctx context.Context) ([]int32, error) {
	if c.options.Platform != nil {
		brokers, err := c.options.Platform.Brokers(ctx)
		if err != nil {
			return nil, err
		}
		return idsOf(brokers), nil
	}
	if c.options.Kafka == nil {
		return nil, c.missing(Wire)
	}
	return slices.Sorted(maps.Keys(c.options.Kafka.Traffic())), nil
}

// Handles returns all faults that were injected, in order.
func (c *Controller) Handles() []*Handle {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.handles)
}

// Heal ends all faults, and waits until they have: who was killed serves again, and there are as many brokers as at first. What
// did not come back is in Err of the handle that took it.
func (c *Controller) Heal() {
	var ending sync.WaitGroup
	for _, h := range c.Handles() {
		ending.Go(h.Stop)
	}
	ending.Wait()
	if c.fleet != nil {
		c.fleet.restore()
	}
}

// Close ends all faults; none can begin any more.
func (c *Controller) Close() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.Heal()
	c.work.Wait()
}
