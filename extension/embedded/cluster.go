package embedded

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/chaos/platform"
	"k6suite/extension/chaos/s3proxy"
	"k6suite/extension/objectstore"
)

// Cluster is a running embedded cluster. It is also the platform that controls its brokers.
type Cluster struct {
	options  Options
	storage  *storage
	metrics  *metrics
	mischief mischief
	liars    []*liar
	security *security         // nil: clients speak plain text
	endpoint *kafkaproxy.Proxy // nil: each broker has an address of its own
	tasks    sync.WaitGroup    // what waits for a lease

	mu      sync.Mutex // guards what follows; held while brokers start and die, never while storage is waited for by a living one
	brokers []*broker  // by node id, dead ones included
	nodes   int32      // the highest node id that was added, and 1; 0: none was
	life    *life      // nil once closed, and while all brokers are dead
	closed  bool
}

var _ platform.Platform = (*Cluster)(nil)

// Start starts a cluster on loopback, in well under a second when its bucket is empty. If the bucket holds a cluster in this
// namespace, that cluster is what starts: its topics, records and committed offsets are back before Start returns.
func Start(ctx context.Context, options Options) (_ *Cluster, err error) {
	if options, err = options.withDefaults(); err != nil {
		return nil, err
	}
	c := &Cluster{options: options, metrics: newMetrics()}
	if c.mischief, c.liars, err = newLiars(options.Lies, options.Seed); err != nil {
		return nil, err
	}
	if c.security, err = newSecurity(options.TLS, c.mischief); err != nil {
		return nil, err
	}
	if c.storage, err = openStorage(ctx, options); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	for node, port := range options.Ports {
		b, err := newBroker(ctx, int32(node), port)
		if err != nil {
			return nil, err
		}
		c.brokers = append(c.brokers, b)
	}
	if err = c.begin(ctx, c.brokers); err != nil {
		return nil, err
	}
	c.metrics.gauges(c)
	if err = c.metrics.serve(); err != nil {
		return nil, fmt.Errorf("metrics endpoint: %w", err)
	}
	if err = c.openEndpoint(ctx); err != nil {
		return nil, err
	}
	c.life.serve()
	return c, nil
}

// Bootstrap returns what clients bootstrap from, "127.0.0.1:41234": the single endpoint, or the addresses of the brokers. They
// stay the same over a Restart.
func (c *Cluster) Bootstrap() []string {
	if c.endpoint != nil {
		return c.endpoint.Addresses()
	}
	return c.Nodes()
}

// Nodes returns the brokers' own addresses, by node id, also where clients do not see them, and also of brokers that are dead.
func (c *Cluster) Nodes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	addresses := make([]string, len(c.brokers))
	for i, b := range c.brokers {
		addresses[i] = b.address()
	}
	return addresses
}

// MetricsURL returns where the metrics of the cluster are, in Prometheus' text format: "http://127.0.0.1:41234/metrics".
func (c *Cluster) MetricsURL() string { return c.metrics.url() }

// ObjectStore returns the bucket, for an auditor: the store itself, not the proxy through which the brokers reach it.
func (c *Cluster) ObjectStore() objectstore.Config { return c.storage.direct }

// StorageProxy returns the proxy through which the brokers reach object storage. It belongs to the cluster.
func (c *Cluster) StorageProxy() *s3proxy.Proxy { return c.storage.proxy }

// RequestLog returns the log of all requests of the brokers to object storage.
func (c *Cluster) RequestLog() *s3proxy.Log { return c.storage.proxy.Log() }

// LieHits returns how often each lie of the cluster has struck: one that did not strike proves nothing.
func (c *Cluster) LieHits() map[string]int64 {
	hits := make(map[string]int64, len(c.liars))
	for _, l := range c.liars {
		hits[l.Name] = l.hits.Load()
	}
	return hits
}

// Restart kills every broker (connections are reset, all memory is forgotten) and starts all of them, those that were dead or paused
// included, on the same ports with nothing but the bucket. Requests that were under way have an unknown outcome. After an error the
// brokers are dead; Restart can be tried again.
func (c *Cluster) Restart(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errors.New("restart: the embedded cluster is closed")
	}
	if err := c.end(ctx); err != nil {
		return fmt.Errorf("restart the embedded cluster: %w", err)
	}
	if err := c.begin(ctx, c.brokers); err != nil {
		return fmt.Errorf("restart the embedded cluster: %w", err)
	}
	c.metrics.restarts.Inc()
	c.life.serve()
	return nil
}

// begin starts a new life with some of the brokers. The caller holds c.mu, or is alone.
func (c *Cluster) begin(ctx context.Context, brokers []*broker) (err error) {
	if c.life, err = startLife(ctx, c, slices.Clone(brokers)); err != nil {
		c.life = nil
		return errors.Join(err, c.end(ctx))
	}
	return nil
}

// end kills all brokers; with them ends the life.
func (c *Cluster) end(ctx context.Context) error {
	var errs []error
	for _, b := range c.brokers {
		errs = append(errs, b.die(context.WithoutCancel(ctx)))
	}
	if c.life != nil {
		c.life.end()
		c.life = nil
	}
	return errors.Join(errs...)
}

// Close stops the cluster. Nothing is left: no goroutine, no port, no file but those of StoreOptions.Dir. A second call does
// nothing.
func (c *Cluster) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	errs := []error{c.end(context.Background())}
	for _, b := range c.brokers {
		b.release()
	}
	c.mu.Unlock()
	c.tasks.Wait()
	return errors.Join(append(errs, c.closeEndpoint(), c.metrics.close(), c.storage.close())...)
}
