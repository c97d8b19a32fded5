package trust

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/profile"
)

// A label that gives a broker the id of none would have faults hit somebody else: the brokers' own metadata tells.
func TestContainersMustHaveTheIdsOfTheirBrokers(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	brokers := []platform.Broker{{ID: 0, Address: cluster.ListenAddrs()[0]}, {ID: 1, Address: cluster.ListenAddrs()[1]}}
	target := &Target{Profile: &profile.Profile{}}
	require.NoError(t, target.awaitMembers(t.Context(), asMembers(brokers)))
	brokers[1].ID = 7
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	err = target.awaitMembers(ctx, asMembers(brokers))
	require.ErrorContains(t, err, "broker 0 did not find the others within ")
	require.ErrorContains(t, err, "its metadata does not show broker 7")
}
