package kafka_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kversion"

	"k6suite/extension/kafka"
)

// soon has the coordinator ask for heartbeats more often than every 5 s.
func soon() kfake.Opt {
	return kfake.BrokerConfigs(map[string]string{"group.consumer.heartbeat.interval.ms": "50"})
}

func TestTheCoordinatorSharesPartitionsOut(t *testing.T) {
	t.Parallel()
	_, config := cluster(t, kfake.SeedTopics(4, "t"), soon())
	a, ctx := admin(t, config), within(t)
	options := kafka.ConsumerOptions{Topics: []string{"t"}, Group: "g", Protocol: kafka.ProtocolConsumer}
	members := []*kafka.Consumer{consumer(t, config, options), consumer(t, config, options)}
	for len(members[0].Assignment()["t"]) != 2 || len(members[1].Assignment()["t"]) != 2 {
		for _, m := range members {
			_, err := m.Poll(ctx, 0, 20*time.Millisecond)
			require.NoError(t, err)
		}
	}
	require.NotEqual(t, members[0].Assignment(), members[1].Assignment())
	require.Positive(t, members[0].Generation())

	consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}, Group: "old", Protocol: kafka.ProtocolClassic})
	var groups []kafka.Group
	require.Eventually(t, func() bool {
		var err error
		groups, err = a.DescribeGroups(ctx, "nobody", "g", "old")
		return err == nil && groups[1].State == "Stable" && groups[2].State == "Stable"
	}, time.Minute, 20*time.Millisecond)
	require.Equal(t, kafka.Group{Group: "nobody", Type: kafka.ProtocolClassic, State: "Dead", Coordinator: groups[0].Coordinator}, groups[0])
	require.Equal(t, []string{kafka.ProtocolConsumer, "uniform"}, []string{groups[1].Type, groups[1].Protocol})
	require.Len(t, groups[1].Members, 2)
	for _, m := range groups[1].Members {
		require.Equal(t, groups[1].Epoch, m.Epoch)
		require.Equal(t, "k6suite", m.ClientID)
	}
	require.Equal(t, []string{kafka.ProtocolClassic, "cooperative-sticky"}, []string{groups[2].Type, groups[2].Protocol})
	require.Zero(t, groups[2].Epoch)
}

// What was committed by one member is where the next one goes on, and lag is told as of any group.
func TestCommitsOfAGroupThatTheCoordinatorRuns(t *testing.T) {
	t.Parallel()
	_, config := cluster(t, kfake.SeedTopics(1, "t"), soon())
	a, ctx := admin(t, config), within(t)
	_, err := producer(t, config, kafka.ProducerOptions{}).Send(ctx, values(10, "t"))
	require.NoError(t, err)
	options := kafka.ConsumerOptions{Topics: []string{"t"}, Group: "g", Protocol: kafka.ProtocolConsumer}
	first := consumer(t, config, options)
	drain(t, first, 10)
	_, err = first.Commit(ctx, kafka.Offsets{"t": {0: 7}})
	require.NoError(t, err)
	lag, err := a.Lag(ctx, "g", "t")
	require.NoError(t, err)
	require.Equal(t, kafka.Offsets{"t": {0: 3}}, lag)
	require.NoError(t, first.Close())
	require.Equal(t, int64(7), drain(t, consumer(t, config, options), 3)[0].Offset)
}

// A member that would be run by another protocol than the one that was asked for must not join at all.
func TestNobodyJoinsByAnotherProtocolInSilence(t *testing.T) {
	t.Parallel()
	for name, old := range map[string]struct {
		broker []kfake.Opt
		client string
	}{
		"the broker is old":       {broker: []kfake.Opt{kfake.MaxVersions(kversion.V3_9_0())}},
		"the client is to be old": {client: "3.9"},
		"both are, and are happy": {broker: []kfake.Opt{kfake.MaxVersions(kversion.V3_9_0())}, client: "3.9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, config := cluster(t, append(old.broker, kfake.SeedTopics(1, "t"))...)
			config.MaxVersion = old.client
			r, ctx := consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}, Group: "g", Protocol: kafka.ProtocolConsumer}), within(t)
			var err error
			for err == nil {
				_, err = r.Poll(ctx, 0, time.Second)
			}
			require.ErrorIs(t, err, kafka.ErrServerSideGroups)
			require.ErrorContains(t, err, `group "g"`)
			require.Equal(t, "UNSUPPORTED_VERSION", kafka.ErrorName(err))
			groups, err := admin(t, config).DescribeGroups(ctx, "g")
			require.NoError(t, err)
			require.Equal(t, "Dead", groups[0].State)
			require.NoError(t, r.Close())
		})
	}
}
