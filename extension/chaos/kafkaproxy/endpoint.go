package kafkaproxy

import (
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// endpointNode is the id of the one broker that clients see.
const endpointNode = 0

// endpoint puts the whole cluster behind one address. Clients see one broker, node 0: it leads every partition, is every
// partition's only replica, coordinates all groups and transactions, and is the controller. Leader epochs, topic ids and the
// cluster's id are the real ones.
//
// What a client says of node 0 concerns the whole cluster: the configuration of broker "0" is read from the cluster's first broker
// and changed on all of them; a replica assignment that names nobody but node 0 leaves the choice to the cluster. Other ids are real
// ones, and are passed on as they are. Log directories are named with the broker that has them: "/data (broker 2)".
//
// SASL: PLAIN and OAUTHBEARER are offered, as far as the brokers have them. What the first broker accepted is said again to each
// other one. SCRAM and GSSAPI prove knowledge of a secret for one exchange with one broker only, so that nobody between can do it
// again: they work in mirror mode.
//
// What brokers say to each other is not offered, nor AlterReplicaLogDirs, which speaks of the disks of the one broker that it is
// sent to.
type endpoint struct {
	proxy    *Proxy
	topology *topology
	fetches  *fetchCache
	ways     map[kmsg.Key]way
	address  string
	port     int32
	reached  atomic.Bool // a broker has answered

	mu      sync.Mutex
	routers map[*endpointRouter]struct{} // of the sessions that there are
}

func newEndpoint(p *Proxy) *endpoint {
	return &endpoint{proxy: p, topology: newTopology(p), fetches: newFetchCache(), ways: ways(), routers: map[*endpointRouter]struct{}{}}
}

func (e *endpoint) start() error {
	listener, err := e.proxy.listen(e.proxy.options.Listen, func(s *session) router { return newEndpointRouter(e, s) })
	if err != nil {
		return err
	}
	e.port = int32(listener.Addr().(*net.TCPAddr).Port)
	e.address = net.JoinHostPort(e.proxy.options.Advertise, strconv.Itoa(int(e.port)))
	e.proxy.work.Go(e.listen)
	return nil
}

func (e *endpoint) addresses() []string { return []string{e.address} }

func (e *endpoint) live() map[int32]*backend {
	e.topology.mu.Lock()
	defer e.topology.mu.Unlock()
	return maps.Clone(e.topology.nodes)
}

// enlist and dismiss say which sessions there are.
func (e *endpoint) enlist(r *endpointRouter) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.routers[r] = struct{}{}
}

func (e *endpoint) dismiss(r *endpointRouter) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.routers, r)
}

func (e *endpoint) sessions() []*endpointRouter {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Collect(maps.Keys(e.routers))
}
