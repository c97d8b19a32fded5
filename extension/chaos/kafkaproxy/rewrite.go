package kafkaproxy

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

// placer changes the address of a broker that a response names.
type placer func(node int32, host *string, port *int32) error

// rewriteBrokers has a response name the proxy wherever it names a broker, and learns the ids of topics on the way. A response
// without either is not touched.
func rewriteBrokers(c *call, topics *topicNames, place placer) error {
	switch c.Key {
	case kmsg.ApiVersions, kmsg.Metadata, kmsg.FindCoordinator, kmsg.DescribeCluster, kmsg.CreateTopics, kmsg.DescribeTopicPartitions,
		kmsg.Produce, kmsg.Fetch, kmsg.ShareFetch, kmsg.ShareAcknowledge:
	default:
		return nil
	}
	if refusedVersion(c) {
		return nil
	}
	message, err := c.reply()
	if err != nil {
		return err
	}
	changed, err := rewriteMessage(message, topics, place)
	if changed && err == nil {
		c.replace()
	}
	return err
}

func rewriteMessage(message kmsg.Response, topics *topicNames, place placer) (changed bool, err error) {
	all := func(n int, at func(i int) (int32, *string, *int32)) error {
		for i := range n {
			if err := place(at(i)); err != nil {
				return err
			}
		}
		changed = changed || n > 0
		return nil
	}
	switch m := message.(type) {
	case *kmsg.ApiVersionsResponse:
		return decodable(m), nil
	case *kmsg.CreateTopicsResponse:
		for i := range m.Topics {
			topics.learn(m.Topics[i].Topic, m.Topics[i].TopicID)
		}
	case *kmsg.DescribeTopicPartitionsResponse:
		for i := range m.Topics {
			topics.learn(deref(m.Topics[i].Topic), m.Topics[i].TopicID)
		}
	case *kmsg.MetadataResponse:
		for i := range m.Topics {
			topics.learn(deref(m.Topics[i].Topic), m.Topics[i].TopicID)
		}
		err = all(len(m.Brokers), func(i int) (int32, *string, *int32) { b := &m.Brokers[i]; return b.NodeID, &b.Host, &b.Port })
	case *kmsg.DescribeClusterResponse:
		err = all(len(m.Brokers), func(i int) (int32, *string, *int32) { b := &m.Brokers[i]; return b.NodeID, &b.Host, &b.Port })
	case *kmsg.FindCoordinatorResponse:
		if m.Version < 4 && m.ErrorCode == 0 {
			err = all(1, func(int) (int32, *string, *int32) { return m.NodeID, &m.Host, &m.Port })
		}
		for i := range m.Coordinators {
			if b := &m.Coordinators[i]; b.ErrorCode == 0 && err == nil {
				err = all(1, func(int) (int32, *string, *int32) { return b.NodeID, &b.Host, &b.Port })
			}
		}
	case *kmsg.ProduceResponse:
		err = all(len(m.Brokers), func(i int) (int32, *string, *int32) { b := &m.Brokers[i]; return b.NodeID, &b.Host, &b.Port })
	case *kmsg.FetchResponse:
		err = all(len(m.Brokers), func(i int) (int32, *string, *int32) { b := &m.Brokers[i]; return b.NodeID, &b.Host, &b.Port })
	case *kmsg.ShareFetchResponse:
		err = all(len(m.NodeEndpoints), func(i int) (int32, *string, *int32) { b := &m.NodeEndpoints[i]; return b.NodeID, &b.Host, &b.Port })
	case *kmsg.ShareAcknowledgeResponse:
		err = all(len(m.NodeEndpoints), func(i int) (int32, *string, *int32) { b := &m.NodeEndpoints[i]; return b.NodeID, &b.Host, &b.Port })
	}
	return changed, err
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
