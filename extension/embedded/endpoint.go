package embedded

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/chaos/kafkaproxy"
)

// openEndpoint puts the brokers behind one address, if that is wanted. It outlives restarts of the brokers: what clients see never
// changes.
func (c *Cluster) openEndpoint(ctx context.Context) (err error) {
	if !c.options.SingleEndpoint {
		return nil
	}
	c.endpoint, err = kafkaproxy.Start(ctx, kafkaproxy.Options{
		Brokers: c.Nodes(), SingleEndpoint: true, Listen: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.options.EndpointPort)),
		Shown: func(response kmsg.Response) { c.mischief.shown(c, response) }, Logger: c.options.Logger,
		Admit: c.mischief.admits, Keep: c.mischief.keeps, TLS: c.endpointTLS(),
	})
	if err != nil {
		return fmt.Errorf("embedded cluster: single endpoint: %w", err)
	}
	return nil
}

// Endpoint returns the proxy that is the cluster's single endpoint, nil without one. It belongs to the cluster.
func (c *Cluster) Endpoint() *kafkaproxy.Proxy { return c.endpoint }

func (c *Cluster) disturbed() bool { return c.endpoint != nil && c.endpoint.Injected() > 0 }

func (c *Cluster) closeEndpoint() error {
	if c.endpoint == nil {
		return nil
	}
	return c.endpoint.Close()
}
