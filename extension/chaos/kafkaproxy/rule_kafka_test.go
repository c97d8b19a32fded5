package kafkaproxy_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/kafkaproxy"
)

// TestRulesOnApacheKafka has a broker judge what rules make of batches who checks more than kfake does.
func TestRulesOnApacheKafka(t *testing.T) {
	t.Parallel()
	addresses := os.Getenv(realBrokers)
	if addresses == "" {
		t.Skipf("%s names no Kafka: make kafka-up, and set it to what is in .run/kafka/address", realBrokers)
	}
	brokers := strings.Split(addresses, ",")
	for _, single := range []bool{false, true} {
		t.Run(fmt.Sprintf("single endpoint %v", single), func(t *testing.T) {
			t.Parallel()
			for name, judge := range map[string]func(*testing.T, *realBench){
				"drop": dropOnKafka, "drop some": dropSomeOnKafka, "drop in transactions": dropInTransactionsOnKafka,
				"duplicate": duplicateOnKafka, "corrupt": corruptOnKafka, "drop for a reader": dropForReaderOnKafka,
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					topic := fmt.Sprintf("rules-%v-%s-%d", single, strings.ReplaceAll(name, " ", "-"), os.Getpid())
					admin := kadm.NewClient(client(t, brokers))
					_, err := admin.CreateTopic(testContext(t), 1, 1, nil, topic)
					require.NoError(t, err)
					proxy := start(t, kafkaproxy.Options{Brokers: brokers, SingleEndpoint: single})
					judge(t, &realBench{bench: &bench{proxy: proxy}, brokers: brokers, topic: topic})
					_, err = admin.DeleteTopics(testContext(t), topic)
					require.NoError(t, err)
				})
			}
		})
	}
}

type realBench struct {
	*bench
	brokers []string
	topic   string
}

func (b *realBench) stands(t *testing.T, options ...kgo.Opt) []string {
	t.Helper()
	return valuesOf(readAll(t, b.brokers, b.topic, 0, options...))
}

func dropOnKafka(t *testing.T, b *realBench) {
	t.Helper()
	f := b.inject(t, `{"api": "Produce", "topic": "rules-*", "action": "drop", "probability": 0.3}`)
	cl := client(t, b.proxy.Addresses(), kgo.ProducerBatchMaxBytes(600), kgo.DefaultProduceTopic(b.topic))
	all := numbered("v", 1000)
	for _, v := range all {
		cl.Produce(testContext(t), kgo.StringRecord(v), func(_ *kgo.Record, err error) { require.NoError(t, err) })
	}
	require.NoError(t, cl.Flush(testContext(t)))
	f.Stop()
	require.NoError(t, cl.ProduceSync(testContext(t), kgo.StringRecord("w")).FirstErr())
	left := b.stands(t)
	require.EqualValues(t, 1001, f.Records()+int64(len(left)))
	require.NotZero(t, f.Records())
	require.IsIncreasing(t, left)
}

func dropSomeOnKafka(t *testing.T, b *realBench) {
	t.Helper()
	f := b.inject(t, `{"api": "Produce", "value": "^bad", "action": "drop"}`)
	for _, codec := range []kgo.CompressionCodec{
		kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression(),
	} {
		cl := b.client(t, kgo.ProducerBatchCompression(codec))
		send(t, cl, b.topic, 0, "bad", "good", "bad", "good")
		send(t, cl, b.topic, 0, "bad")
		send(t, cl, b.topic, 0, "good")
	}
	require.EqualValues(t, 15, f.Records())
	left := b.stands(t)
	require.Len(t, left, 15)
	require.NotContains(t, left, "bad")
}

func dropInTransactionsOnKafka(t *testing.T, b *realBench) {
	t.Helper()
	b.inject(t, `{"api": "Produce", "value": "lost", "action": "drop"}`)
	cl := b.client(t, kgo.TransactionalID(b.topic))
	for range 3 {
		require.NoError(t, cl.BeginTransaction())
		send(t, cl, b.topic, 0, "kept", "lost")
		send(t, cl, b.topic, 0, "lost")
		send(t, cl, b.topic, 0, "kept too")
		require.NoError(t, cl.EndTransaction(testContext(t), kgo.TryCommit))
	}
	require.Len(t, b.stands(t, kgo.FetchIsolationLevel(kgo.ReadCommitted())), 6)
}

func duplicateOnKafka(t *testing.T, b *realBench) {
	t.Helper()
	f := b.inject(t, `{"action": "duplicate", "nth": 2}`)
	sendEach(t, b.client(t), b.topic, 0, "a", "b", "c", "d", "e")
	require.Equal(t, []string{"a", "b", "b", "c", "d", "d", "e"}, b.stands(t))
	require.EqualValues(t, 2, f.Records())
}

func corruptOnKafka(t *testing.T, b *realBench) {
	t.Helper()
	value := b.inject(t, `{"api": "Produce", "action": "corrupt", "times": 1}`)
	cl := b.client(t, plainProducer(), kgo.RecordRetries(0))
	send(t, cl, b.topic, 0, "aaaa")
	ended(t, value)
	checksum := b.inject(t, `{"api": "Produce", "action": "corrupt", "what": "checksum", "times": 1}`)
	require.ErrorIs(t, sendRecords(t, cl, message(b.topic, 0, "bbbb")).FirstErr(), kerr.CorruptMessage)
	ended(t, checksum)
	left := b.stands(t)
	require.Len(t, left, 1)
	require.NotEqual(t, "aaaa", left[0])
}

func dropForReaderOnKafka(t *testing.T, b *realBench) {
	t.Helper()
	send(t, b.client(t), b.topic, 0, "a", "bad", "c")
	send(t, b.client(t), b.topic, 0, "bad")
	send(t, b.client(t), b.topic, 0, "d")
	b.inject(t, `{"api": "Fetch", "value": "bad", "action": "drop"}`)
	require.Equal(t, []string{"a", "c", "d"}, valuesOf(readAll(t, b.proxy.Addresses(), b.topic, 0)))
}
