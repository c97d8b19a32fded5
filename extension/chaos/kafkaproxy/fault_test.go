package kafkaproxy_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/kafkaproxy"
)

func TestTheSameSeedDecidesTheSame(t *testing.T) {
	t.Parallel()
	all := numbered("v", 60)
	left := func(extra string) []string {
		b := newBench(t)
		b.inject(t, `{"api": "Produce", "action": "drop", "probability": 0.4`+extra+`}`)
		sendEach(t, b.client(t), "t", 0, all...)
		return b.standing(t, "t", 0)
	}
	first := left("")
	require.NotEmpty(t, first)
	require.Less(t, len(first), len(all))
	require.Equal(t, first, left(`, "seed": 1`))
	require.NotEqual(t, first, left(`, "seed": 2`))
}

func TestNthAndTimes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"api": "Produce", "topic": "t", "action": "drop", "nth": 3, "times": 2}`)
	require.Equal(t, []*kafkaproxy.Fault{f}, b.proxy.Faults())
	require.EqualValues(t, 1, f.ID())
	require.EqualValues(t, 3, f.Rule().Nth)
	require.True(t, f.Ended().IsZero())
	all := numbered("v", 12)
	sendEach(t, b.client(t), "t", 0, all...)
	require.Equal(t, except(all, all[2], all[5]), b.standing(t, "t", 0))
	ended(t, f)
	require.Empty(t, b.proxy.Faults())
	require.False(t, f.Ended().Before(f.Began()))
	f.Stop()
	f.Stop()
	require.EqualValues(t, 2, f.Hits())
}

func TestAFaultEndsByItself(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"action": "delay", "delay": "10m", "for": "20ms"}`)
	send(t, b.client(t), "t", 0, "a")
	ended(t, f)
	require.GreaterOrEqual(t, f.Ended().Sub(f.Began()), 20*time.Millisecond)
}

func TestWhoWaitsForHitsLearnsOfThemAndOfTheEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"api": "Produce", "action": "delay", "delay": "1us"}`)
	require.NoError(t, f.WaitHits(testContext(t), 0))
	waited := make(chan error, 1)
	go func() { waited <- f.WaitHits(context.Background(), 2) }()
	cl := b.client(t)
	send(t, cl, "t", 0, "a")
	none(t, waited)
	send(t, cl, "t", 0, "b")
	require.NoError(t, got(t, waited))
	go func() { waited <- f.WaitHits(context.Background(), 3) }()
	f.Stop()
	require.ErrorContains(t, got(t, waited), "ended after 2 of 3 hits")
	require.NoError(t, f.WaitHits(testContext(t), 2))
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	idle := b.inject(t, `{"api": "Fetch", "action": "delay", "delay": "1us"}`)
	require.ErrorIs(t, idle.WaitHits(ctx, 1), context.Canceled)
}

func TestFaultsEndWithTheProxy(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cl := b.client(t, plainProducer(), kgo.RecordRetries(0), kgo.RequestRetries(0), kgo.RecordDeliveryTimeout(time.Second))
	send(t, cl, "t", 0, "a")
	delay := b.inject(t, `{"api": "Produce", "action": "delay", "delay": "10m"}`)
	swallow := b.inject(t, `{"api": "Fetch", "action": "swallow"}`)
	waits := outcome(t, cl, message("t", 0, "b"))
	reads := b.client(t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {0: kgo.NewOffset().At(0)}}))
	go reads.PollFetches(testContext(t))
	hits(t, swallow, 1)
	require.NoError(t, b.proxy.Close())
	ended(t, delay)
	ended(t, swallow)
	require.Error(t, got(t, waits))
	_, err := b.proxy.Inject(delay.Rule())
	require.ErrorContains(t, err, "closed")
}

func TestSeveralFaultsActOneAfterTheOther(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	dropped := b.inject(t, `{"api": "Produce", "partition": 0, "action": "drop", "nth": 2}`)
	doubled := b.inject(t, `{"api": "Produce", "partition": 0, "action": "duplicate", "nth": 2}`)
	held := b.inject(t, `{"api": "Produce", "action": "delay", "delay": "1ms"}`)
	sendEach(t, b.client(t), "t", 0, "a", "b", "c", "d", "e", "f")
	for _, f := range []*kafkaproxy.Fault{dropped, doubled, held} {
		f.Stop()
	}
	require.Equal(t, []string{"a", "c", "c", "e"}, b.standing(t, "t", 0))
	require.EqualValues(t, 3, dropped.Hits())
	require.EqualValues(t, 1, doubled.Hits())
	require.EqualValues(t, 6, held.Hits())
}
