package kafkaproxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/singleflight"
)

// errUnreachable is the cause of every failure to connect to a broker.
var errUnreachable = errors.New("it cannot be reached")

// noNode is the id of a broker that is not known.
const noNode = -1

// backend is one broker, as the proxy reaches it.
type backend struct {
	proxy   *Proxy
	address string
	node    atomic.Int32 // noNode as long as no response has named it

	offer  atomic.Pointer[kmsg.ApiVersionsResponse] // what it can do; nil as long as nobody has asked
	asked  singleflight.Group                       // for offer
	missed atomic.Pointer[time.Time]                // when it last did not answer; nil if it does
	health atomic.Pointer[health]                   // nil as long as nobody had to ask

	connections atomic.Int64 // that were opened, over all time, and carried a request for records
	records     atomic.Int64 // requests for records: Produce, Fetch, ShareFetch
}

// BrokerTraffic is what the clients of the proxy had to do with one broker.
type BrokerTraffic struct {
	Address string
	// Live says that the cluster named the broker when it last named its brokers. One that it does not name any more keeps its counts.
	Live bool
	// Connections that were opened to it and carried at least one Produce or Fetch request.
	Connections int64
	// Requests of Produce and Fetch that were sent to it, parts of split ones included.
	Requests int64
}

// Traffic returns the traffic of records by node id, for every broker that responses named. One that got none is there too.
func (p *Proxy) Traffic() map[int32]BrokerTraffic {
	traffic := map[int32]BrokerTraffic{}
	live := p.mode.live()
	for _, b := range p.backends.all() {
		node := b.node.Load()
		if node == noNode {
			continue
		}
		t := traffic[node] // at another address: it has come back elsewhere
		t.Connections += b.connections.Load()
		t.Requests += b.records.Load()
		if !t.Live {
			t.Address, t.Live = b.address, live[node] == b
		}
		traffic[node] = t
	}
	return traffic
}

// dial opens a connection to the broker.
func (b *backend) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := b.proxy.options.Dial(ctx, "tcp", b.address)
	if err != nil {
		return nil, fmt.Errorf("broker at %s: %w: %w", b.address, errUnreachable, err)
	}
	config := b.proxy.options.BrokerTLS
	if config == nil {
		return conn, nil
	}
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName, _, _ = net.SplitHostPort(b.address) // it was checked, or came as host and port
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("broker at %s: %w: TLS: %w", b.address, errUnreachable, err)
	}
	return secured, nil
}

// carriesRecords tells the APIs that move records from those that speak of them.
func carriesRecords(key kmsg.Key) bool {
	return key == kmsg.Produce || key == kmsg.Fetch || key == kmsg.ShareFetch
}

// backends are the brokers by their address.
type backends struct {
	proxy *Proxy

	mu        sync.Mutex
	byAddress map[string]*backend
}

func newBackends(p *Proxy) *backends { return &backends{proxy: p, byAddress: map[string]*backend{}} }

// at returns the broker at an address.
func (s *backends) at(address string) *backend {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.byAddress[address]
	if b == nil {
		b = &backend{proxy: s.proxy, address: address}
		b.node.Store(noNode)
		s.byAddress[address] = b
	}
	return b
}

// all returns every broker that there ever was, in the order of their addresses.
func (s *backends) all() []*backend {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*backend, 0, len(s.byAddress))
	for _, address := range slices.Sorted(maps.Keys(s.byAddress)) {
		list = append(list, s.byAddress[address])
	}
	return list
}
