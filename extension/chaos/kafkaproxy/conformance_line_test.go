package kafkaproxy_test

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
)

// line is the network of one client.
type line struct {
	world *world
	test  string

	mu    sync.Mutex
	conns []net.Conn
	cut   bool
	lost  atomic.Int64 // connections that the other side ended
}

func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return nil, errors.New("the line is cut")
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn = &lineConn{Conn: conn, line: l}
	l.conns = append(l.conns, conn)
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	l.world.dialled[address] = l.test
	return conn, nil
}

// kill cuts the line: the client is as good as dead, and cannot say good-bye.
func (l *line) kill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for _, conn := range l.conns {
		_ = conn.Close()
	}
}

// lineConn tells a connection that the client closes from one that ends by itself.
type lineConn struct {
	net.Conn
	line   *line
	closed atomic.Bool
}

func (c *lineConn) Close() error {
	c.closed.Store(true)
	return c.Conn.Close()
}

func (c *lineConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !c.closed.Swap(true) && !c.line.world.changing {
		c.line.lost.Add(1)
	}
	return n, err
}
