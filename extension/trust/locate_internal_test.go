package trust

import (
	"net"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"k6suite/extension/kafka"
	"k6suite/extension/profile"
)

// silent is an address that accepts connections and never answers, as that of a frozen broker.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

func TestLocator(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(2, "t"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	find := locator{kafka.Config{Brokers: append([]string{silent(t)}, cluster.ListenAddrs()...)}}

	for node := range int32(3) {
		require.NoError(t, cluster.MoveTopicPartition("t", 1, node))
		leader, err := find.Leader(t.Context(), "t", 1)
		require.NoError(t, err, "who does not answer is not waited for")
		require.Equal(t, node, leader)
		followers, err := find.Followers(t.Context(), "t", 1)
		require.NoError(t, err)
		require.NotContains(t, followers, node)
	}
	find.config.Brokers = cluster.ListenAddrs() // all have to have said so before it is believed
	_, err = find.Followers(t.Context(), "t", 2)
	require.ErrorContains(t, err, "nobody leads t/2")

	seen, err := kafka.Probe(t.Context(), kafka.Config{Brokers: cluster.ListenAddrs()})
	require.NoError(t, err)
	controller, err := find.Controller(t.Context())
	require.NoError(t, err)
	require.Equal(t, seen.ControllerID, controller, "there is no quorum to ask")
}

func TestMissingBrokersAreNamed(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	cfg := kafka.Config{Brokers: cluster.ListenAddrs()[:1]}
	brokers := []profile.Broker{{ID: 0}, {ID: 1}}
	require.NoError(t, missing(t.Context(), cfg, brokers))
	err = missing(t.Context(), cfg, slices.Concat(brokers, []profile.Broker{{ID: 7}}))
	require.EqualError(t, err, "its metadata does not show broker 7")
}
