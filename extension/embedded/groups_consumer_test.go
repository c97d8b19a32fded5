package embedded_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/embedded"
)

// serverSide are the options of a member of a group that the coordinator runs.
func serverSide(topic string) []kgo.Opt {
	return []kgo.Opt{
		kgo.ConsumeTopics(topic), kgo.ConsumerGroup("g"), kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer()), kgo.DisableAutoCommit(),
	}
}

func TestGroupsThatTheCoordinatorRunsAreDescribedWithTheNamesOfTopics(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "many", 4, nil)
	for range 2 {
		client(t, c, serverSide("many")...)
	}
	admin := kadm.NewClient(client(t, c))
	var group kadm.DescribedConsumerGroup
	require.Eventually(t, func() bool {
		described, err := admin.DescribeConsumerGroups(testContext(t), "g")
		group = described["g"]
		return err == nil && group.State == "Stable" && len(group.Members) == 2
	}, deadline, 50*time.Millisecond)
	for _, m := range group.Members {
		require.Len(t, m.Assignment["many"], 2)
		require.Equal(t, m.Assignment, m.TargetAssignment)
	}
}

// Commits outlive the brokers; members come back by themselves.
func TestCommitsOfAGroupThatTheCoordinatorRunsAreDurable(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 1, nil)
	traffic(t, c)
	first := client(t, c, serverSide("t")...)
	require.NotEmpty(t, first.PollRecords(testContext(t), 10).Records())
	require.NoError(t, first.CommitUncommittedOffsets(testContext(t)))
	first.Close()
	require.NoError(t, c.Restart(testContext(t)))
	second := client(t, c, serverSide("t")...)
	require.Equal(t, int64(10), second.PollRecords(testContext(t), 1).Records()[0].Offset)
}
