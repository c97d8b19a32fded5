package embedded_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/embedded"
)

var _ platform.Platform = (*embedded.Cluster)(nil)

// shortLease keeps tests short. Nothing depends on how long it is.
const shortLease = 50 * time.Millisecond

// modes runs a test behind the single endpoint, and with the brokers' own addresses.
func modes(t *testing.T, options embedded.Options, run func(t *testing.T, c *embedded.Cluster)) {
	t.Helper()
	if options.Lease == 0 {
		options.Lease = shortLease
	}
	for _, single := range []bool{true, false} {
		t.Run(fmt.Sprintf("single endpoint %t", single), func(t *testing.T) {
			t.Parallel()
			own := options
			own.SingleEndpoint = single
			run(t, start(t, own))
		})
	}
}

func states(t *testing.T, c *embedded.Cluster) map[int32]platform.State {
	t.Helper()
	brokers, err := c.Brokers(testContext(t))
	require.NoError(t, err)
	all := map[int32]platform.State{}
	for _, b := range brokers {
		all[b.ID] = b.State
	}
	return all
}

// shown returns the metadata of a broker that runs.
func shown(t *testing.T, c *embedded.Cluster) *kmsg.MetadataResponse {
	t.Helper()
	for t.Context().Err() == nil {
		brokers, err := c.Brokers(testContext(t))
		require.NoError(t, err)
		for _, b := range brokers {
			if b.State != platform.Running {
				continue
			}
			sock, err := net.DialTimeout("tcp", b.Address, deadline)
			if err != nil { // it is being stopped
				continue
			}
			defer sock.Close()
			request, response := kmsg.NewPtrMetadataRequest(), kmsg.NewPtrMetadataResponse()
			request.Version = 9
			l := &line{t: t, sock: sock}
			l.send(request)
			l.receive(response, 9)
			return response
		}
	}
	return nil
}

// shownBrokers returns the node ids that the metadata of the brokers shows.
func shownBrokers(t *testing.T, c *embedded.Cluster) []int32 {
	t.Helper()
	var ids []int32
	for _, b := range shown(t, c).Brokers {
		ids = append(ids, b.NodeID)
	}
	return ids
}

func TestABrokerIsKilledUnderLoad(t *testing.T) {
	t.Parallel()
	modes(t, embedded.Options{}, func(t *testing.T, c *embedded.Cluster) {
		t.Helper()
		l := newLoad(t, c)
		rebalances := l.rebalanced()
		for id := range int32(3) {
			address := c.Nodes()[id]
			require.NoError(t, c.Kill(testContext(t), id))
			require.Equal(t, platform.Dead, states(t, c)[id])
			_, err := net.DialTimeout("tcp", address, time.Second)
			require.Error(t, err, "nobody listens")
			l.progress()
			require.NoError(t, c.Start(testContext(t), id))
			require.Equal(t, platform.Running, states(t, c)[id])
			require.Equal(t, address, c.Nodes()[id])
			l.progress()
		}
		l.undisturbed(rebalances)
		l.check()
	})
}

func TestADeadBrokerIsShownUntilItsLeaseIsOver(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{Lease: time.Hour})
	createTopic(t, c, "t", 6, nil)
	require.NoError(t, c.Kill(testContext(t), 1))
	require.Contains(t, shownBrokers(t, c), int32(1))
	require.NoError(t, c.Start(testContext(t), 1))
	produce(t, client(t, c, manual()), "t", 0, 1, 1)

	c = start(t, embedded.Options{Lease: shortLease})
	createTopic(t, c, "t", 6, nil)
	require.NoError(t, c.Kill(testContext(t), 1))
	require.Eventually(t, func() bool { return len(shownBrokers(t, c)) == 2 }, deadline, 5*time.Millisecond)
	for p := range int32(6) {
		produce(t, client(t, c, manual()), "t", p, 1, 1)
	}
	require.NoError(t, c.Start(testContext(t), 1))
	require.Len(t, shownBrokers(t, c), 3)
	require.ElementsMatch(t, []int{2, 2, 2}, leaders(t, c, "t"))
}

// leaders returns how many partitions of the topic each broker leads, of those that lead any.
func leaders(t *testing.T, c *embedded.Cluster, topic string) []int {
	t.Helper()
	counts := map[int32]int{}
	for _, shown := range shown(t, c).Topics {
		for _, p := range shown.Partitions {
			if *shown.Topic == topic {
				counts[p.Leader]++
			}
		}
	}
	var list []int
	for _, n := range counts {
		list = append(list, n)
	}
	return list
}

func TestChangesFromTheWrongStateAreRefused(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	c := start(t, embedded.Options{Brokers: 2, Lease: shortLease})
	require.ErrorContains(t, c.Kill(ctx, 7), "kill broker 7: there is no such broker")
	require.ErrorContains(t, c.Start(ctx, 0), "start broker 0: it is running")
	require.ErrorContains(t, c.Resume(ctx, 0), "resume broker 0: it is running")
	require.NoError(t, c.Kill(ctx, 0))
	require.ErrorContains(t, c.Kill(ctx, 0), "kill broker 0: it is dead")
	require.ErrorContains(t, c.Pause(ctx, 0), "pause broker 0: it is dead")
	require.ErrorContains(t, c.Stop(ctx, 0), "stop broker 0: it is dead")
	require.ErrorContains(t, c.Remove(ctx, 1), "remove broker 1: no other broker runs that could take over")
	require.NoError(t, c.Close())
	require.ErrorContains(t, c.Start(ctx, 0), "the embedded cluster is closed")
	_, err := c.Add(ctx)
	require.ErrorContains(t, err, "the embedded cluster is closed")
}
