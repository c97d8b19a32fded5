package kafkaproxy

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// learn takes what an answer says of the cluster, before the client is shown something else.
func (e *endpoint) learn(request kmsg.Request, response kmsg.Response) {
	switch m := response.(type) {
	case *kmsg.MetadataResponse:
		e.topology.learnMetadata(m, false)
	case *kmsg.CreateTopicsResponse:
		for i := range m.Topics {
			e.proxy.topics.learn(m.Topics[i].Topic, m.Topics[i].TopicID)
		}
	case *kmsg.DescribeTopicPartitionsResponse:
		for i := range m.Topics {
			e.proxy.topics.learn(deref(m.Topics[i].Topic), m.Topics[i].TopicID)
		}
	case *kmsg.FindCoordinatorResponse:
		q := request.(*kmsg.FindCoordinatorRequest)
		if m.Version < 4 && m.ErrorCode == 0 {
			e.topology.learnCoordinator(coordinatorKey{q.CoordinatorType, q.CoordinatorKey}, m.NodeID, m.Host, m.Port)
		}
		for _, c := range m.Coordinators {
			if c.ErrorCode == 0 {
				e.topology.learnCoordinator(coordinatorKey{q.CoordinatorType, c.Key}, c.NodeID, c.Host, c.Port)
			}
		}
	}
}

// show makes an answer name the one broker that clients see, wherever it names brokers. It reports whether there was anything to change.
func (e *endpoint) show(message kmsg.Response) bool {
	switch m := message.(type) {
	case *kmsg.MetadataResponse:
		e.showMetadata(m)
	case *kmsg.DescribeClusterResponse:
		e.showCluster(m)
	case *kmsg.DescribeTopicPartitionsResponse:
		showTopicPartitions(m)
	case *kmsg.FindCoordinatorResponse:
		if m.Version < 4 && m.ErrorCode == 0 {
			m.NodeID, m.Host, m.Port = endpointNode, e.proxy.options.Advertise, e.port
		}
		for i := range m.Coordinators {
			if c := &m.Coordinators[i]; c.ErrorCode == 0 {
				c.NodeID, c.Host, c.Port = endpointNode, e.proxy.options.Advertise, e.port
			}
		}
	case *kmsg.DescribeQuorumResponse:
		changed := len(m.Nodes) > 0
		m.Nodes = nil // the addresses of controllers
		return changed
	default:
		return false
	}
	return true
}

// noEpoch is what metadata says where there is no leader epoch to tell (KIP-320). Clients take another epoch for another leader: they stop
// and begin their fetches again, on new connections, and there never is another one here.
const noEpoch = -1

func (e *endpoint) showMetadata(m *kmsg.MetadataResponse) {
	broker := kmsg.NewMetadataResponseBroker()
	broker.NodeID, broker.Host, broker.Port = endpointNode, e.proxy.options.Advertise, e.port
	m.Brokers, m.ControllerID = []kmsg.MetadataResponseBroker{broker}, endpointNode
	for i := range m.Topics {
		for j := range m.Topics[i].Partitions {
			p := &m.Topics[i].Partitions[j]
			p.Replicas, p.OfflineReplicas = []int32{endpointNode}, []int32{}
			if p.Leader == noNode {
				p.ISR = []int32{} // nobody leads: the error that says so stays
				continue
			}
			p.Leader, p.LeaderEpoch, p.ISR = endpointNode, noEpoch, []int32{endpointNode}
			if p.ErrorCode == kerr.ReplicaNotAvailable.Code { // of which there is but one, and it leads
				p.ErrorCode = 0
			}
		}
	}
}

func (e *endpoint) showCluster(m *kmsg.DescribeClusterResponse) {
	if m.ErrorCode != 0 {
		return
	}
	broker := kmsg.NewDescribeClusterResponseBroker()
	broker.NodeID, broker.Host, broker.Port = endpointNode, e.proxy.options.Advertise, e.port
	m.Brokers, m.ControllerID = []kmsg.DescribeClusterResponseBroker{broker}, endpointNode
}

func showTopicPartitions(m *kmsg.DescribeTopicPartitionsResponse) {
	for i := range m.Topics {
		for j := range m.Topics[i].Partitions {
			p := &m.Topics[i].Partitions[j]
			p.Replicas, p.OfflineReplicas = []int32{endpointNode}, []int32{}
			p.EligibleLeaderReplicas, p.LastKnownELR = []int32{}, []int32{} // the clients of Java do not survive null
			if p.LeaderID == noNode {
				p.ISR = []int32{}
				continue
			}
			p.LeaderID, p.LeaderEpoch, p.ISR = endpointNode, noEpoch, []int32{endpointNode}
		}
	}
}
