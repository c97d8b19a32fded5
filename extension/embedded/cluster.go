package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/chaos/s3proxy"
	"k6suite/extension/objectstore"
)

// Cluster is a running embedded cluster.
type Cluster struct {
	options  Options
	storage  *storage
	metrics  *metrics
	mischief mischief
	liars    []*liar
	ports    []int
	endpoint *kafkaproxy.Proxy // nil: each broker has an address of its own

	mu     sync.Mutex // guards what follows; held while brokers start and stop
	life   *life      // nil once closed, or when a restart failed
	closed bool
}

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
	if c.storage, err = openStorage(ctx, options); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if c.life, err = startLife(ctx, c, options.Ports); err != nil {
		return nil, err
	}
	for _, b := range c.life.brokers {
		c.ports = append(c.ports, b.listener.Addr().(*net.TCPAddr).Port)
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

// Brokers returns what clients bootstrap from, "127.0.0.1:41234": the single endpoint, or the addresses of the brokers. They stay
// the same over a Restart.
func (c *Cluster) Brokers() []string {
	if c.endpoint != nil {
		return c.endpoint.Addresses()
	}
	return c.Nodes()
}

// Nodes returns the brokers' own addresses, by node id, also where clients do not see them.
func (c *Cluster) Nodes() []string {
	addresses := make([]string, len(c.ports))
	for i, port := range c.ports {
		addresses[i] = fmt.Sprintf("127.0.0.1:%d", port)
	}
	return addresses
}

// MetricsURL returns where the metrics of the cluster are, in Prometheus' text format: "http://127.0.0.1:41234/metrics".
func (c *Cluster) MetricsURL() string { return c.metrics.url() }

// ObjectStore returns the bucket, for an auditor: the store itself, not the proxy through which the brokers reach it.
func (c *Cluster) ObjectStore() objectstore.Config { return c.storage.direct }

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

// Restart kills every broker (connections are reset, all memory is forgotten) and starts them on the same ports with nothing
// but the bucket. Requests that were under way have an unknown outcome. After an error the cluster has no brokers; Restart can
// be tried again.
func (c *Cluster) Restart(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errors.New("restart: the embedded cluster is closed")
	}
	if c.life != nil {
		c.life.end()
		c.life = nil
	}
	next, err := startLife(ctx, c, slices.Clone(c.ports))
	if err != nil {
		return fmt.Errorf("restart the embedded cluster: %w", err)
	}
	c.life = next
	c.metrics.restarts.Inc()
	next.serve()
	return nil
}

// Close stops the cluster. Nothing is left: no goroutine, no port, no file but those of StoreOptions.Dir. A second call does
// nothing.
func (c *Cluster) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	if c.life != nil {
		c.life.end()
		c.life = nil
	}
	return errors.Join(c.closeEndpoint(), c.metrics.close(), c.storage.close())
}
