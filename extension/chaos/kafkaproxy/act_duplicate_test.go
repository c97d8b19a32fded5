package kafkaproxy_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/kafkaproxy"
)

func TestDuplicatesStandTwice(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]kgo.Opt{
		"idempotent": {kgo.ProducerBatchCompression(kgo.Lz4Compression())}, "plain": {plainProducer()},
		"without acks": {plainProducer(), kgo.RequiredAcks(kgo.NoAck())},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			cl := b.client(t, options...)
			f := b.inject(t, `{"topic": "t", "action": "duplicate", "times": 2}`)
			acked := send(t, cl, "t", 0, "a", "b")
			send(t, cl, "u", 0, "other")
			send(t, cl, "t", 0, "c")
			ended(t, f)
			send(t, cl, "t", 0, "d")
			if name != "without acks" {
				require.EqualValues(t, 0, acked[0].Offset)
				require.EqualValues(t, 1, acked[1].Offset)
			}
			eventually(t, func() bool { return len(b.standing(t, "t", 0)) == 7 })
			require.Equal(t, []string{"a", "b", "a", "b", "c", "c", "d"}, b.standing(t, "t", 0))
			require.Equal(t, []string{"other"}, b.standing(t, "u", 0))
			require.EqualValues(t, 2, f.Hits())
			require.EqualValues(t, 3, f.Records())
			require.Equal(t, map[kafkaproxy.TopicPartition]int64{{Topic: "t", Partition: 0}: 3}, f.Touched())
		})
	}
}

func TestDuplicateOfSomeRecords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"key": "^key-x", "action": "duplicate"}`)
	cl := b.client(t, kgo.ProducerBatchCompression(kgo.GzipCompression()))
	send(t, cl, "t", 0, "a", "x1", "b", "x2")
	send(t, cl, "t", 0, "c")
	require.Equal(t, []string{"a", "x1", "b", "x2", "x1", "x2", "c"}, b.standing(t, "t", 0))
	hits(t, f, 1)
	require.EqualValues(t, 2, f.Records())
}

func TestDuplicatesOfAnAbortedTransactionStandOutsideOfIt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"action": "duplicate"}`)
	cl := b.client(t, kgo.TransactionalID("x"))
	require.NoError(t, cl.BeginTransaction())
	send(t, cl, "t", 0, "a")
	require.NoError(t, cl.EndTransaction(testContext(t), kgo.TryAbort))
	require.Equal(t, []string{"a"}, b.standing(t, "t", 0, kgo.FetchIsolationLevel(kgo.ReadCommitted())))
	require.Equal(t, []string{"a", "a"}, b.standing(t, "t", 0))
	hits(t, f, 1)
}

func TestDuplicatesOfManyBatchesUnderWay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"topic": "t", "partition": 1, "action": "duplicate", "nth": 3}`)
	cl := b.client(t, kgo.ProducerBatchMaxBytes(600))
	all := numbered("v", 500)
	for _, v := range all {
		cl.Produce(testContext(t), message("t", 0, v), func(_ *kgo.Record, err error) { require.NoError(t, err) })
		cl.Produce(testContext(t), message("t", 1, v), func(_ *kgo.Record, err error) { require.NoError(t, err) })
	}
	require.NoError(t, cl.Flush(testContext(t)))
	f.Stop()
	require.Equal(t, all, b.standing(t, "t", 0))
	count := map[string]int{}
	for _, v := range b.standing(t, "t", 1) {
		count[v]++
	}
	doubled := 0
	for _, v := range all {
		require.Contains(t, []int{1, 2}, count[v])
		doubled += count[v] - 1
	}
	require.EqualValues(t, f.Records(), doubled)
	require.NotZero(t, doubled)
}
