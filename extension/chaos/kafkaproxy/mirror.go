package kafkaproxy

import (
	"context"
	"fmt"
	"maps"
	"net"
	"strconv"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// mirror gives each broker a listener of its own.
type mirror struct {
	proxy *Proxy

	mu        sync.Mutex
	listening map[*backend]net.Listener
	bootstrap []string
	named     map[int32]*backend // the brokers that the cluster named last
}

func newMirror(p *Proxy) *mirror { return &mirror{proxy: p, listening: map[*backend]net.Listener{}} }

func (m *mirror) start() error {
	for _, broker := range m.proxy.options.Brokers {
		address, err := m.address(m.proxy.backends.at(broker))
		if err != nil {
			return err
		}
		m.bootstrap = append(m.bootstrap, address)
	}
	return nil
}

func (m *mirror) addresses() []string { return m.bootstrap }

func (m *mirror) live() map[int32]*backend {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.named)
}

// learn notes which brokers there are, before an answer that names them all is rewritten. One that names none says nothing.
func (m *mirror) learn(c *call) error {
	if c.Key != kmsg.Metadata && c.Key != kmsg.DescribeCluster {
		return nil
	}
	message, err := c.reply()
	if err != nil {
		return err
	}
	named := map[int32]*backend{}
	name := func(id int32, host string, port int32) {
		named[id] = m.proxy.backends.at(net.JoinHostPort(host, strconv.Itoa(int(port))))
	}
	switch response := message.(type) {
	case *kmsg.MetadataResponse:
		for _, b := range response.Brokers {
			name(b.NodeID, b.Host, b.Port)
		}
	case *kmsg.DescribeClusterResponse:
		for _, b := range response.Brokers {
			name(b.NodeID, b.Host, b.Port)
		}
	}
	if len(named) > 0 {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.named = named
	}
	return nil
}

// address returns where the broker can be reached through the proxy. One that is new gets a listener.
func (m *mirror) address(b *backend) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	listener := m.listening[b]
	if listener == nil {
		at, err := m.next()
		if err != nil {
			return "", err
		}
		listener, err = m.listen(at, b)
		if err != nil {
			return "", fmt.Errorf("broker at %s: %w", b.address, err)
		}
		m.listening[b] = listener
	}
	return net.JoinHostPort(m.proxy.options.Advertise, strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)), nil
}

func (m *mirror) listen(at string, b *backend) (net.Listener, error) {
	if m.proxy.options.Passthrough {
		return m.proxy.listenFor(at, func(conn net.Conn) { m.proxy.relay(conn, b) })
	}
	return m.proxy.listen(at, func(s *session) router { return &mirrorRouter{mirror: m, session: s, backend: b} })
}

// next is where the next listener goes: the ports behind the first one, or any free one.
func (m *mirror) next() (string, error) {
	host, port, err := net.SplitHostPort(m.proxy.options.Listen)
	if err != nil {
		return "", err
	}
	number, err := net.DefaultResolver.LookupPort(m.proxy.ctx, "tcp", port)
	if err != nil {
		return "", fmt.Errorf("listen address %s: %w", m.proxy.options.Listen, err)
	}
	if number > 0 {
		number += len(m.listening)
	}
	return net.JoinHostPort(host, strconv.Itoa(number)), nil
}

// place gives a broker that a response names the address of its listener.
func (m *mirror) place(node int32, host *string, port *int32) error {
	b := m.proxy.backends.at(net.JoinHostPort(*host, strconv.Itoa(int(*port))))
	b.node.Store(node)
	address, err := m.address(b)
	if err != nil {
		return err
	}
	*host = m.proxy.options.Advertise
	_, text, _ := net.SplitHostPort(address)
	number, err := strconv.ParseInt(text, 10, 32)
	*port = int32(number)
	return err
}

// mirrorRouter sends everything to the one broker of its listener.
type mirrorRouter struct {
	mirror  *mirror
	session *session
	backend *backend
	lane    *lane
}

func (r *mirrorRouter) route(ctx context.Context, c *call) error {
	if r.lane == nil {
		var err error
		if r.lane, err = openLaneTelling(ctx, r.backend, nowhere, nil, r.session.lose); err != nil {
			return err
		}
	}
	return r.lane.send(ctx, c)
}

func (r *mirrorRouter) rewrite(c *call) error {
	err := r.mirror.learn(c)
	if err == nil {
		err = rewriteBrokers(c, r.mirror.proxy.topics, r.mirror.place)
	}
	if err != nil {
		return fmt.Errorf("broker at %s: %w", r.backend.address, err)
	}
	return nil
}

func (r *mirrorRouter) close(ctx context.Context) {
	if r.lane != nil {
		r.lane.close(ctx)
	}
}
