package trust

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

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
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	looks := 0
	cluster.ControlKey(int16(kmsg.Metadata), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if looks++; looks == 3 { // the first look has had its answer
			cancel()
		}
		return nil, nil, false
	})
	err = target.awaitMembers(ctx, asMembers(brokers))
	require.ErrorContains(t, err, "broker 0 did not find the others within ")
	require.ErrorContains(t, err, "its metadata does not show broker 7")
}
