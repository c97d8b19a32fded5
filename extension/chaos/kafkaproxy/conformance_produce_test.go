package kafkaproxy_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
)

func produceBehaviours() []behaviour {
	return []behaviour{
		{name: "produce, acks of all", run: produceWith()},
		{name: "produce, acks of the leader", run: produceWith(kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())},
		{name: "produce without acks", run: produceWithoutAcks},
		{name: "produce, idempotent, many requests in flight", run: produceManyInFlight},
		{name: "produce with every compression", run: produceCompressed},
		{name: "produce what is too large", run: produceTooLarge},
		{name: "old clients produce, fetch and form groups", run: oldClients},
	}
}

func produceWith(options ...kgo.Opt) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		topic := w.topic(t, 6)
		sent := w.produce(t, w.client(t, options...), spread(topic, 6, 20)...)
		requireSame(t, sent, w.poll(t, w.client(t, kgo.ConsumeTopics(topic)), len(sent)))
	}
}

func produceWithoutAcks(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 6)
	sent := w.produce(t, w.client(t), spread(topic, 6, 1)...) // acked: a leader that is not ready yet would lose the others in silence
	cl := w.client(t, kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	sent = append(sent, w.produce(t, cl, spread(topic, 6, 20)...)...)
	sent = append(sent, w.produce(t, cl, spread(topic, 6, 1)...)...) // a connection goes on being used after requests that have no response
	require.Equal(t, values(sent), values(w.poll(t, w.client(t, kgo.ConsumeTopics(topic)), len(sent))))
}

// produceManyInFlight has small batches for partitions of all brokers on their way at once: none may overtake another.
func produceManyInFlight(t *testing.T, w *world) {
	t.Helper()
	const partitions, each = 12, 150
	topic := w.topic(t, partitions)
	cl := w.client(t, kgo.ProducerBatchMaxBytes(512), kgo.ProducerLinger(0))
	sent := spread(topic, partitions, each)
	var acks sync.WaitGroup
	for _, r := range sent {
		acks.Add(1)
		cl.Produce(w.context(t), r, func(_ *kgo.Record, err error) {
			defer acks.Done()
			if err != nil {
				t.Errorf("a record was not acked: %v", err)
			}
		})
	}
	acks.Wait()
	for i, r := range sent {
		require.EqualValues(t, i/partitions, r.Offset)
	}
	requireSame(t, sent, w.read(t, topic))
}

func produceCompressed(t *testing.T, w *world) {
	t.Helper()
	for kind, codec := range map[uint8]kgo.CompressionCodec{
		0: kgo.NoCompression(), 1: kgo.GzipCompression(), 2: kgo.SnappyCompression(), 3: kgo.Lz4Compression(), 4: kgo.ZstdCompression(),
	} {
		topic := w.topic(t, 3)
		cl := w.client(t, kgo.ProducerBatchCompression(codec))
		for range 2 { // a client that has a connection already sends all records of a partition in one batch
			w.produce(t, cl, spread(topic, 3, 100)...)
		}
		got := w.read(t, topic)
		require.Len(t, got, 600)
		kinds := map[uint8]int{}
		for _, r := range got {
			kinds[r.Attrs.CompressionType()]++
		}
		require.Positive(t, kinds[kind])
		delete(kinds, kind)
		delete(kinds, 0) // batches of so few records, on a busy machine, that they do not become smaller
		require.Empty(t, kinds)
	}
}

func produceTooLarge(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 1)
	admin := w.admin(t)
	limit := "2000"
	altered, err := admin.AlterTopicConfigs(w.context(t), []kadm.AlterConfig{{Name: "max.message.bytes", Value: &limit}}, topic)
	require.NoError(t, err)
	require.NoError(t, altered[0].Err)
	cl := w.client(t, kgo.ProducerBatchCompression(kgo.NoCompression()))
	large := &kgo.Record{Topic: topic, Value: make([]byte, 4000)}
	require.Eventually(t, func() bool { // brokers learn of configurations in their own time
		return cl.ProduceSync(w.context(t), large).FirstErr() != nil
	}, patience, pace)
	require.ErrorIs(t, cl.ProduceSync(w.context(t), large).FirstErr(), kerr.MessageTooLarge)
	w.produce(t, cl, &kgo.Record{Topic: topic, Value: []byte("small")})
}

func oldClients(t *testing.T, w *world) {
	t.Helper()
	for _, versions := range []*kversion.Versions{
		kversion.V1_0_0(), kversion.V2_0_0(), kversion.V2_8_0(), kversion.V3_6_0(), kversion.Stable(), kversion.Tip(),
	} {
		topic, old := w.topic(t, 4), kgo.MaxVersions(versions)
		sent := w.produce(t, w.client(t, old), spread(topic, 4, 10)...)
		requireSame(t, sent, w.read(t, topic, old))
		group := w.group()
		member := w.client(t, old, kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit())
		requireSame(t, sent, w.poll(t, member, len(sent)))
		require.NoError(t, member.CommitUncommittedOffsets(w.context(t)))
		requireLag(t, w, group, 0, topic)
	}
}
