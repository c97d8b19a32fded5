package embedded

import (
	"net"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ownAddress lets the address of a broker shine through the single endpoint.
type ownAddress struct {
	honest
	*liar
}

func newOwnAddress(l *liar) mischief { return &ownAddress{liar: l} }

func (m *ownAddress) shown(c *Cluster, response kmsg.Response) {
	metadata, ok := response.(*kmsg.MetadataResponse)
	if !ok || len(metadata.Brokers) == 0 || !m.strikes() {
		return
	}
	own := metadata.Brokers[0]
	own.NodeID, own.Port = own.NodeID+1, portOf(c.Nodes())
	metadata.Brokers = append(metadata.Brokers, own)
}

// portOf returns the port of the last address.
func portOf(addresses []string) int32 {
	_, port, _ := net.SplitHostPort(addresses[len(addresses)-1])
	n, _ := strconv.ParseInt(port, 10, 32)
	return int32(n)
}

// hideLeader says that nobody leads the last partition of each topic.
type hideLeader struct {
	honest
	*liar
}

func newHideLeader(l *liar) mischief { return &hideLeader{liar: l} }

func (m *hideLeader) shown(_ *Cluster, response kmsg.Response) {
	metadata, ok := response.(*kmsg.MetadataResponse)
	if !ok {
		return
	}
	for i := range metadata.Topics {
		partitions := metadata.Topics[i].Partitions
		for j := range partitions {
			if p := &partitions[j]; int(p.Partition) == len(partitions)-1 {
				p.ErrorCode, p.Leader = kerr.LeaderNotAvailable.Code, -1
				m.hits.Add(1)
			}
		}
	}
}

// oneBroker has all partitions led by the first broker.
type oneBroker struct {
	honest
	*liar
}

func newOneBroker(l *liar) mischief { return &oneBroker{liar: l} }

func (m *oneBroker) leads(place, int32) int32 {
	m.hits.Add(1)
	return 0
}
