package embedded_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/embedded"
	"k6suite/extension/objectstore"
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
			t.Helper()
			require.NoError(t, c.Restart(testContext(t)))
			return c
		}},
		"new cluster on the same folder": {
			embedded.Options{Store: embedded.StoreOptions{Dir: dir}},
			func(t *testing.T, c *embedded.Cluster) *embedded.Cluster {
				t.Helper()
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

func TestARetryAfterARestartIsRecognized(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 1, nil)
	var batches [][]byte
	for i := range 7 {
		batches = append(batches, rawBatch(42, 1, int32(i*3), 3))
		requireCode(t, nil, rawProduce(t, c, "t", 0, batches[i]))
	}
	require.NoError(t, c.Restart(testContext(t)))
	for i := 2; i < 7; i++ { // the last five, as in Apache Kafka
		again := rawProduce(t, c, "t", 0, batches[i])
		requireCode(t, nil, again)
		require.EqualValues(t, i*3, again.BaseOffset)
	}
	requireCode(t, kerr.OutOfOrderSequenceNumber, rawProduce(t, c, "t", 0, rawBatch(42, 1, 30, 1)))
	requireCode(t, kerr.InvalidProducerEpoch, rawProduce(t, c, "t", 0, rawBatch(42, 0, 21, 1)))
	next := rawProduce(t, c, "t", 0, rawBatch(42, 1, 21, 1))
	requireCode(t, nil, next)
	require.EqualValues(t, 21, next.BaseOffset)
	require.Len(t, read(t, c, "t", 0), 22)
}

func TestDeletedRecordsStayDeleted(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	c := start(t, embedded.Options{})
	createTopic(t, c, "some", 1, nil)
	createTopic(t, c, "all", 1, nil)
	for topic, at := range map[string]int64{"some": 12, "all": 30} {
		produce(t, client(t, c, manual()), topic, 0, 3, 10)
		var offsets kadm.Offsets
		offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: at})
		deleted, err := kadm.NewClient(client(t, c)).DeleteRecords(ctx, offsets)
		require.NoError(t, err)
		require.NoError(t, deleted.Error())
	}
	for range 2 {
		require.NoError(t, c.Restart(ctx))
		starts, err := kadm.NewClient(client(t, c)).ListStartOffsets(ctx, "some", "all")
		require.NoError(t, err)
		require.EqualValues(t, 12, starts["some"][0].Offset)
		require.EqualValues(t, 30, starts["all"][0].Offset)
		require.EqualValues(t, 30, end(t, c, "all", 0))
	}
	sent := produce(t, client(t, c, manual()), "all", 0, 1, 2)
	require.EqualValues(t, 30, sent[0].Offset)
	require.Len(t, readFrom(t, c, "all", 0, 30, 32), 2)
}

func TestADeletedTopicLeavesNothingToItsSuccessor(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 2, nil)
	produce(t, client(t, c, manual()), "t", 0, 3, 10)
	before := topics(t, c)
	_, err := kadm.NewClient(client(t, c)).DeleteTopic(ctx, "t")
	require.NoError(t, err)
	require.Empty(t, stored(t, c))
	require.NoError(t, c.Restart(ctx))
	require.Empty(t, topics(t, c))
	createTopic(t, c, "t", 2, nil)
	require.NotEqual(t, before, topics(t, c))
	sent := produce(t, client(t, c, manual()), "t", 0, 1, 4)
	require.EqualValues(t, 0, sent[0].Offset)
	require.NoError(t, c.Restart(ctx))
	require.Len(t, read(t, c, "t", 0), 4)
}

func TestPartitionsAreAddedForGood(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 1, nil)
	_, err := kadm.NewClient(client(t, c)).UpdatePartitions(ctx, 3, "t")
	require.NoError(t, err)
	produce(t, client(t, c, manual()), "t", 2, 1, 5)
	require.NoError(t, c.Restart(ctx))
	require.Len(t, read(t, c, "t", 2), 5)
}

func TestADamagedBucketIsNotStartedFrom(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]struct {
		want string
		do   func(t *testing.T, store *objectstore.Store, keys []string)
	}{
		"hole": {"an object is lost or too much", func(t *testing.T, store *objectstore.Store, keys []string) {
			t.Helper()
			require.NoError(t, store.Delete(testContext(t), keys[1]))
		}},
		"garbage": {keyAt("t", 10), func(t *testing.T, store *objectstore.Store, keys []string) {
			t.Helper()
			require.NoError(t, store.Put(testContext(t), keys[1], []byte("garbage")))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, embedded.Options{})
			createTopic(t, c, "t", 1, nil)
			produce(t, client(t, c, manual()), "t", 0, 3, 10)
			var keys []string
			store := openStore(t, c)
			for object, err := range store.List(testContext(t), "default/t/") {
				require.NoError(t, err)
				keys = append(keys, object.Key)
			}
			require.Len(t, keys, 3)
			damage.do(t, store, keys)
			require.ErrorContains(t, c.Restart(testContext(t)), damage.want)
		})
	}
}

func keyAt(topic string, base int64) string {
	return objectstore.KafScale().Key("default", topic, 0, base)
}

func TestAForeignNamespaceIsLeftAlone(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	store := openStore(t, c)
	require.NoError(t, store.Put(testContext(t), "other/t/0/segment-00000000000000000000.kfs", []byte("theirs")))
	_, err := embedded.Start(testContext(t), embedded.Options{Store: embedded.StoreOptions{S3: c.ObjectStore()}, Namespace: "other"})
	require.ErrorContains(t, err, `namespace "other" holds segments, but not of an embedded cluster`)
}
