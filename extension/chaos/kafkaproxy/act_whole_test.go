package kafkaproxy_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/internal/wire"
)

// outcome is what becomes of a record that is sent in the background.
func outcome(t *testing.T, cl *kgo.Client, r *kgo.Record) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	cl.Produce(context.Background(), r, func(_ *kgo.Record, err error) { done <- err })
	go cl.Flush(t.Context())
	return done
}

func got(t *testing.T, outcome <-chan error) error {
	t.Helper()
	select {
	case err := <-outcome:
		return err
	case <-testContext(t).Done():
		require.Fail(t, "no outcome")
		return nil
	}
}

func none(t *testing.T, outcome <-chan error) {
	t.Helper()
	select {
	case err := <-outcome:
		require.Fail(t, "an outcome too early", "%v", err)
	default:
	}
}

func TestDelayHoldsMessagesAndStopLetsThemGo(t *testing.T) {
	t.Parallel()
	for _, on := range []string{"request", "response"} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			cl := b.client(t)
			send(t, cl, "t", 0, "before")
			short := b.inject(t, `{"api": "Produce", "on": "`+on+`", "action": "delay", "delay": "30ms", "jitter": "10ms", "times": 2}`)
			began := time.Now()
			sendEach(t, cl, "t", 0, "a", "b")
			require.GreaterOrEqual(t, time.Since(began), 40*time.Millisecond, "twice the least that jitter allows")
			ended(t, short)
			require.EqualValues(t, 2, short.Hits())
			require.EqualValues(t, 2, short.Records())
			long := b.inject(t, `{"api": "Produce", "on": "`+on+`", "action": "delay", "delay": "10m"}`)
			waits := outcome(t, cl, message("t", 0, "c"))
			eventually(t, func() bool { return on == "request" || len(b.standing(t, "t", 0)) == 4 })
			none(t, waits)
			long.Stop()
			require.NoError(t, got(t, waits))
			require.Equal(t, []string{"before", "a", "b", "c"}, b.standing(t, "t", 0))
		})
	}
}

func TestThrottleHasBytesWait(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cl := b.client(t, kgo.ProducerBatchCompression(kgo.NoCompression()))
	f := b.inject(t, `{"api": "Produce", "action": "throttle", "bytesPerSecond": 100000}`)
	began := time.Now()
	send(t, cl, "t", 0, string(make([]byte, 10_000)))
	require.GreaterOrEqual(t, time.Since(began), 100*time.Millisecond)
	hits(t, f, 1)
	f.Stop()
	slow := b.inject(t, `{"api": "Produce", "action": "throttle", "bytesPerSecond": 1}`)
	waits := outcome(t, cl, message("t", 0, "b"))
	none(t, waits)
	slow.Stop()
	require.NoError(t, got(t, waits))
}

func TestDisconnectIsForTheClientToBear(t *testing.T) {
	t.Parallel()
	for on, stands := range map[string]int{"request": 0, "response": 1} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			cl := b.client(t, plainProducer(), kgo.RecordRetries(0))
			f := b.inject(t, `{"api": "Produce", "on": "`+on+`", "action": "disconnect", "times": 1}`)
			require.Error(t, sendRecords(t, cl, message("t", 0, "a")).FirstErr())
			ended(t, f)
			require.Len(t, b.standing(t, "t", 0), stands)
			send(t, cl, "t", 0, "b")
			require.Len(t, b.standing(t, "t", 0), stands+1)
			require.EqualValues(t, 1, f.Hits())
		})
	}
}

func TestAnIdempotentProducerGoesOnAfterDisconnects(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cl := b.client(t)
	request := b.inject(t, `{"api": "Produce", "action": "disconnect", "nth": 3}`)
	response := b.inject(t, `{"api": "Produce", "on": "response", "action": "disconnect", "nth": 4}`)
	all := numbered("v", 30)
	sendEach(t, cl, "t", 0, all...)
	require.Equal(t, all, b.standing(t, "t", 0))
	require.NotZero(t, request.Hits())
	require.NotZero(t, response.Hits())
}

func TestSwallowHangsTheConnectionUntilItEnds(t *testing.T) {
	t.Parallel()
	for on, stands := range map[string][]string{"request": {}, "response": {"a"}} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			cl := b.client(t, plainProducer(), kgo.RecordRetries(0), kgo.MaxProduceRequestsInflightPerBroker(2))
			f := b.inject(t, `{"api": "Produce", "topic": "t", "on": "`+on+`", "action": "swallow", "times": 1}`)
			first := outcome(t, cl, message("t", 0, "a"))
			hits(t, f, 1)
			second := outcome(t, cl, message("u", 0, "behind"))
			send(t, b.client(t), "t", 1, "on another connection")
			none(t, first)
			none(t, second)
			select {
			case <-f.Done():
				require.Fail(t, "the fault has ended while a connection hangs")
			default:
			}
			f.Stop()
			require.Error(t, got(t, first))
			_ = got(t, second) // it may not have been under way yet
			require.Equal(t, stands, b.standing(t, "t", 0))
			send(t, cl, "u", 0, "later")
		})
	}
}

func TestWhatComesBehindASwallowedRequestIsNotAppliedEither(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"api": "Produce", "topic": "t", "action": "swallow"}`)
	conn := dial(t, b.proxy.Addresses()[0])
	for i, topic := range []string{"u", "t", "u"} {
		_, err := conn.Write(wire.EncodeRequest(produceRequest(topic, "a"), int32(i), "raw"))
		require.NoError(t, err)
	}
	answer, err := wire.ReadFrame(conn)
	require.NoError(t, err, "what came before is answered")
	id, err := wire.Correlation(answer)
	require.NoError(t, err)
	require.Zero(t, id)
	hits(t, f, 1)
	f.Stop()
	_, err = wire.ReadFrame(conn)
	require.Error(t, err)
	require.Equal(t, []string{"a"}, b.standing(t, "u", 0))
	require.Empty(t, b.standing(t, "t", 0))
}

func produceRequest(topic, value string) *kmsg.ProduceRequest {
	request := kmsg.NewPtrProduceRequest()
	request.Version, request.Acks, request.TimeoutMillis = 9, -1, 1000
	request.Topics = []kmsg.ProduceRequestTopic{{Topic: topic, Partitions: []kmsg.ProduceRequestTopicPartition{{Records: recordOf(value)}}}}
	return request
}

func TestSwallowEndsWhenTheClientGivesUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"api": "Metadata", "action": "swallow", "times": 1}`)
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.proxy.Addresses()...))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(testContext(t))
	asked := make(chan error, 1)
	go func() { asked <- cl.ProduceSync(ctx, message("t", 0, "a")).FirstErr() }()
	hits(t, f, 1)
	cancel()
	require.Error(t, got(t, asked))
	cl.Close()
	ended(t, f)
}

func TestBlackholeLosesWhatGoesItsWay(t *testing.T) {
	t.Parallel()
	for on, stands := range map[string]bool{"": false, `"on": "request", `: false, `"on": "response", `: true} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			cl := b.client(t, plainProducer(), kgo.RecordRetries(0))
			other := b.client(t, kgo.ClientID("other"))
			send(t, cl, "t", 0, "before")
			f := b.inject(t, `{"clientId": "kgo", "topic": "t", "partition": 0, `+on+`"action": "blackhole"}`)
			waits := outcome(t, cl, message("t", 0, "a"))
			require.NoError(t, f.WaitHits(testContext(t), 1))
			send(t, other, "t", 1, "another client")
			none(t, waits)
			if stands {
				eventually(t, func() bool { return len(b.standing(t, "t", 0)) == 2 })
			}
			f.Stop()
			require.Error(t, got(t, waits))
			sendEach(t, cl, "t", 0, "b")
			want := []string{"before", "b"}
			if stands {
				want = []string{"before", "a", "b"}
			}
			require.Equal(t, want, b.standing(t, "t", 0))
		})
	}
}

func TestBlackholeSwallowsNewConnectionsToo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"action": "blackhole"}`)
	cl := b.client(t)
	waits := outcome(t, cl, message("t", 0, "a"))
	require.NoError(t, f.WaitHits(testContext(t), 1))
	none(t, waits)
	require.Equal(t, []*kafkaproxy.Fault{f}, b.proxy.Faults())
	f.Stop()
	require.Empty(t, b.proxy.Faults())
	require.NoError(t, got(t, waits))
	require.Equal(t, []string{"a"}, b.standing(t, "t", 0))
}
