package embedded_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/embedded"
)

// The admin client of Java takes no null for the configurations of a topic that it has created.
func TestCreatedTopicsHaveConfigsAlways(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	request := kmsg.NewPtrCreateTopicsRequest()
	for _, name := range []string{"plain", "configured"} {
		topic := kmsg.NewCreateTopicsRequestTopic()
		topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, 1, -1
		if name == "configured" {
			config := kmsg.NewCreateTopicsRequestTopicConfig()
			config.Name, config.Value = "retention.ms", kmsg.StringPtr("60000")
			topic.Configs = append(topic.Configs, config)
		}
		request.Topics = append(request.Topics, topic)
	}
	response, err := request.RequestWith(testContext(t), client(t, c))
	require.NoError(t, err)
	require.Len(t, response.Topics, 2)
	for _, topic := range response.Topics {
		require.Zero(t, topic.ErrorCode)
		require.NotNil(t, topic.Configs, topic.Topic)
		require.NotEqual(t, [16]byte{}, topic.TopicID)
		require.Equal(t, topic.Topic == "configured", len(topic.Configs) == 1)
	}
}

func TestDescribedPartitionsHaveAllLists(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 3, nil)
	topic := kmsg.NewDescribeTopicPartitionsRequestTopic()
	topic.Topic = "t"
	request := kmsg.NewPtrDescribeTopicPartitionsRequest()
	request.Topics, request.ResponsePartitionLimit = append(request.Topics, topic), 2000
	response, err := request.RequestWith(testContext(t), client(t, c))
	require.NoError(t, err)
	require.Len(t, response.Topics, 1)
	require.Len(t, response.Topics[0].Partitions, 3)
	for _, p := range response.Topics[0].Partitions {
		require.NotNil(t, p.EligibleLeaderReplicas)
		require.NotNil(t, p.LastKnownELR)
		require.NotEmpty(t, p.Replicas)
	}
}

func TestGroupTypesAreFilteredWithoutRegardToCase(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 1, nil)
	cl := client(t, c)
	require.NoError(t, kadm.NewClient(cl).CommitAllOffsets(testContext(t), "g", kadm.OffsetsFromRecords(kgo.Record{Topic: "t"})))
	for filter, want := range map[string]int{"Classic": 1, "classic": 1, "Consumer": 0, "": 1} {
		request := kmsg.NewPtrListGroupsRequest()
		if filter != "" {
			request.TypesFilter = []string{filter}
		}
		found := 0
		for _, shard := range cl.RequestSharded(testContext(t), request) {
			require.NoError(t, shard.Err)
			found += len(shard.Resp.(*kmsg.ListGroupsResponse).Groups)
		}
		require.Equal(t, want, found, "filter %q", filter)
	}
}
