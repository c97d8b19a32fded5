package kafkaproxy_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"k6suite/extension/chaos/kafkaproxy"
)

// relays stand before the brokers of a cluster, and can fall silent in their place as a frozen process does: connections are accepted and
// stay open, what is sent arrives when the broker goes on.
type relays struct {
	mu sync.Mutex
	to map[string]*relay
}

// relay stands before one broker.
type relay struct {
	target   string
	listener net.Listener
	work     sync.WaitGroup

	mu     sync.Mutex
	on     chan struct{} // closed while bytes pass
	closed bool
	conns  []net.Conn
}

func newRelay(t *testing.T, target string) *relay {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &relay{target: target, listener: listener, on: make(chan struct{})}
	close(r.on)
	r.work.Go(r.accept)
	t.Cleanup(r.close)
	return r
}

func (r *relay) accept() {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			return
		}
		if !r.keep(conn) {
			return
		}
		r.work.Go(func() { r.pass(conn) })
	}
}

func (r *relay) keep(conn net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		_ = conn.Close()
		return false
	}
	r.conns = append(r.conns, conn)
	return true
}

func (r *relay) pass(conn net.Conn) {
	r.wait()
	upstream, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", r.target)
	if err != nil || !r.keep(upstream) {
		_ = conn.Close()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { r.copy(upstream, conn) })
	r.copy(conn, upstream)
	both.Wait()
}

func (r *relay) copy(to, from net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		r.wait()
		if n > 0 {
			if _, failure := to.Write(buffer[:n]); failure != nil {
				err = failure
			}
		}
		if err != nil {
			if err != io.EOF { //nolint:errorlint // a connection's own
				_ = from.Close()
			}
			_ = to.Close()
			return
		}
	}
}

func (r *relay) wait() {
	r.mu.Lock()
	on := r.on
	r.mu.Unlock()
	<-on
}

func (r *relay) freeze() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = make(chan struct{})
}

func (r *relay) thaw() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.on:
	default:
		close(r.on)
	}
}

func (r *relay) close() {
	_ = r.listener.Close()
	r.mu.Lock()
	r.closed = true
	conns := r.conns
	r.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close()
	}
	r.thaw()
	r.work.Wait()
}

// dial connects to the relay of a broker, or to who has none.
func (s *relays) dial(ctx context.Context, network, address string) (net.Conn, error) {
	s.mu.Lock()
	if r := s.to[address]; r != nil {
		address = r.listener.Addr().String()
	}
	s.mu.Unlock()
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// freezing is behind, with brokers that can fall silent. Options are changed before the proxy starts.
func freezing(t *testing.T, change func(*kafkaproxy.Options), options ...kfake.Opt) (*kfake.Cluster, *kafkaproxy.Proxy, []*relay) {
	t.Helper()
	cluster := fake(t, append([]kfake.Opt{kfake.SeedTopics(spreadPartitions, "t")}, options...)...)
	spreadTopic(t, cluster, "t")
	s := &relays{to: map[string]*relay{}}
	var all []*relay
	for _, address := range cluster.ListenAddrs() {
		r := newRelay(t, address)
		s.to[address] = r
		all = append(all, r)
	}
	o := kafkaproxy.Options{Brokers: cluster.ListenAddrs(), SingleEndpoint: true, Dial: s.dial}
	change(&o)
	return cluster, start(t, o), all
}
