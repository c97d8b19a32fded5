package kafkaproxy_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestReorderHasTheNextRequestOvertake(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cl := b.client(t, plainProducer(), kgo.MaxProduceRequestsInflightPerBroker(5))
	send(t, cl, "t", 0, "before")
	f := b.inject(t, `{"api": "Produce", "topic": "t", "partition": 0, "action": "reorder", "times": 1}`)
	first := outcome(t, cl, message("t", 0, "a"))
	eventually(t, func() bool { // the request is on its way, so that the next record is in another one
		return cl.BufferedProduceRecords() == 1 && len(b.proxy.Faults()) == 1
	})
	send(t, b.client(t), "t", 0, "on another connection")
	second := outcome(t, cl, message("t", 0, "b"))
	require.NoError(t, got(t, second))
	require.NoError(t, got(t, first))
	hits(t, f, 1)
	ended(t, f)
	require.EqualValues(t, 1, f.Records())
	require.ElementsMatch(t, []string{"before", "on another connection", "a", "b"}, b.standing(t, "t", 0))
}

func TestAnIdempotentProducerPutsInOrderWhatWasReordered(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"api": "Produce", "topic": "t", "action": "reorder", "nth": 5}`)
	cl := b.client(t, kgo.ProducerBatchMaxBytes(600))
	all := numbered("v", 300)
	for _, v := range all {
		cl.Produce(testContext(t), message("t", 0, v), func(_ *kgo.Record, err error) { require.NoError(t, err) })
	}
	require.NoError(t, cl.Flush(testContext(t)))
	f.Stop()
	require.NotZero(t, f.Hits())
	require.Equal(t, all, b.standing(t, "t", 0))
}

func TestReorderWithNothingBehindItIsNoHit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cl := b.client(t)
	f := b.inject(t, `{"api": "Produce", "action": "reorder"}`)
	alone := outcome(t, cl, message("t", 0, "a"))
	require.NoError(t, got(t, alone))
	f.Stop()
	require.Zero(t, f.Hits())
	require.Equal(t, []string{"a"}, b.standing(t, "t", 0))
	held := b.inject(t, `{"api": "Produce", "action": "reorder"}`)
	waits := outcome(t, cl, message("t", 0, "b"))
	held.Stop()
	require.NoError(t, got(t, waits))
	gone := b.inject(t, `{"api": "Produce", "action": "reorder"}`)
	leaves, err := kgo.NewClient(kgo.SeedBrokers(b.proxy.Addresses()...))
	require.NoError(t, err)
	outcome(t, leaves, message("t", 0, "c"))
	leaves.Close()
	gone.Stop()
	require.Zero(t, held.Hits()+gone.Hits())
}
