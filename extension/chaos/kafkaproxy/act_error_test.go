package kafkaproxy_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestErrorRefusesBatches(t *testing.T) {
	t.Parallel()
	for on, stands := range map[string]int{"request": 0, "response": 1} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			cl := b.client(t, plainProducer())
			f := b.inject(t, `{"api": "Produce", "topic": "t", "partition": 0, "on": "`+on+`",
				"action": "error", "error": "INVALID_RECORD", "times": 2}`)
			results := sendRecords(t, cl, message("t", 0, "a"), message("t", 1, "b"), message("u", 0, "c"))
			for _, r := range results {
				if r.Record.Topic == "t" && r.Record.Partition == 0 {
					require.ErrorIs(t, r.Err, kerr.InvalidRecord)
				} else {
					require.NoError(t, r.Err)
				}
			}
			require.Error(t, sendRecords(t, cl, message("t", 0, "d")).FirstErr())
			ended(t, f)
			send(t, cl, "t", 0, "e")
			require.Len(t, b.standing(t, "t", 0), 2*stands+1)
			require.Equal(t, []string{"b"}, b.standing(t, "t", 1))
			require.Equal(t, []string{"c"}, b.standing(t, "u", 0))
			require.EqualValues(t, 2, f.Hits())
			require.EqualValues(t, 2, f.Records())
		})
	}
}

func TestAProducerTriesAgainAfterARetriableError(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	refused := b.inject(t, `{"api": "Produce", "action": "error", "error": "NOT_LEADER_OR_FOLLOWER", "nth": 2}`)
	applied := b.inject(t, `{"api": "Produce", "on": "response", "action": "error", "error": "REQUEST_TIMED_OUT", "nth": 3}`)
	all := numbered("v", 20)
	sendEach(t, b.client(t), "t", 0, all...)
	require.Equal(t, all, b.standing(t, "t", 0), "what was applied though its producer got an error is there once")
	require.NotZero(t, refused.Hits())
	require.NotZero(t, applied.Hits())
}

func TestErrorWithoutAcksEndsTheConnection(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"api": "Produce", "action": "error", "error": "NOT_LEADER_OR_FOLLOWER", "times": 1}`)
	cl := b.client(t, plainProducer(), kgo.RequiredAcks(kgo.NoAck()))
	_ = sendRecords(t, cl, message("t", 0, "a")) // nobody knows
	ended(t, f)
	eventually(t, func() bool {
		_ = sendRecords(t, cl, message("t", 0, "b"))
		return len(b.standing(t, "t", 0)) > 0
	})
	require.NotContains(t, b.standing(t, "t", 0), "a")
}

func TestErrorForAReader(t *testing.T) {
	t.Parallel()
	for _, on := range []string{"request", "response"} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			direct := client(t, b.cluster.ListenAddrs(), kgo.RecordPartitioner(kgo.ManualPartitioner()))
			cl := b.client(t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
				"t": {0: kgo.NewOffset().At(0), 1: kgo.NewOffset().At(0)}, "u": {0: kgo.NewOffset().At(0)},
			}), kgo.KeepRetryableFetchErrors())
			send(t, direct, "t", 0, "first")
			eventually(t, func() bool { return cl.PollFetches(testContext(t)).NumRecords() == 1 }) // the session is there
			f := b.inject(t, `{"api": "Fetch", "topic": "t", "partition": 0, "on": "`+on+`",
				"action": "error", "error": "KAFKA_STORAGE_ERROR", "times": 1}`)
			send(t, direct, "t", 1, "unharmed")
			send(t, direct, "t", 0, "second")
			failed, values := 0, []string{}
			for len(values) < 2 || failed == 0 {
				fetches := cl.PollFetches(testContext(t))
				fetches.EachError(func(topic string, partition int32, err error) {
					require.ErrorIs(t, err, kerr.KafkaStorageError)
					require.Equal(t, "t", topic)
					require.EqualValues(t, 0, partition)
					failed++
				})
				values = append(values, valuesOf(fetches.Records())...)
			}
			require.ElementsMatch(t, []string{"unharmed", "second"}, values)
			require.Equal(t, 1, failed)
			ended(t, f)
		})
	}
}

func TestErrorForAGroup(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	admin := kadm.NewClient(b.client(t, kgo.RetryTimeout(0), kgo.RequestRetries(0)))
	offsets := kadm.Offsets{}
	offsets.Add(kadm.Offset{Topic: "t", Partition: 0, At: 7, LeaderEpoch: -1})
	offsets.Add(kadm.Offset{Topic: "t", Partition: 1, At: 8, LeaderEpoch: -1})
	offsets.Add(kadm.Offset{Topic: "u", Partition: 1, At: 9, LeaderEpoch: -1})
	f := b.inject(t, `{"api": "OffsetCommit", "group": "g*", "topic": "t", "partition": 1,
		"action": "error", "error": "INVALID_COMMIT_OFFSET_SIZE"}`)
	answers, err := admin.CommitOffsets(testContext(t), "gg", offsets)
	require.NoError(t, err)
	answers.Each(func(r kadm.OffsetResponse) {
		if r.Topic == "t" && r.Partition == 1 {
			require.ErrorIs(t, r.Err, kerr.InvalidCommitOffsetSize)
		} else {
			require.NoError(t, r.Err)
		}
	})
	_, err = admin.CommitOffsets(testContext(t), "other", offsets)
	require.NoError(t, err)
	hits(t, f, 1)
	f.Stop()
	fetched, err := admin.FetchOffsets(testContext(t), "gg")
	require.NoError(t, err)
	require.Len(t, fetched.Offsets()["t"], 1)
	require.Len(t, fetched.Offsets()["u"], 1)
	alone := b.inject(t, `{"api": "OffsetCommit", "topic": "t", "action": "error", "error": "INVALID_COMMIT_OFFSET_SIZE"}`)
	only := kadm.Offsets{}
	only.Add(kadm.Offset{Topic: "t", Partition: 0, At: 1, LeaderEpoch: -1})
	answers, err = admin.CommitOffsets(testContext(t), "gg", only)
	require.NoError(t, err)
	require.ErrorIs(t, answers.Error(), kerr.InvalidCommitOffsetSize)
	hits(t, alone, 1)
}

func TestErrorForWholeMessages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cl := b.client(t, kgo.RequestRetries(0))
	f := b.inject(t, `{"api": ["ListGroups", "DescribeCluster"], "action": "error", "error": "CLUSTER_AUTHORIZATION_FAILED"}`)
	response, err := kmsg.NewPtrListGroupsRequest().RequestWith(testContext(t), cl)
	require.NoError(t, err)
	require.ErrorIs(t, kerr.ErrorForCode(response.ErrorCode), kerr.ClusterAuthorizationFailed)
	hits(t, f, 1)
	old, err := kmsg.NewPtrApiVersionsRequest().RequestWith(testContext(t), cl)
	require.NoError(t, err)
	require.Zero(t, old.ErrorCode)
	described := b.inject(t, `{"api": "Metadata", "topic": "t", "on": "response", "action": "error", "error": "TOPIC_AUTHORIZATION_FAILED"}`)
	all, err := kmsg.NewPtrMetadataRequest().RequestWith(testContext(t), cl)
	require.NoError(t, err)
	require.Len(t, all.Topics, 2)
	for _, topic := range all.Topics {
		if *topic.Topic == "t" {
			require.ErrorIs(t, kerr.ErrorForCode(topic.ErrorCode), kerr.TopicAuthorizationFailed)
		} else {
			require.Zero(t, topic.ErrorCode)
			require.Len(t, topic.Partitions, 2)
			require.Zero(t, topic.Partitions[0].ErrorCode)
		}
	}
	require.Positive(t, described.Hits())
}
