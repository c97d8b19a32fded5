package kafkaproxy_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/kafkaproxy"
)

func TestDropIsASuccessToTheProducerAndNothingToAnybodyElse(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]kgo.Opt{"idempotent": nil, "plain": {plainProducer()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			cl := b.client(t, options...)
			send(t, cl, "t", 0, "a", "b")
			f := b.inject(t, `{"api": "Produce", "topic": "t*", "partition": 0, "action": "drop", "times": 2}`)
			first := send(t, cl, "t", 0, "c", "d")
			require.EqualValues(t, 2, first[0].Offset)
			require.EqualValues(t, 3, first[1].Offset)
			send(t, cl, "t", 1, "other partition")
			send(t, cl, "u", 0, "other topic")
			second := send(t, cl, "t", 0, "e")
			require.EqualValues(t, 4, second[0].Offset, "offsets of what is dropped go on")
			ended(t, f)
			later := send(t, cl, "t", 0, "f", "g")
			require.EqualValues(t, 2, later[0].Offset)
			sendEach(t, cl, "t", 0, "h", "i")
			require.Equal(t, []string{"a", "b", "f", "g", "h", "i"}, b.standing(t, "t", 0))
			require.Equal(t, []string{"other partition"}, b.standing(t, "t", 1))
			require.Equal(t, []string{"other topic"}, b.standing(t, "u", 0))
			require.EqualValues(t, 2, f.Hits())
			require.EqualValues(t, 3, f.Records())
			require.Equal(t, map[kafkaproxy.TopicPartition]int64{{Topic: "t", Partition: 0}: 3}, f.Touched())
		})
	}
}

func TestDropAsksForTheEndWhereNoAckHasToldOfIt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	direct := client(t, b.cluster.ListenAddrs(), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	send(t, direct, "t", 0, "a", "b", "c")
	b.inject(t, `{"api": "Produce", "action": "drop"}`)
	cl := b.client(t)
	require.EqualValues(t, 3, send(t, cl, "t", 0, "x")[0].Offset)
	require.EqualValues(t, 4, send(t, cl, "t", 0, "y")[0].Offset)
	require.EqualValues(t, 0, send(t, cl, "t", 1, "z")[0].Offset)
	require.Len(t, b.standing(t, "t", 0), 3)
}

func TestDropOfSomeRecordsLeavesTheOthers(t *testing.T) {
	t.Parallel()
	for name, codec := range map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(),
		"zstd": kgo.ZstdCompression(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			cl := b.client(t, kgo.ProducerBatchCompression(codec))
			f := b.inject(t, `{"api": "Produce", "topic": "t", "value": "^bad", "key": "key-", "action": "drop"}`)
			send(t, cl, "t", 0, "good1", "bad1", "good2", "bad2", "bad3")
			send(t, cl, "t", 0, "bad4", "bad5")
			send(t, cl, "t", 0, "good3")
			f.Stop()
			send(t, cl, "t", 0, "bad6")
			require.Equal(t, []string{"good1", "good2", "good3", "bad6"}, b.standing(t, "t", 0))
			require.EqualValues(t, 2, f.Hits())
			require.EqualValues(t, 5, f.Records())
			for _, r := range readAll(t, b.cluster.ListenAddrs(), "t", 0) {
				require.Equal(t, "key-"+string(r.Value), string(r.Key))
				require.Equal(t, []kgo.RecordHeader{{Key: "h", Value: []byte("of " + string(r.Value))}}, r.Headers)
			}
		})
	}
}

func TestDropWithManyBatchesUnderWayLosesNothingElse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"api": "Produce", "topic": "t", "partition": 0, "action": "drop", "probability": 0.3, "seed": 7}`)
	cl := b.client(t, kgo.MaxBufferedRecords(10_000), kgo.ProducerBatchMaxBytes(600))
	all := numbered("v", 2000)
	for _, v := range all {
		cl.Produce(testContext(t), message("t", 0, v), func(_ *kgo.Record, err error) { require.NoError(t, err) })
		cl.Produce(testContext(t), message("t", 1, v), func(_ *kgo.Record, err error) { require.NoError(t, err) })
	}
	require.NoError(t, cl.Flush(testContext(t)))
	left := b.standing(t, "t", 0)
	require.EqualValues(t, 2000, f.Records()+int64(len(left)), "each record is dropped, or stands once")
	require.NotZero(t, f.Records())
	require.NotEmpty(t, left)
	require.IsIncreasing(t, left)
	require.Equal(t, all, b.standing(t, "t", 1))
}

func TestDropWithoutAcks(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cl := b.client(t, plainProducer(), kgo.RequiredAcks(kgo.NoAck()))
	f := b.inject(t, `{"api": "Produce", "action": "drop", "nth": 2}`)
	sendEach(t, cl, "t", 0, "a", "b", "c", "d", "e")
	hits(t, f, 2)
	eventually(t, func() bool { return len(b.standing(t, "t", 0)) == 3 })
	require.Equal(t, []string{"a", "c", "e"}, b.standing(t, "t", 0))
}

func TestDropInATransactionLeavesTheTransaction(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cl := b.client(t, kgo.TransactionalID("x"))
	f := b.inject(t, `{"api": "Produce", "value": "lost", "action": "drop"}`)
	for _, commit := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit} {
		require.NoError(t, cl.BeginTransaction())
		send(t, cl, "t", 0, "kept", "lost")
		send(t, cl, "t", 0, "lost")
		send(t, cl, "t", 0, "kept too")
		require.NoError(t, cl.EndTransaction(testContext(t), commit))
	}
	require.EqualValues(t, 6, f.Hits())
	require.Equal(t, []string{"kept", "kept too", "kept", "kept too"},
		b.standing(t, "t", 0, kgo.FetchIsolationLevel(kgo.ReadCommitted())))
}

func TestDropForAReader(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	direct := client(t, b.cluster.ListenAddrs(), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(kgo.ZstdCompression()))
	send(t, direct, "t", 0, "a", "bad", "c")
	send(t, direct, "t", 0, "bad", "bad")
	send(t, direct, "t", 0, "f")
	f := b.inject(t, `{"api": "Fetch", "topic": "t", "value": "bad", "action": "drop"}`)
	got := readAll(t, b.proxy.Addresses(), "t", 0)
	require.Equal(t, []string{"a", "c", "f"}, valuesOf(got))
	require.EqualValues(t, 2, got[1].Offset)
	require.EqualValues(t, 5, got[2].Offset)
	require.EqualValues(t, 3, f.Records())
	f.Stop()
	require.Len(t, readAll(t, b.proxy.Addresses(), "t", 0), 6)
}
