package embedded

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A leader that moves and has written nothing yet must not look like a loss of data to who reads on.
func TestReadersGoOnWhenALeaderMoves(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := Start(ctx, Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	require.NoError(t, c.life.kfake.CreateTopic("t", 1, nil))
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap()...), kgo.ConsumeTopics("t"), kgo.DefaultProduceTopic("t"),
		kgo.MetadataMinAge(20*time.Millisecond), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer cl.Close()
	require.NoError(t, cl.ProduceSync(ctx, kgo.StringRecord("before")).FirstErr())
	require.Equal(t, 1, cl.PollFetches(ctx).NumRecords())

	leader := c.life.kfake.LeaderFor("t", 0)
	require.NoError(t, c.life.kfake.MoveTopicPartition("t", 0, (leader+1)%3))
	cl.ForceMetadataRefresh()
	require.Eventually(t, func() bool { return requests(t, c, "OffsetForLeaderEpoch") > 0 }, 20*time.Second, 5*time.Millisecond,
		"the reader learns of it before anything is written")
	require.NoError(t, cl.ProduceSync(ctx, kgo.StringRecord("after")).FirstErr())
	fetches := cl.PollFetches(ctx)
	require.NoError(t, fetches.Err())
	require.Equal(t, "after", string(fetches.Records()[0].Value))
}

// requests counts the requests of an API.
func requests(t *testing.T, c *Cluster, api string) (n float64) {
	t.Helper()
	families, err := c.metrics.registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				if family.GetName() == "k6suite_embedded_requests_total" && label.GetName() == "api" && label.GetValue() == api {
					n += m.GetCounter().GetValue()
				}
			}
		}
	}
	return n
}
