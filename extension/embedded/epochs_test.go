package embedded_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/embedded"
)

// epochEnd asks the leader of t/0 how far an epoch reached.
func epochEnd(t *testing.T, c *embedded.Cluster, epoch int32) (known int32, end int64) {
	t.Helper()
	p := kmsg.NewOffsetForLeaderEpochRequestTopicPartition()
	p.CurrentLeaderEpoch, p.LeaderEpoch = -1, epoch
	topic := kmsg.NewOffsetForLeaderEpochRequestTopic()
	topic.Topic, topic.Partitions = "t", []kmsg.OffsetForLeaderEpochRequestTopicPartition{p}
	request, response := kmsg.NewPtrOffsetForLeaderEpochRequest(), kmsg.NewPtrOffsetForLeaderEpochResponse()
	request.Version, request.ReplicaID, request.Topics = 4, -1, []kmsg.OffsetForLeaderEpochRequestTopic{topic}
	l := dialBroker(t, c, leaderOf(t, c, -1))
	l.send(request)
	l.receive(response, 4)
	answer := response.Topics[0].Partitions[0]
	require.Zero(t, answer.ErrorCode)
	return answer.LeaderEpoch, answer.EndOffset
}

// handOn kills the leader of t/0, waits until another one leads, and starts the old one again. It returns the new epoch.
func handOn(t *testing.T, c *embedded.Cluster) int32 {
	t.Helper()
	old := leaderOf(t, c, -1)
	require.NoError(t, c.Kill(testContext(t), old))
	leaderOf(t, c, old)
	require.NoError(t, c.Start(testContext(t), old))
	for _, topic := range shown(t, c).Topics {
		if *topic.Topic == "t" {
			return topic.Partitions[0].LeaderEpoch
		}
	}
	return -1
}

func TestEpochsAreRememberedOverTakeoversAndRestarts(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{Lease: shortLease})
	createTopic(t, c, "t", 1, nil)
	reader := client(t, c, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {0: kgo.NewOffset().AtStart()}}),
		kgo.MetadataMaxAge(100*time.Millisecond))
	got := 0
	follow := func(n int) {
		for got < n {
			fetches := reader.PollFetches(testContext(t))
			fetches.EachError(func(_ string, _ int32, err error) { require.NotErrorAs(t, err, new(*kgo.ErrDataLoss)) })
			got += fetches.NumRecords()
		}
	}
	first := shown(t, c).Topics[0].Partitions[0].LeaderEpoch
	produce(t, client(t, c, manual()), "t", 0, 2, 5)
	follow(10)
	silent := handOn(t, c) // writes nothing
	second := handOn(t, c)
	require.Less(t, first, silent)
	require.Less(t, silent, second)
	produce(t, client(t, c, manual()), "t", 0, 1, 5)
	follow(15)
	third := handOn(t, c)

	check := func() {
		t.Helper()
		for epoch, end := range map[int32]int64{first: 10, silent: 10, second: 15, third: 15} {
			known, got := epochEnd(t, c, epoch)
			require.Equal(t, end, got, "epoch %d of %d, %d, %d, %d", epoch, first, silent, second, third)
			require.LessOrEqual(t, known, epoch)
		}
		known, end := epochEnd(t, c, third+100)
		require.EqualValues(t, -1, known)
		require.EqualValues(t, -1, end)
	}
	check()
	require.NoError(t, c.Restart(testContext(t)))
	check()
	follow(15)
	produce(t, client(t, c, manual()), "t", 0, 1, 5)
	follow(20)
}
