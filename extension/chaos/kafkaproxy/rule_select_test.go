package kafkaproxy_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"k6suite/extension/chaos/kafkaproxy"
)

// watching is a rule that does no harm, so that its hits tell what it matches.
func watching(selectors string) string {
	return fmt.Sprintf(`{%s, "action": "delay", "delay": "1us"}`, selectors)
}

func TestEachSelectorMatchesWhatItSaysAndNothingElse(t *testing.T) {
	t.Parallel()
	produced := func(t *testing.T, b *bench) {
		t.Helper()
		send(t, b.client(t, kgo.ClientID("app/1")), "t", 1, "value-7")
	}
	committed := func(t *testing.T, b *bench) {
		t.Helper()
		offsets := kadm.Offsets{}
		offsets.Add(kadm.Offset{Topic: "t", Partition: 1, At: 0, LeaderEpoch: -1})
		_, err := kadm.NewClient(b.client(t)).CommitOffsets(testContext(t), "group-1", offsets)
		require.NoError(t, err)
	}
	fetched := func(t *testing.T, b *bench) {
		t.Helper()
		send(t, client(t, b.cluster.ListenAddrs(), kgo.RecordPartitioner(kgo.ManualPartitioner())), "t", 1, "value-7")
		require.Len(t, readAll(t, b.proxy.Addresses(), "t", 1), 2)
	}
	listed := func(t *testing.T, b *bench) {
		t.Helper()
		_, err := kadm.NewClient(b.client(t)).ListEndOffsets(testContext(t), "t")
		require.NoError(t, err)
	}
	for _, c := range []struct {
		traffic    func(*testing.T, *bench)
		match, not string
	}{
		{produced, `"api": "Produce"`, `"api": "Fetch"`},
		{produced, `"api": ["Fetch", "Produce"]`, `"api": ["Fetch", "OffsetCommit"]`},
		{produced, `"api": "Produce", "topic": "[s-u]"`, `"api": "Produce", "topic": "[^t]"`},
		{produced, `"api": "Produce", "topic": "?"`, `"api": "Produce", "topic": "??"`},
		{produced, `"api": "Produce", "partition": 1`, `"api": "Produce", "partition": 0`},
		{produced, `"api": "Produce", "topic": "t", "partition": 1`, `"api": "Produce", "topic": "u", "partition": 1`},
		{produced, `"api": "Produce", "clientId": "app*"`, `"api": "Produce", "clientId": "app"`},
		{produced, `"api": "Produce", "broker": 0`, `"api": "Produce", "broker": 1`},
		{produced, `"api": "Produce", "key": "key-value-\\d$"`, `"api": "Produce", "key": "^value"`},
		{produced, `"api": "Produce", "value": "^value-7$"`, `"api": "Produce", "value": "value-8"`},
		{produced, `"api": "Produce", "on": "response", "partition": 1`, `"api": "Produce", "on": "response", "partition": 0`},
		{produced, `"api": "Produce", "on": "response", "value": "7"`, `"api": "Produce", "on": "response", "value": "8"`},
		{produced, `"api": "InitProducerID"`, `"api": "EndTxn"`},
		{produced, `"api": "Metadata", "topic": "t"`, `"api": "Metadata", "topic": "u"`},
		{committed, `"group": "group-?"`, `"group": "group"`},
		{committed, `"api": "OffsetCommit", "group": "g*", "topic": "t", "partition": 1`, `"api": "OffsetCommit", "topic": "t", "partition": 0`},
		{committed, `"api": "FindCoordinator", "group": "group-1"`, `"api": "FindCoordinator", "group": "group-2"`},
		{fetched, `"api": "Fetch", "topic": "t"`, `"api": "Fetch", "topic": "u"`},
		{fetched, `"api": "Fetch", "on": "request", "partition": 1`, `"api": "Fetch", "on": "request", "partition": 0`},
		{fetched, `"api": "Fetch", "value": "7"`, `"api": "Fetch", "value": "8"`},
		{fetched, `"api": "Fetch", "key": "key", "value": "7"`, `"api": "Fetch", "key": "kez", "value": "7"`},
		{listed, `"api": "ListOffsets", "topic": "t", "partition": 1`, `"api": "ListOffsets", "topic": "t", "partition": 2`},
		{listed, `"api": "Metadata", "on": "response", "topic": "t"`, `"api": "Metadata", "on": "response", "topic": "v"`},
	} {
		t.Run(c.match, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			produced(t, b) // and the ids of topic and broker are known
			match, not := b.inject(t, watching(c.match)), b.inject(t, watching(c.not))
			c.traffic(t, b)
			require.Positive(t, match.Hits())
			require.Zero(t, not.Hits())
		})
	}
}

func TestAFetchSessionIsMatchedByAllThatItHolds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cl := b.client(t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
		"t": {0: kgo.NewOffset().At(0), 1: kgo.NewOffset().At(0)}, "u": {0: kgo.NewOffset().At(0)},
	}))
	direct := client(t, b.cluster.ListenAddrs(), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	read := func() {
		send(t, direct, "t", 0, "x")
		eventually(t, func() bool { return cl.PollFetches(testContext(t)).NumRecords() > 0 })
	}
	read() // from now on requests name only what changed
	held := b.inject(t, watching(`"api": "Fetch", "on": "request", "topic": "u"`))
	never := b.inject(t, watching(`"api": "Fetch", "on": "request", "topic": "u", "partition": 1`))
	read()
	require.NoError(t, held.WaitHits(testContext(t), 3))
	require.Zero(t, never.Hits())
	cl.PauseFetchTopics("u")
	cl.RemoveConsumePartitions(map[string][]int32{"u": {0}})
	read()
	read()
	forgotten := held.Hits()
	read()
	read()
	require.Equal(t, forgotten, held.Hits())
}

func TestTopicsAreKnownByTheirIdsOfWhichNoAnswerHasTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	direct := client(t, b.cluster.ListenAddrs(), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	metadata, err := kadm.NewClient(direct).Metadata(testContext(t))
	require.NoError(t, err)
	id := metadata.Topics["t"].ID
	if version, ok := kversion.Stable().LookupMaxKeyVersion(0); !ok || version < 13 {
		require.Fail(t, "this franz-go has no Produce with topic ids")
	}
	second := start(t, kafkaproxy.Options{Brokers: b.cluster.ListenAddrs()}) // has never seen a response
	rule, err := kafkaproxy.ParseRule([]byte(`{"api": "Produce", "topic": "t", "action": "drop"}`))
	require.NoError(t, err)
	f, err := second.Inject(rule)
	require.NoError(t, err)
	request := kmsg.NewPtrProduceRequest()
	request.Version, request.Acks, request.TimeoutMillis = 13, -1, 1000
	request.Topics = []kmsg.ProduceRequestTopic{{TopicID: id, Partitions: []kmsg.ProduceRequestTopicPartition{
		{Partition: 0, Records: recordOf("by its id")},
	}}}
	answer := exchange(t, second.Addresses()[0], request).(*kmsg.ProduceResponse)
	require.Zero(t, answer.Topics[0].Partitions[0].ErrorCode)
	require.Equal(t, [16]byte(id), answer.Topics[0].TopicID)
	hits(t, f, 1)
	require.Empty(t, b.standing(t, "t", 0))
}
