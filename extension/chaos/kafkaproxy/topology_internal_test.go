package kafkaproxy

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func knownTopology() *topology {
	p := &Proxy{topics: newTopicNames()}
	p.backends = newBackends(p)
	t := newTopology(p)
	t.learnMetadata(metadataOf(3, 1), false)
	return t
}

// metadataOf names two brokers, and the leader of t/0.
func metadataOf(epoch, leader int32) *kmsg.MetadataResponse {
	m := kmsg.NewPtrMetadataResponse()
	m.Brokers = []kmsg.MetadataResponseBroker{{NodeID: 1, Host: "a", Port: 1}, {NodeID: 2, Host: "b", Port: 2}}
	topic := kmsg.NewMetadataResponseTopic()
	topic.Topic = kmsg.StringPtr("t")
	topic.Partitions = []kmsg.MetadataResponseTopicPartition{{Partition: 0, Leader: leader, LeaderEpoch: epoch}}
	m.Topics = []kmsg.MetadataResponseTopic{topic}
	return m
}

func TestTopologyIgnoresWhoLagsBehind(t *testing.T) {
	t.Parallel()
	known := knownTopology()
	known.learnMetadata(metadataOf(2, 2), false)
	require.Equal(t, int32(1), known.target("t", 0).backend.node.Load(), "epoch 2 was before epoch 3")
	known.learnMetadata(metadataOf(4, 2), false)
	require.Equal(t, int32(2), known.target("t", 0).backend.node.Load())
	known.denied(known.node(2), "t", 0)
	known.learnMetadata(metadataOf(1, 1), false)
	require.Equal(t, int32(1), known.target("t", 0).backend.node.Load(), "what was denied is worth nothing")
}

func TestTopologyAsksForWhatIsDoubted(t *testing.T) {
	t.Parallel()
	known := knownTopology()
	_, ask := known.leader("t", 0)
	require.False(t, ask)
	known.denied(known.node(2), "t", 0)
	_, ask = known.leader("t", 0)
	require.False(t, ask, "who does not lead it has nothing to deny")
	known.denied(known.node(1), "t", 0)
	_, ask = known.leader("t", 0)
	require.True(t, ask)
	known.learnMetadata(metadataOf(3, 1), true)
	known.denied(known.node(1), "t", 0)
	_, ask = known.leader("t", 0)
	require.False(t, ask, "the cluster has just been asked, and stands by it")
}

func TestTopologyDoubtsWhatAMissedBrokerHad(t *testing.T) {
	t.Parallel()
	known := knownTopology()
	key := coordinatorKey{groupKind, "g"}
	known.learnCoordinator(key, 1, "a", 1)
	require.True(t, known.settled())
	known.missed(known.node(1))
	require.False(t, known.settled())
	require.Equal(t, int32(noNode), known.coordinator(key))
	_, ask := known.leader("t", 0)
	require.True(t, ask)
}

func TestTopologySaysWhatABrokerWouldSay(t *testing.T) {
	t.Parallel()
	known := knownTopology()
	require.Equal(t, kerr.UnknownTopicOrPartition.Code, known.target("t", 7).code)
	require.Equal(t, kerr.UnknownTopicOrPartition.Code, known.target("other", 0).code)
	known.learnMetadata(metadataOf(9, noNode), false)
	require.Equal(t, kerr.NotLeaderForPartition.Code, known.target("t", 0).code)
}

func TestFetchCacheDropsTheLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	cache := newFetchCache()
	begin := func() *fetchSession {
		q := kmsg.NewPtrFetchRequest()
		q.Version, q.SessionEpoch = 12, initialEpoch
		session, _, code := cache.open(q)
		require.Zero(t, code)
		return session
	}
	next := func(s *fetchSession) int16 {
		q := kmsg.NewPtrFetchRequest()
		q.Version, q.SessionID, q.SessionEpoch = 12, s.id, s.epoch
		_, _, code := cache.open(q)
		return code
	}
	first, second := begin(), begin()
	for range maxFetchSessions - 2 {
		begin()
	}
	require.Zero(t, next(first), "it is used, so the second one is the oldest")
	begin()
	require.Zero(t, next(first))
	require.Equal(t, kerr.FetchSessionIDNotFound.Code, next(second))
	require.Len(t, cache.byID, maxFetchSessions)
}
