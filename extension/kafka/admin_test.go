package kafka_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/kafka"
)

func TestTopicsLiveAndDie(t *testing.T) {
	t.Parallel()
	_, config := cluster(t)
	a, ctx := admin(t, config), within(t)
	spec := kafka.TopicSpec{Topic: "t", Partitions: 3, Configs: map[string]string{"max.message.bytes": "5000"}}
	require.NoError(t, a.CreateTopic(ctx, spec))
	err := a.CreateTopic(ctx, spec)
	require.Equal(t, "TOPIC_ALREADY_EXISTS", kafka.ErrorName(err))
	require.ErrorContains(t, err, `create topic "t"`)
	require.NoError(t, a.AddPartitions(ctx, "t", 5))
	require.Error(t, a.AddPartitions(ctx, "t", 2))

	names, err := a.ListTopics(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"t"}, names)
	topics, err := a.DescribeTopics(ctx, "t")
	require.NoError(t, err)
	require.Len(t, topics[0].Partitions, 5)
	_, err = a.DescribeTopics(ctx, "nowhere")
	require.ErrorContains(t, err, `topic "nowhere" does not exist`)

	require.NoError(t, a.AlterTopicConfigs(ctx, "t", map[string]string{"max.message.bytes": "6000"}))
	configs, err := a.TopicConfigs(ctx, "t")
	require.NoError(t, err)
	found := ""
	for _, c := range configs {
		if c.Name == "max.message.bytes" {
			found = c.Value
		}
	}
	require.Equal(t, "6000", found)
	configs, err = a.BrokerConfigs(ctx, 0)
	require.NoError(t, err)
	require.NotEmpty(t, configs)
	_, err = a.TopicConfigs(ctx, "nowhere")
	require.Error(t, err)

	require.NoError(t, a.DeleteTopics(ctx, "t"))
	require.Equal(t, "UNKNOWN_TOPIC_OR_PARTITION", kafka.ErrorName(a.DeleteTopics(ctx, "t")))
	names, err = a.ListTopics(ctx)
	require.NoError(t, err)
	require.Empty(t, names, "nothing comes from a cache")
	brokers, err := a.Brokers(ctx)
	require.NoError(t, err)
	require.Len(t, brokers, 1)
}

func TestOffsetsAreListed(t *testing.T) {
	t.Parallel()
	_, config := filled(t, 1, 10)
	a, ctx := admin(t, config), within(t)
	after, err := a.DeleteRecords(ctx, kafka.Offsets{"t": {0: 3}})
	require.NoError(t, err)
	require.Equal(t, kafka.Offsets{"t": {0: 3}}, after)
	for spot, want := range map[kafka.Spot]int64{
		{At: "earliest"}: 3, {At: "latest"}: 10, {At: "stable"}: 10, {At: "timestamp", Timestamp: 1_006_500}: 7,
		{At: "timestamp", Timestamp: 9_000_000}: 10,
	} {
		got, err := a.ListOffsets(ctx, spot, "t")
		require.NoError(t, err)
		require.Equal(t, kafka.Offsets{"t": {0: want}}, got, spot)
	}
	require.NoError(t, a.AddPartitions(ctx, "t", 2))
	got, err := a.ListOffsets(ctx, kafka.Spot{At: "latest"}, "t")
	require.NoError(t, err)
	require.Equal(t, kafka.Offsets{"t": {0: 10, 1: 0}}, got, "also the partition that has just come")
	_, err = a.ListOffsets(ctx, kafka.Spot{At: "middle"}, "t")
	require.ErrorContains(t, err, "want earliest, latest, stable or timestamp")
	_, err = a.ListOffsets(ctx, kafka.Spot{At: "latest"}, "nowhere")
	require.ErrorContains(t, err, `"nowhere" does not exist`)
	_, err = a.DeleteRecords(ctx, kafka.Offsets{"t": {0: 99}})
	require.ErrorContains(t, err, "delete records: t partition 0: OFFSET_OUT_OF_RANGE")
}

func TestGroupsAreDescribed(t *testing.T) {
	t.Parallel()
	_, config := filled(t, 2, 5)
	a, ctx := admin(t, config), within(t)
	r := consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}, Group: "g", InstanceID: "one", Balancers: []string{"range"}})
	drain(t, r, 10)
	lag, err := a.Lag(ctx, "g", "t")
	require.NoError(t, err)
	require.Equal(t, kafka.Offsets{"t": {0: 5, 1: 5}}, lag, "read, but not committed")
	_, err = r.Commit(ctx, kafka.Offsets{"t": {0: 5}})
	require.NoError(t, err)
	lag, err = a.Lag(ctx, "g", "t")
	require.NoError(t, err)
	require.Equal(t, kafka.Offsets{"t": {0: 0, 1: 5}}, lag)
	groups, err := a.DescribeGroups(ctx, "g", "nobody")
	require.NoError(t, err)
	require.Equal(t, "Stable", groups[0].State)
	require.Equal(t, "range", groups[0].Protocol)
	require.Len(t, groups[0].Members, 1)
	require.Equal(t, "one", groups[0].Members[0].InstanceID)
	require.Equal(t, kafka.Partitions{"t": {0, 1}}, groups[0].Members[0].Assigned)
	require.Equal(t, "Dead", groups[1].State)
	names, err := a.ListGroups(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"g"}, names)
	require.Equal(t, "NON_EMPTY_GROUP", kafka.ErrorName(a.DeleteGroups(ctx, "g")))
	require.NoError(t, r.Close())

	dynamic := consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}, Group: "h"})
	_, err = dynamic.Poll(ctx, 1, 5*time.Second)
	require.NoError(t, err)
	require.NoError(t, dynamic.Close())
	require.NoError(t, a.DeleteGroups(ctx, "h"))
}
