package chaos

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"k6suite/extension/chaos/kafkaproxy"
)

// ErrEnded is what Inject answers when the run has ended.
var ErrEnded = errors.New("the run has ended: nothing more can be injected")

// Options say what faults can act on.
type Options struct {
	// Kafka is the proxy through which clients reach the target.
	Kafka *kafkaproxy.Proxy
	// WithoutKafka says why there is none, and what to do.
	WithoutKafka error
}

// Controller injects faults and ends them. It is safe for concurrent use.
type Controller struct {
	options Options

	mu        sync.Mutex
	ended     bool
	handles   []*Handle
	listeners []Listener
	work      sync.WaitGroup
}

// Listener is told of every fault: when it begins, before it can hit anything, and when it has ended. Calls must not block.
type Listener interface {
	Began(*Handle)
	Ended(*Handle)
}

// New returns a controller without faults.
func New(o Options) *Controller { return &Controller{options: o} }

// Listen adds a listener for the faults from here on.
func (c *Controller) Listen(l Listener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners = append(c.listeners, l)
}

// Check says what is wrong with a fault's specification, in JSON, without injecting it.
func Check(spec []byte) error {
	_, err := kafkaproxy.ParseRule(spec)
	return err
}

// Inject begins the fault that a specification, in JSON, describes. The fault ends by itself, by Stop of its handle, or with the
// controller.
func (c *Controller) Inject(spec []byte) (*Handle, error) {
	rule, err := kafkaproxy.ParseRule(spec)
	if err != nil {
		return nil, err
	}
	if c.options.Kafka == nil {
		return nil, c.options.WithoutKafka
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return nil, ErrEnded
	}
	h := &Handle{rule: rule, number: len(c.handles) + 1, ended: make(chan struct{})}
	for _, l := range c.listeners {
		l.Began(h)
	}
	if h.fault, err = c.options.Kafka.Inject(rule); err != nil {
		for _, l := range c.listeners {
			l.Ended(h)
		}
		return nil, err
	}
	c.handles = append(c.handles, h)
	listeners := slices.Clone(c.listeners)
	c.work.Go(func() {
		<-h.fault.Done()
		for _, l := range listeners {
			l.Ended(h)
		}
		close(h.ended) // who waits for the end finds everything told
	})
	return h, nil
}

// Brokers returns the node ids of the brokers behind the Kafka proxy, as far as it knows them, sorted.
func (c *Controller) Brokers() ([]int32, error) {
	if c.options.Kafka == nil {
		return nil, c.options.WithoutKafka
	}
	return slices.Sorted(maps.Keys(c.options.Kafka.Traffic())), nil
}

// Handles returns all faults that were injected, in order.
func (c *Controller) Handles() []*Handle {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.handles)
}

// Heal ends all faults, and waits until they have.
func (c *Controller) Heal() {
	var ending sync.WaitGroup
	for _, h := range c.Handles() {
		ending.Go(h.Stop)
	}
	ending.Wait()
}

// Close ends all faults; none can begin any more.
func (c *Controller) Close() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.Heal()
	c.work.Wait()
}
