package kafkaproxy_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

func TestReorderHasTheNextRequestOvertake(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"api": "Produce", "topic": "t", "partition": 0, "action": "reorder", "times": 1}`)
	conn := dial(t, b.proxy.Addresses()[0])
	for i, r := range []*kmsg.ProduceRequest{
		produceRequest("t", "a"), produceRequest("u", "elsewhere"), produceRequest("t", "b"), produceRequest("t", "c"),
	} {
		_, err := conn.Write(wire.EncodeRequest(r, int32(i), "raw"))
		require.NoError(t, err)
	}
	for i := range int32(4) {
		answer, err := wire.ReadFrame(conn)
		require.NoError(t, err)
		id, err := wire.Correlation(answer)
		require.NoError(t, err)
		require.Equal(t, i, id, "answers stay in order")
	}
	hits(t, f, 1)
	ended(t, f)
	require.EqualValues(t, 1, f.Records())
	stand := b.standing(t, "t", 0)
	require.ElementsMatch(t, []string{"a", "b", "c"}, stand)
	require.Equal(t, "b", stand[0])
	require.Equal(t, []string{"elsewhere"}, b.standing(t, "u", 0))
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
