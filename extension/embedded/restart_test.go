package embedded_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/embedded"
)

type afterRestart func(t *testing.T, c *embedded.Cluster) *embedded.Cluster

// Both ways to begin with nothing but the bucket: in one process, and as a new process on the same folder.
func restarts(dir string) map[string]struct {
	options embedded.Options
	restart afterRestart
} {
	return map[string]struct {
		options embedded.Options
		restart afterRestart
	}{
		"restart": {embedded.Options{}, func(t *testing.T, c *embedded.Cluster) *embedded.Cluster {
			require.NoError(t, c.Restart(testContext(t)))
			return c
		}},
		"new cluster on the same folder": {
			embedded.Options{Store: embedded.StoreOptions{Dir: dir}},
			func(t *testing.T, c *embedded.Cluster) *embedded.Cluster {
				require.NoError(t, c.Close())
				return start(t, embedded.Options{Store: embedded.StoreOptions{Dir: dir}})
			},
		},
	}
}

func TestEverythingComesBackFromTheBucket(t *testing.T) {
	t.Parallel()
	for name, way := range restarts(t.TempDir()) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := testContext(t)
			c := start(t, way.options)
			limit := "200000"
			createTopic(t, c, "plain", 3, map[string]*string{"max.message.bytes": &limit})
			createTopic(t, c, "packed", 2, nil)
			before := topics(t, c)

			produce(t, client(t, c, manual()), "plain", 2, 7, 10)
			produce(t, client(t, c, manual(), kgo.DisableIdempotentWrite()), "plain", 0, 3, 5)
			produce(t, client(t, c, manual(), kgo.ProducerBatchCompression(kgo.ZstdCompression())), "packed", 1, 4, 20)
			admin := kadm.NewClient(client(t, c))
			var offsets kadm.Offsets
			offsets.Add(kadm.Offset{Topic: "plain", Partition: 2, At: 42, LeaderEpoch: 0, Metadata: "half way"})
			require.NoError(t, admin.CommitAllOffsets(ctx, "some/group", offsets))
			logs := map[kadm.Partition][]*kgo.Record{}
			for _, at := range []kadm.Partition{{Topic: "plain", Partition: 0}, {Topic: "plain", Partition: 2}, {Topic: "packed", Partition: 1}} {
				logs[at] = read(t, c, at.Topic, at.Partition)
			}

			c = way.restart(t, c)
			require.Equal(t, before, topics(t, c))
			for _, at := range []kadm.Partition{{Topic: "plain", Partition: 0}, {Topic: "plain", Partition: 2}, {Topic: "packed", Partition: 1}} {
				requireSameLog(t, logs[at], read(t, c, at.Topic, at.Partition))
			}
			admin = kadm.NewClient(client(t, c))
			fetched, err := admin.FetchOffsets(ctx, "some/group")
			require.NoError(t, err)
			commit, ok := fetched.Lookup("plain", 2)
			require.True(t, ok)
			require.EqualValues(t, 42, commit.At)
			require.Equal(t, "half way", commit.Metadata)

			more := produce(t, client(t, c, manual()), "plain", 2, 1, 5)
			require.EqualValues(t, 70, more[0].Offset)
			require.Len(t, read(t, c, "plain", 2), 75)
		})
	}
}

// topics describes all topics with ids, partition counts and configured values.
func topics(t *testing.T, c *embedded.Cluster) map[string]any {
	t.Helper()
	admin := kadm.NewClient(client(t, c))
	list, err := admin.ListTopics(testContext(t))
	require.NoError(t, err)
	described := map[string]any{}
	for name, topic := range list {
		configs, err := admin.DescribeTopicConfigs(testContext(t), name)
		require.NoError(t, err)
		value := ""
		for _, config := range configs[0].Configs {
			if config.Key == "max.message.bytes" {
				value = config.MaybeValue()
			}
		}
		described[name] = []any{topic.ID, len(topic.Partitions), value}
	}
	return described
}

func requireSameLog(t *testing.T, want, got []*kgo.Record) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, want[i].Offset, got[i].Offset)
		require.Equal(t, want[i].Key, got[i].Key)
		require.Equal(t, want[i].Value, got[i].Value)
		require.Equal(t, want[i].Headers, got[i].Headers)
		require.Equal(t, want[i].Timestamp, got[i].Timestamp)
	}
}
