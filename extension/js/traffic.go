package js

import (
	"context"
	"net"
	"sync/atomic"

	"go.k6.io/k6/v2/metrics"
)

// traffic counts the bytes of connections that virtual users share, which k6's own dialer cannot count: it belongs to one.
type traffic struct{ sent, received atomic.Int64 }

// dial opens a counted connection.
func (t *traffic) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &countedConn{Conn: conn, traffic: t}, nil
}

type countedConn struct {
	net.Conn
	traffic *traffic
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.traffic.received.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.traffic.sent.Add(int64(n))
	return n, err
}

// samples takes what was counted since the last call.
func (t *traffic) samples(builtin *metrics.BuiltinMetrics) map[*metrics.Metric]int {
	return map[*metrics.Metric]int{
		builtin.DataSent: int(t.sent.Swap(0)), builtin.DataReceived: int(t.received.Swap(0)),
	}
}
