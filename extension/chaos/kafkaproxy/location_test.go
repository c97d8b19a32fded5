package kafkaproxy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/chaos/kafkaproxy"
)

func TestLocation(t *testing.T) {
	t.Parallel()
	for _, single := range modes() {
		cluster := fake(t, kfake.SeedTopics(spreadPartitions, "t"))
		p := start(t, kafkaproxy.Options{Brokers: cluster.ListenAddrs(), SingleEndpoint: single})
		for node := range int32(3) {
			require.NoError(t, cluster.MoveTopicPartition("t", 4, node))
			leader, err := p.Leader(testContext(t), "t", 4)
			require.NoError(t, err)
			require.Equal(t, node, leader, "it is asked for each time")
			followers, err := p.Followers(testContext(t), "t", 4)
			require.NoError(t, err)
			require.NotContains(t, followers, node)
		}
		controller, err := p.Controller(testContext(t))
		require.NoError(t, err)
		require.Equal(t, controllerOf(t, cluster.ListenAddrs()), controller, "by metadata, where nobody tells of a quorum")
		node, err := p.Coordinator(testContext(t), "g")
		require.NoError(t, err)
		require.Equal(t, cluster.CoordinatorFor("g"), node)

		_, err = p.Leader(testContext(t), "t", 77)
		require.ErrorContains(t, err, "leader of t/77: topic t has 6 partitions, and no 77")
		_, err = p.Followers(testContext(t), "t", 77)
		require.ErrorContains(t, err, "followers of t/77: topic t has 6 partitions, and no 77")
		_, err = p.Leader(testContext(t), "nowhere", 0)
		require.ErrorIs(t, err, kerr.UnknownTopicOrPartition)
		require.ErrorContains(t, err, "nowhere/0")
	}
}

func TestLocationWithSilentAndDeadBrokers(t *testing.T) {
	t.Parallel()
	cluster, p, relays := freezing(t, soon)
	for _, silent := range []int{1, 0} {
		relays[silent].freeze()
		leader, err := p.Leader(testContext(t), "t", 5)
		require.NoError(t, err)
		require.Equal(t, cluster.LeaderFor("t", 5), leader)
	}
	p = start(t, kafkaproxy.Options{Brokers: []string{downAddress(t)}, GiveUp: time.Millisecond})
	_, err := p.Leader(testContext(t), "t", 5)
	require.ErrorContains(t, err, "leader of t/5: no broker of the cluster answers")
	_, err = p.Controller(testContext(t))
	require.ErrorContains(t, err, "controller: no broker of the cluster answers")
	_, err = p.Coordinator(testContext(t), "g")
	require.ErrorContains(t, err, "coordinator of group g: no broker of the cluster answers")
}

func TestLocationInTheNameOfWhoHasAuthenticated(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t, secured()...)
	introduced(t, p, user)
	leader, err := p.Leader(testContext(t), "t", 5)
	require.NoError(t, err)
	require.Equal(t, cluster.LeaderFor("t", 5), leader)
}

// controllerOf is what the cluster itself says.
func controllerOf(t *testing.T, addresses []string) int32 {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addresses...))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	response, err := kmsg.NewPtrMetadataRequest().RequestWith(testContext(t), client)
	require.NoError(t, err)
	return response.ControllerID
}
