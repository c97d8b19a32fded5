package kafka_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/kafka"
)

const benchCalls, benchRecords, benchSize = 200, 100, 200

// BenchmarkSend awaits 100 records of 200 bytes, acks=all, 200 times, first through bare franz-go and then through Producer,
// and reports the ratio of their rates.
func BenchmarkSend(b *testing.B) {
	_, config := cluster(b, kfake.SeedTopics(1, "bare", "ours"))
	value := bytes.Repeat([]byte("v"), benchSize)
	bare, err := kgo.NewClient(kgo.SeedBrokers(config.Brokers...), kgo.DefaultProduceTopic("bare"),
		kgo.ProducerBatchCompression(kgo.NoCompression()))
	require.NoError(b, err)
	defer bare.Close()
	p := producer(b, config, kafka.ProducerOptions{Topic: "ours"})
	ctx := b.Context()
	ours := func() {
		for range benchCalls {
			records := make([]kafka.Record, benchRecords)
			for i := range records {
				records[i] = kafka.Record{Partition: kafka.AnyPartition, Value: value}
			}
			_, err := p.Send(ctx, records)
			require.NoError(b, err)
		}
	}
	theirs := func() {
		for range benchCalls {
			records := make([]*kgo.Record, benchRecords)
			for i := range records {
				records[i] = &kgo.Record{Value: value}
			}
			require.NoError(b, bare.ProduceSync(ctx, records...).FirstErr())
		}
	}
	compare(b, theirs, ours)
}

// BenchmarkPoll reads 100,000 records of 200 bytes, first through bare franz-go and then through Consumer.
func BenchmarkPoll(b *testing.B) {
	const all = 100_000
	_, config := cluster(b, kfake.SeedTopics(1, "t"))
	p := producer(b, config, kafka.ProducerOptions{Topic: "t"})
	records := make([]kafka.Record, all)
	for i := range records {
		records[i] = kafka.Record{Value: bytes.Repeat([]byte("v"), benchSize)}
	}
	_, err := p.Send(b.Context(), records)
	require.NoError(b, err)
	theirs := func() {
		bare, err := kgo.NewClient(kgo.SeedBrokers(config.Brokers...), kgo.ConsumeTopics("t"))
		require.NoError(b, err)
		defer bare.Close()
		for n := 0; n < all; {
			n += bare.PollRecords(b.Context(), 500).NumRecords()
		}
	}
	ours := func() {
		r, err := kafka.NewConsumer(config, kafka.ConsumerOptions{Topics: []string{"t"}})
		require.NoError(b, err)
		defer r.Close()
		for n := 0; n < all; {
			got, err := r.Poll(b.Context(), 500, time.Second)
			require.NoError(b, err)
			n += len(got)
		}
	}
	compare(b, theirs, ours)
}

// compare runs both in turns, so that whatever else the machine does meets both alike, and reports the median of the ratios
// of their rates: 1 is as fast as bare.
func compare(b *testing.B, theirs, ours func()) {
	b.Helper()
	theirs()
	ours()
	var ratios []float64
	for b.Loop() {
		start := time.Now()
		theirs()
		middle := time.Now()
		ours()
		ratios = append(ratios, middle.Sub(start).Seconds()/time.Since(middle).Seconds())
	}
	slices.Sort(ratios)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
}
