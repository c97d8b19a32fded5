package kafkaproxy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"k6suite/extension/chaos/kafkaproxy"
)

// byName has a client name topics in Fetch, as versions before 13 do.
func byName() kgo.Opt {
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(int16(kmsg.Fetch), 12)
	return kgo.MaxVersions(versions)
}

// fetchOf asks for the given partitions of topic t, from offset 0 on.
func fetchOf(partitions ...int32) *kmsg.FetchRequest {
	q := kmsg.NewPtrFetchRequest()
	q.MaxBytes, q.MinBytes, q.SessionEpoch = 1<<20, 1, -1
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic = "t"
	for _, number := range partitions {
		p := kmsg.NewFetchRequestTopicPartition()
		p.Partition, p.PartitionMaxBytes = number, 1<<20
		topic.Partitions = append(topic.Partitions, p)
	}
	q.Topics = []kmsg.FetchRequestTopic{topic}
	return q
}

func fetched(t *testing.T, cl *kgo.Client, q *kmsg.FetchRequest) *kmsg.FetchResponse {
	t.Helper()
	response, err := cl.Broker(0).Request(testContext(t), q)
	require.NoError(t, err)
	return response.(*kmsg.FetchResponse)
}

// partitionsIn returns the numbers of partitions in a response, in order.
func partitionsIn(m *kmsg.FetchResponse) []int32 {
	var all []int32
	for _, topic := range m.Topics {
		for _, p := range topic.Partitions {
			all = append(all, p.Partition)
		}
	}
	return all
}

func one(t *testing.T, cl *kgo.Client, partition int32) {
	t.Helper()
	require.NoError(t, cl.ProduceSync(testContext(t), &kgo.Record{Topic: "t", Partition: partition, Value: []byte("x")}).FirstErr())
}

func TestEndpointFetchMergesInOrder(t *testing.T) {
	t.Parallel()
	_, p := behind(t)
	cl := client(t, p.Addresses(), manual(), byName())
	fillTopic(t, cl, "t", 60)
	m := fetched(t, cl, fetchOf(5, 0, 3, 1, 2, 4))
	require.Zero(t, m.ErrorCode)
	require.Equal(t, []int32{5, 0, 3, 1, 2, 4}, partitionsIn(m))
	for _, p := range m.Topics[0].Partitions {
		require.NotEmpty(t, p.RecordBatches)
		require.Equal(t, int64(10), p.HighWatermark)
		require.Equal(t, int32(-1), p.PreferredReadReplica)
	}
}

func TestEndpointFetchOfUnknownPartition(t *testing.T) {
	t.Parallel()
	_, p := behind(t)
	m := fetched(t, client(t, p.Addresses(), byName()), fetchOf(0, 77, 1))
	require.Equal(t, []int32{0, 77, 1}, partitionsIn(m))
	require.Equal(t, kerr.UnknownTopicOrPartition.Code, m.Topics[0].Partitions[1].ErrorCode)
	require.Zero(t, m.Topics[0].Partitions[0].ErrorCode)
}

// A fetch that waits has to be woken by any broker, though each of them holds back what it is asked of its own.
func TestEndpointFetchIsWokenByEachBroker(t *testing.T) {
	t.Parallel()
	for node := range int32(3) {
		cluster, p := behind(t)
		watched := count(cluster, kmsg.Fetch)
		reader, writer := client(t, p.Addresses(), byName()), client(t, p.Addresses(), manual())
		q := fetchOf(0, 1, 2)
		q.MaxWaitMillis = int32(time.Minute.Milliseconds()) // longer than the test may take
		answer := make(chan *kmsg.FetchResponse, 1)
		go func() {
			response, err := reader.Broker(0).Request(testContext(t), q)
			if err == nil {
				answer <- response.(*kmsg.FetchResponse)
			}
			close(answer)
		}()
		require.Eventually(t, func() bool { // asked once, and then watched
			return watched.of(0) >= 2 && watched.of(1) >= 2 && watched.of(2) >= 2
		}, deadline, time.Millisecond)
		one(t, writer, node)
		m := <-answer
		require.NotNil(t, m)
		require.Equal(t, []int32{0, 1, 2}, partitionsIn(m))
		for _, p := range m.Topics[0].Partitions {
			require.Equal(t, p.Partition == node, len(p.RecordBatches) > 0)
		}
	}
}

func TestEndpointFetchWaitsForMinBytes(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t)
	asked := count(cluster, kmsg.Fetch)
	reader, writer := client(t, p.Addresses(), byName()), client(t, p.Addresses(), manual())
	one(t, writer, 0)
	size := len(fetched(t, reader, fetchOf(0)).Topics[0].Partitions[0].RecordBatches)
	q := fetchOf(0, 1, 2)
	q.MaxWaitMillis, q.MinBytes = int32(time.Minute.Milliseconds()), int32(3*size)
	answer := make(chan *kmsg.FetchResponse, 1)
	go func() {
		defer close(answer)
		if response, err := reader.Broker(0).Request(testContext(t), q); err == nil {
			answer <- response.(*kmsg.FetchResponse)
		}
	}()
	require.Eventually(t, func() bool { return asked.of(1) >= 2 }, deadline, time.Millisecond)
	one(t, writer, 1)
	require.Empty(t, answer, "two thirds of the bytes are not enough")
	one(t, writer, 2)
	m := <-answer
	require.NotNil(t, m)
	for _, p := range m.Topics[0].Partitions {
		require.NotEmpty(t, p.RecordBatches)
	}
	require.Less(t, asked.of(0), 20, "it waits for more, and does not ask all the time")
}

func TestEndpointFetchEndsWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t)
	asked := count(cluster, kmsg.Fetch)
	cl := client(t, p.Addresses(), byName())
	q := fetchOf(0, 1, 2)
	q.MaxWaitMillis = 50
	m := fetched(t, cl, q)
	require.Equal(t, []int32{0, 1, 2}, partitionsIn(m))
	require.Less(t, asked.of(0), 10)
}

func TestEndpointFetchSession(t *testing.T) {
	t.Parallel()
	_, p := behind(t)
	cl := client(t, p.Addresses(), manual(), byName())
	fillTopic(t, cl, "t", 60)

	q := fetchOf(0, 1, 2)
	q.SessionEpoch = 0
	first := fetched(t, cl, q)
	require.NotZero(t, first.SessionID)
	require.Equal(t, []int32{0, 1, 2}, partitionsIn(first), "the first answer has all")

	step := func(epoch int32, change func(q *kmsg.FetchRequest)) *kmsg.FetchResponse {
		q := kmsg.NewPtrFetchRequest()
		q.MaxBytes, q.SessionID, q.SessionEpoch = 1<<20, first.SessionID, epoch
		change(q)
		return fetched(t, cl, q)
	}
	behindAll := fetchOf(0, 1, 2).Topics
	for i := range behindAll[0].Partitions {
		behindAll[0].Partitions[i].FetchOffset = 10
	}
	m := step(1, func(q *kmsg.FetchRequest) { q.Topics = behindAll })
	require.Zero(t, m.ErrorCode)
	require.Equal(t, first.SessionID, m.SessionID)
	require.Empty(t, partitionsIn(m), "nothing is new")

	one(t, cl, 1)
	m = step(2, func(*kmsg.FetchRequest) {})
	require.Equal(t, []int32{1}, partitionsIn(m), "only what is new is told")

	m = step(3, func(q *kmsg.FetchRequest) {
		q.ForgottenTopics = []kmsg.FetchRequestForgottenTopic{{Topic: "t", Partitions: []int32{1}}}
		q.Topics = fetchOf(4).Topics
	})
	require.Equal(t, []int32{4}, partitionsIn(m), "one was forgotten, one is new")

	require.Equal(t, kerr.InvalidFetchSessionEpoch.Code, step(9, func(*kmsg.FetchRequest) {}).ErrorCode)
	m = step(-1, func(q *kmsg.FetchRequest) { q.Topics = fetchOf(0).Topics })
	require.Zero(t, m.SessionID, "the session has been ended")
	require.Equal(t, kerr.FetchSessionIDNotFound.Code, step(4, func(*kmsg.FetchRequest) {}).ErrorCode)
}

func TestEndpointFetchOfOneBrokerWaitsThere(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t)
	asked := count(cluster, kmsg.Fetch)
	reader, writer := client(t, p.Addresses(), byName()), client(t, p.Addresses(), manual())
	q := fetchOf(0, 3)
	q.MaxWaitMillis = int32(time.Minute.Milliseconds())
	answer := make(chan *kmsg.FetchResponse, 1)
	go func() {
		defer close(answer)
		if response, err := reader.Broker(0).Request(testContext(t), q); err == nil {
			answer <- response.(*kmsg.FetchResponse)
		}
	}()
	require.Eventually(t, func() bool { return asked.of(0) == 1 }, deadline, time.Millisecond)
	one(t, writer, 3)
	require.NotNil(t, <-answer)
	require.Equal(t, 1, asked.of(0), "it is one request, that waits at the broker")
	require.Equal(t, []string{"0"}, asked.nodes())
}

// Consumers that pause, seek and poll little by little leave no record out.
func TestEndpointConsumerInSmallBites(t *testing.T) {
	t.Parallel()
	cluster := fake(t, kfake.SeedTopics(spreadPartitions, "t"))
	spreadTopic(t, cluster, "t")
	p := start(t, kafkaproxy.Options{Brokers: cluster.ListenAddrs(), SingleEndpoint: true})
	fillTopic(t, client(t, p.Addresses(), manual()), "t", 600)
	cl := client(t, p.Addresses(), append(fromStart("t"), kgo.FetchMaxBytes(64), kgo.FetchMaxPartitionBytes(64))...)
	require.Equal(t, numbers(600), read(t, cl, 600))
}
