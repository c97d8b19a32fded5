package embedded_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/embedded"
)

// deliveryEffects look for what the lies about commits, offset resets and repeated batches do.
var deliveryEffects = map[string]func(t *testing.T, c *embedded.Cluster) bool{
	"lose-commit": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		traffic(t, c)
		commitAs(t, c, 20)
		require.EqualValues(t, 20, committedBy(t, c), "the first one is kept")
		commitAs(t, c, 30)
		return committedBy(t, c) != 30
	},
	"old-latest": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		traffic(t, c)
		require.EqualValues(t, 200, listed(t, c, -1), "nobody asks for a group")
		require.EqualValues(t, -1, committedBy(t, c))
		return listed(t, c, -1) < 200
	},
	"late-earliest": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		traffic(t, c)
		require.Zero(t, listed(t, c, -2), "nobody asks for a group")
		require.EqualValues(t, -1, committedBy(t, c))
		return listed(t, c, -2) > 0
	},
	"invent-commit": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		traffic(t, c)
		return committedBy(t, c) == 0
	},
	"forget-sequences": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		for _, sequence := range []int32{0, 5, 0, 5} { // the first has another behind it when it comes again
			requireCode(t, nil, rawProduce(t, c, "t", 0, rawBatch(7, 0, sequence, 5)))
		}
		return end(t, c, "t", 0) > 10
	},
}

func commitAs(t *testing.T, c *embedded.Cluster, next int64) {
	t.Helper()
	offsets := kadm.Offsets{}
	offsets.Add(kadm.Offset{Topic: "t", Partition: 0, At: next, LeaderEpoch: -1})
	responses, err := kadm.NewClient(client(t, c)).CommitOffsets(testContext(t), "g", offsets)
	require.NoError(t, err)
	require.NoError(t, responses.Error())
}

func committedBy(t *testing.T, c *embedded.Cluster) int64 {
	t.Helper()
	request, group := kmsg.NewPtrOffsetFetchRequest(), kmsg.NewOffsetFetchRequestGroup()
	topic := kmsg.NewOffsetFetchRequestGroupTopic()
	topic.Topic, topic.Partitions = "t", []int32{0}
	group.Group, group.Topics = "g", append(group.Topics, topic)
	request.Groups = append(request.Groups, group)
	response, err := request.RequestWith(testContext(t), client(t, c))
	require.NoError(t, err)
	require.Zero(t, response.Groups[0].Topics[0].Partitions[0].ErrorCode)
	return response.Groups[0].Topics[0].Partitions[0].Offset
}

func listed(t *testing.T, c *embedded.Cluster, timestamp int64) int64 {
	t.Helper()
	request, topic := kmsg.NewPtrListOffsetsRequest(), kmsg.NewListOffsetsRequestTopic()
	partition := kmsg.NewListOffsetsRequestTopicPartition()
	partition.Timestamp = timestamp
	topic.Topic, topic.Partitions = "t", append(topic.Partitions, partition)
	request.Topics = append(request.Topics, topic)
	response, err := request.RequestWith(testContext(t), client(t, c))
	require.NoError(t, err)
	require.Zero(t, response.Topics[0].Partitions[0].ErrorCode)
	return response.Topics[0].Partitions[0].Offset
}
