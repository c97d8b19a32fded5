package kafkaproxy

import (
	"net"
	"strconv"

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
}

func newEndpoint(p *Proxy) *endpoint {
	return &endpoint{proxy: p, topology: newTopology(p), fetches: newFetchCache(), ways: ways()}
}

func (e *endpoint) start() error {
	listener, err := e.proxy.listen(e.proxy.options.Listen, func(s *session) router { return newEndpointRouter(e, s) })
	if err != nil {
		return err
	}
	e.port = int32(listener.Addr().(*net.TCPAddr).Port)
	e.address = net.JoinHostPort(e.proxy.options.Advertise, strconv.Itoa(int(e.port)))
	return nil
}

func (e *endpoint) addresses() []string { return []string{e.address} }
