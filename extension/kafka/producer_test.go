package kafka_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/kafka"
)

func TestSendGivesAResultPerRecordInOrder(t *testing.T) {
	t.Parallel()
	_, config := cluster(t, kfake.SeedTopics(3, "t"))
	m := &meter{}
	p := producer(t, config, kafka.ProducerOptions{Topic: "t", Meter: m})
	stamp := time.UnixMilli(1_700_000_000_123)
	records := []kafka.Record{
		{Partition: 2, Value: []byte("explicit"), Timestamp: stamp},
		{Partition: kafka.AnyPartition, Key: []byte("k"), Value: []byte("keyed"), Headers: []kafka.Header{
			{Key: "h", Value: []byte("1")}, {Key: "a", Value: nil}, {Key: "h", Value: []byte("2")},
		}},
		{Partition: 2, Key: []byte("k"), Value: nil},
		{Partition: 0, Value: []byte{}},
	}
	results, err := p.Send(within(t), records)
	require.NoError(t, err)
	require.Len(t, results, 4)
	for i, r := range results {
		require.Equal(t, kafka.OK, r.Outcome, i)
		require.Equal(t, "t", r.Topic)
	}
	require.Equal(t, int32(2), results[0].Partition)
	require.Equal(t, stamp.UnixMilli(), results[0].Timestamp.UnixMilli())
	require.Less(t, results[0].Offset, results[2].Offset, "one partition, in the order of the call")

	read := drain(t, consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}}), 4)
	byPlace := map[string]kafka.Record{}
	for _, r := range read {
		byPlace[fmt.Sprint(r.Partition, "/", r.Offset)] = r
	}
	for i, r := range results {
		got := byPlace[fmt.Sprint(r.Partition, "/", r.Offset)]
		require.Equal(t, records[i].Key, got.Key, i)
		require.Equal(t, records[i].Value, got.Value, i)
		require.Equal(t, records[i].Headers, got.Headers, i)
	}
	n, size, latencies, errs := m.written()
	require.Equal(t, 4, n)
	require.Equal(t, int64(8+(1+5+1+1+1+1+1)+1), size)
	require.NotZero(t, latencies)
	require.LessOrEqual(t, latencies, 3, "at most one per partition: each got one batch")
	require.Empty(t, errs)
}

func TestKeysGoWhereJavaPutsThem(t *testing.T) {
	t.Parallel()
	_, config := cluster(t, kfake.SeedTopics(10, "t"))
	p := producer(t, config, kafka.ProducerOptions{Topic: "t"})
	// org.apache.kafka.common.utils.Utils.toPositive(Utils.murmur2(key)) % 10
	for key, want := range map[string]int32{"foobar": 6, "21": 0, "abc": 7, "a-little-bit-long-string": 2} {
		results, err := p.Send(within(t), []kafka.Record{{Partition: kafka.AnyPartition, Key: []byte(key)}})
		require.NoError(t, err)
		require.Equal(t, want, results[0].Partition, key)
	}
}

func TestPartitionThatDoesNotExistFailsItsRecordAlone(t *testing.T) {
	t.Parallel()
	_, config := cluster(t, kfake.SeedTopics(2, "t"))
	p := producer(t, config, kafka.ProducerOptions{Topic: "t"})
	results, err := p.Send(within(t), []kafka.Record{{Partition: 1}, {Partition: 7}, {Partition: 0}})
	var failed *kafka.SendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, []int{1}, failed.Indexes)
	require.Equal(t, "INVALID_PARTITION", failed.Name)
	require.Equal(t, kafka.Failed, results[1].Outcome)
	require.Equal(t, kafka.OK, results[0].Outcome)
	require.Equal(t, kafka.OK, results[2].Outcome)
}

func TestTombstoneAndEmptyValueAreToldApart(t *testing.T) {
	t.Parallel()
	_, config := cluster(t, kfake.SeedTopics(1, "t"))
	p := producer(t, config, kafka.ProducerOptions{Topic: "t"})
	_, err := p.Send(within(t), []kafka.Record{{Value: nil}, {Value: []byte{}}})
	require.NoError(t, err)
	read := drain(t, consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}}), 2)
	require.Nil(t, read[0].Value)
	require.NotNil(t, read[1].Value)
}

func TestRecordBeyondTheBatchSizeFailsAlone(t *testing.T) {
	t.Parallel()
	_, config := cluster(t, kfake.SeedTopics(1, "t"))
	m := &meter{}
	p := producer(t, config, kafka.ProducerOptions{Topic: "t", BatchSize: 2000, Meter: m})
	records := values(10, "")
	records[4].Value = bytes.Repeat([]byte("x"), 4000)
	results, err := p.Send(within(t), records)
	var failed *kafka.SendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "MESSAGE_TOO_LARGE", failed.Name)
	require.Equal(t, []int{4}, failed.Indexes)
	require.Equal(t, kafka.Failed, results[4].Outcome)
	n, _, _, errs := m.written()
	require.Equal(t, 9, n)
	require.Equal(t, map[string]int{"MESSAGE_TOO_LARGE": 1}, errs)
}

func TestRecordBeyondTheBrokersLimitFailsAlone(t *testing.T) {
	t.Parallel()
	for _, idempotent := range []bool{true, false} {
		t.Run(fmt.Sprintf("idempotent=%v", idempotent), func(t *testing.T) {
			t.Parallel()
			c, config := cluster(t)
			require.NoError(t, c.CreateTopic("t", 2, map[string]string{"max.message.bytes": "1000"}))
			p := producer(t, config, kafka.ProducerOptions{Topic: "t", DisableIdempotence: !idempotent})
			records := values(40, "")
			for i := range records {
				records[i].Partition = int32(i % 2)
				records[i].Value = bytes.Repeat([]byte{byte(i)}, 100)
			}
			records[7].Value = bytes.Repeat([]byte("x"), 4000)
			results, err := p.Send(within(t), records)
			var failed *kafka.SendError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, "MESSAGE_TOO_LARGE", failed.Name)
			require.Equal(t, []int{7}, failed.Indexes)
			require.Equal(t, kafka.Failed, results[7].Outcome)

			read := drain(t, consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}}), 39)
			places := map[string]bool{}
			for _, r := range read {
				places[fmt.Sprint(r.Partition, r.Offset, r.Value[0])] = true
			}
			for i, r := range results {
				if i != 7 {
					require.Equal(t, kafka.OK, r.Outcome)
					require.True(t, places[fmt.Sprint(r.Partition, r.Offset, byte(i))], "record %d stands where its ack says", i)
				}
			}
		})
	}
}

func TestTopicThatDoesNotExistSaysSo(t *testing.T) {
	t.Parallel()
	_, config := cluster(t)
	p := producer(t, config, kafka.ProducerOptions{Topic: "nowhere"})
	results, err := p.Send(within(t), values(2, ""))
	var failed *kafka.SendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "UNKNOWN_TOPIC_OR_PARTITION", failed.Name)
	require.Equal(t, []int{0, 1}, failed.Indexes)
	require.ErrorContains(t, err, `topic "nowhere" does not exist and was not created`)
	require.Equal(t, kafka.Failed, results[0].Outcome, "it never entered a batch")

	_, err = p.Send(within(t), []kafka.Record{{Topic: ""}, {Topic: "nowhere"}})
	require.ErrorAs(t, err, &failed)
	require.Equal(t, []int{0, 1}, failed.Indexes)

	none := producer(t, config, kafka.ProducerOptions{})
	results, err = none.Send(within(t), values(1, ""))
	require.ErrorIs(t, err, kafka.ErrNoTopic)
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "NO_TOPIC", failed.Name)
	require.Equal(t, kafka.Failed, results[0].Outcome)
}

func TestTopicIsCreatedWhereItMayBe(t *testing.T) {
	t.Parallel()
	_, config := cluster(t, kfake.AllowAutoTopicCreation())
	p := producer(t, config, kafka.ProducerOptions{Topic: "new", AutoCreate: true})
	results, err := p.Send(within(t), values(3, ""))
	require.NoError(t, err)
	require.Equal(t, kafka.OK, results[2].Outcome)
}

func TestAcks(t *testing.T) {
	t.Parallel()
	_, config := cluster(t, kfake.SeedTopics(1, "t"))
	leader := producer(t, config, kafka.ProducerOptions{Topic: "t", Acks: "leader"})
	results, err := leader.Send(within(t), values(2, ""))
	require.NoError(t, err)
	require.Equal(t, int64(1), results[1].Offset)

	none := producer(t, config, kafka.ProducerOptions{Topic: "t", Acks: "none"})
	results, err = none.Send(within(t), values(2, ""))
	require.NoError(t, err)
	require.Equal(t, int64(-1), results[1].Offset, "nobody gave an offset")
	require.Equal(t, kafka.Unknown, results[1].Outcome)
	drain(t, consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}}), 4)
}

// A refusal proves that nothing was written only where it is the answer to the first try.
func TestRefusalIsFailedOnlyWithoutEarlierTries(t *testing.T) {
	t.Parallel()
	produce := []kmsg.Key{kmsg.Produce}
	refusal := kfake.Fault{Keys: produce, Err: kerr.TopicAuthorizationFailed}
	for name, c := range map[string]struct {
		before  []kfake.Fault
		want    kafka.Outcome
		retried bool
	}{
		"at once":                      {nil, kafka.Failed, false},
		"after a timeout that wrote":   {[]kfake.Fault{{Keys: produce, Err: kerr.RequestTimedOut}}, kafka.Unknown, true},
		"after too few replicas":       {[]kfake.Fault{{Keys: produce, Err: kerr.NotEnoughReplicasAfterAppend}}, kafka.Unknown, true},
		"after a leader that moved":    {[]kfake.Fault{{Keys: produce, Err: kerr.NotLeaderForPartition}}, kafka.Unknown, true},
		"after trouble with the disks": {[]kfake.Fault{{Keys: produce, Err: kerr.KafkaStorageError}}, kafka.Unknown, true},
	} {
		for _, idempotent := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, idempotent=%v", name, idempotent), func(t *testing.T) {
				t.Parallel()
				fake, config := cluster(t, kfake.SeedTopics(1, "t"))
				p := producer(t, config, kafka.ProducerOptions{Topic: "t", DisableIdempotence: !idempotent})
				_, err := p.Send(within(t), values(1, ""))
				require.NoError(t, err)
				require.False(t, p.Retried())
				faults := fake.Fault(append(c.before, refusal)...)
				results, err := p.Send(within(t), values(1, ""))
				require.Error(t, err)
				require.Equal(t, "TOPIC_AUTHORIZATION_FAILED", kafka.ErrorName(results[0].Err))
				require.Equal(t, c.want, results[0].Outcome)
				require.Equal(t, len(c.before)+1, faults.Hits())
				results, err = p.Send(within(t), values(1, ""))
				require.NoError(t, err, "the producer goes on")
				require.Equal(t, kafka.OK, results[0].Outcome)
			})
		}
	}
}

func TestRefusalWithSeveralUnansweredRequestsProvesNothing(t *testing.T) {
	t.Parallel()
	fake, config := cluster(t, kfake.SeedTopics(1, "t"))
	p := producer(t, config, kafka.ProducerOptions{Topic: "t", DisableIdempotence: true, InFlight: 3})
	fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidRecord})
	results, err := p.Send(within(t), values(1, ""))
	require.Error(t, err)
	require.Equal(t, kafka.Unknown, results[0].Outcome)
}

// The connection breaks after the broker wrote and before it answered: the retry finds the batch there already.
func TestLostAnswerIsRetriedAndSeen(t *testing.T) {
	t.Parallel()
	fake, config := cluster(t, kfake.SeedTopics(1, "t"))
	p := producer(t, config, kafka.ProducerOptions{Topic: "t"})
	_, err := p.Send(within(t), values(1, ""))
	require.NoError(t, err)
	fake.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		return nil, errors.New("gone"), true // kfake closes the connection
	})
	results, err := p.Send(within(t), values(1, ""))
	require.NoError(t, err)
	require.Equal(t, kafka.OK, results[0].Outcome)
	require.True(t, p.Retried())
}

func TestDuplicateWithoutOffsetIsSuspicious(t *testing.T) {
	t.Parallel()
	fake, config := cluster(t, kfake.SeedTopics(1, "t"))
	p := producer(t, config, kafka.ProducerOptions{Topic: "t"})
	fake.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		asked := req.(*kmsg.ProduceRequest)
		resp := asked.ResponseKind().(*kmsg.ProduceResponse)
		for _, rt := range asked.Topics {
			topic := kmsg.NewProduceResponseTopic()
			topic.Topic, topic.TopicID = rt.Topic, rt.TopicID
			partition := kmsg.NewProduceResponseTopicPartition()
			partition.ErrorCode, partition.BaseOffset = kerr.DuplicateSequenceNumber.Code, -1
			topic.Partitions = append(topic.Partitions, partition)
			resp.Topics = append(resp.Topics, topic)
		}
		return resp, nil, true
	})
	results, err := p.Send(within(t), values(2, ""))
	require.NoError(t, err)
	require.Equal(t, kafka.Suspicious, results[1].Outcome)
	require.Equal(t, int64(-1), results[1].Offset)
}

func TestSendReturnsWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	fake, config := cluster(t, kfake.SeedTopics(2, "t"))
	p := producer(t, config, kafka.ProducerOptions{Topic: "t"})
	_, err := p.Send(within(t), []kafka.Record{{Partition: 0}, {Partition: 1}})
	require.NoError(t, err)
	reached, release := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(release) })
	var once sync.Once
	fake.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		once.Do(func() { close(reached) })
		fake.SleepControl(func() { <-release })
		return nil, nil, false
	})
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(within(t))
	go func() { <-reached; cancel(why) }()
	results, err := p.Send(ctx, []kafka.Record{{Partition: 0}, {Partition: 1}})
	require.ErrorIs(t, err, why)
	require.Equal(t, kafka.Unknown, results[0].Outcome)
}

func TestFullBufferHoldsTheCallerBack(t *testing.T) {
	t.Parallel()
	fake, config := cluster(t, kfake.SeedTopics(1, "t"))
	p := producer(t, config, kafka.ProducerOptions{Topic: "t", MaxBuffered: 2, Linger: -1})
	_, err := p.Send(within(t), values(1, ""))
	require.NoError(t, err)
	reached, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	fake.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		once.Do(func() { close(reached) })
		fake.SleepControl(func() { <-release })
		return nil, nil, false
	})
	settled := make(chan kafka.Result, 3)
	ctx := within(t)
	records := values(3, "")
	for i := range 2 {
		p.SendAsync(ctx, records[i:i+1], func(_ int, r kafka.Result) { settled <- r })
	}
	<-reached
	impatient, cancel := context.WithCancel(ctx)
	cancel()
	refused := make(chan kafka.Result, 1)
	p.SendAsync(impatient, records[2:3], func(_ int, r kafka.Result) { refused <- r })
	got := <-refused
	require.ErrorIs(t, got.Err, context.Canceled)
	require.Equal(t, kafka.Failed, got.Outcome, "it never got into the buffer")
	close(release)
	require.NoError(t, p.Flush(ctx))
	require.Equal(t, kafka.OK, (<-settled).Outcome)
	require.Equal(t, kafka.OK, (<-settled).Outcome)
}

func TestDeliveryTimeoutEndsTheWait(t *testing.T) {
	t.Parallel()
	fake, config := cluster(t, kfake.SeedTopics(1, "t"))
	p := producer(t, config, kafka.ProducerOptions{Topic: "t", DeliveryTimeout: time.Second})
	fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
	results, err := p.Send(within(t), values(1, ""))
	var failed *kafka.SendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "RECORD_TIMEOUT", failed.Name)
	require.Equal(t, kafka.Unknown, results[0].Outcome)
}

func TestSendAsyncMeasuresAndSettlesEachOnce(t *testing.T) {
	t.Parallel()
	_, config := cluster(t, kfake.SeedTopics(4, "t"))
	m := &meter{}
	p := producer(t, config, kafka.ProducerOptions{Topic: "t", Meter: m})
	records := values(1000, "")
	results := make(chan kafka.Result, len(records))
	for i := range records {
		p.SendAsync(within(t), records[i:i+1], func(_ int, r kafka.Result) { results <- r })
	}
	require.NoError(t, p.Flush(within(t)))
	require.Len(t, results, len(records))
	n, size, latencies, _ := m.written()
	require.Equal(t, 1000, n)
	require.Equal(t, int64(2000), size)
	require.NotZero(t, latencies)
	require.Less(t, latencies, 500, "per batch, not per record")
}

func TestCloseLeavesNothingSettledAsLost(t *testing.T) {
	t.Parallel()
	_, config := cluster(t, kfake.SeedTopics(1, "t"))
	p := producer(t, config, kafka.ProducerOptions{Topic: "t", Linger: time.Minute})
	settled := make(chan kafka.Result, 1)
	p.SendAsync(within(t), []kafka.Record{{Value: []byte("v")}}, func(_ int, r kafka.Result) { settled <- r })
	require.NoError(t, p.Close())
	require.NoError(t, p.Close(), "twice is once")
	require.Equal(t, kafka.OK, (<-settled).Outcome)
	_, err := p.Send(within(t), values(1, ""))
	require.ErrorIs(t, err, kgo.ErrClientClosed)
}

func TestProducerOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]kafka.ProducerOptions{
		`acks "some": want all, leader or none`:      {Acks: "some"},
		`compression "rar": want none, gzip, snappy`: {Compression: "rar"},
		`partitioner "random": want murmur2`:         {Partitioner: "random"},
		"batchSize 10: want 1,024":                   {BatchSize: 10},
		"inFlight 2: an idempotent producer has 5":   {InFlight: 2},
		"inFlight -1: want at least 1":               {InFlight: -1},
		"maxBuffered -1: want at least 1":            {MaxBuffered: -1},
		"deliveryTimeout 1ms: want at least 1s":      {DeliveryTimeout: time.Millisecond},
		"linger 1h0m0s: want at most 1m":             {Linger: time.Hour},
	} {
		require.ErrorContains(t, o.Check(), want)
		_, err := kafka.NewProducer(kafka.Config{Brokers: []string{"127.0.0.1:1"}}, o)
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, kafka.ProducerOptions{}.Check())
	_, err := kafka.NewProducer(kafka.Config{}, kafka.ProducerOptions{})
	require.ErrorContains(t, err, "no brokers")
}
