package trust

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/embedded"
	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

const (
	benchTopic      = "bench"
	benchPartitions = 4
	benchRecords    = 1_000_000
	benchRounds     = 5
)

// BenchmarkFinalRead compares a final read with a bare franz-go consume of the same log, side by side, and reports the
// median of the ratios of their rates: 1 is as fast as bare. Wanted are at least 0.7 on the embedded target, and 0.9 on Apache Kafka,
// which is measured too where K6SUITE_BENCH_KAFKA has the addresses of its brokers.
func BenchmarkFinalRead(b *testing.B) {
	b.Run("embedded", func(b *testing.B) {
		cluster, err := embedded.Start(b.Context(), embedded.Options{Brokers: 3})
		require.NoError(b, err)
		defer func() { _ = cluster.Close() }()
		benchFinalRead(b, kafka.Config{Brokers: cluster.Bootstrap()})
	})
	if brokers := os.Getenv("K6SUITE_BENCH_KAFKA"); brokers != "" {
		b.Run("kafka", func(b *testing.B) { benchFinalRead(b, kafka.Config{Brokers: strings.Split(brokers, ",")}) })
	}
}

func benchFinalRead(b *testing.B, cfg kafka.Config) {
	b.Helper()
	admin, err := kafka.NewAdmin(cfg)
	require.NoError(b, err)
	defer func() { _ = admin.Close() }()
	require.NoError(b, admin.CreateTopic(b.Context(), kafka.TopicSpec{Topic: benchTopic, Partitions: benchPartitions}))
	defer func() { _ = admin.DeleteTopics(context.Background(), benchTopic) }()
	l := fillLog(b, cfg)
	for b.Loop() {
		var ratios []float64
		for range benchRounds {
			bare := timed(b, func() { consumeBare(b, cfg) })
			tracked := timed(b, func() {
				require.NoError(b, readAll(b.Context(), cfg, l, "final", []string{benchTopic}, 0, time.Minute))
			})
			ratios = append(ratios, bare.Seconds()/tracked.Seconds())
		}
		slices.Sort(ratios)
		b.ReportMetric(ratios[benchRounds/2], "ratio")
		b.ReportMetric(0, "ns/op")
	}
}

func timed(b *testing.B, work func()) time.Duration {
	b.Helper()
	start := time.Now()
	work()
	return time.Since(start)
}

// fillLog writes tracked records of 200 bytes and gives the ledger that knows them.
func fillLog(b *testing.B, cfg kafka.Config) *ledger.Ledger {
	b.Helper()
	l := ledger.New(ledger.Options{Run: "bench"})
	l.Own(benchTopic)
	var ids [4]*ledger.Producer // as of four virtual users
	for i := range ids {
		ids[i] = l.NewProducer(ledger.ProducerOptions{Name: "bench", Idempotent: true, Ordered: true})
	}
	client, err := kafka.NewProducer(cfg, kafka.ProducerOptions{})
	require.NoError(b, err)
	for i := range benchRecords {
		made := ids[i/100%len(ids)].Make(nil, 200)
		record := kafka.Record{Topic: benchTopic, Partition: kafka.AnyPartition, Value: made.Value, Headers: toClient(made.Headers)}
		client.SendAsync(b.Context(), []kafka.Record{record}, func(_ int, r kafka.Result) {
			tp := ledger.TopicPartition{Topic: r.Topic, Partition: r.Partition}
			l.Settle(ledger.Outcome{Serial: made.Serial, Kind: ledger.Acked, TP: tp, Offset: r.Offset, At: time.Now()})
		})
	}
	require.NoError(b, client.Flush(b.Context()))
	require.NoError(b, client.Close())
	require.EqualValues(b, benchRecords, l.Counts().Acked)
	return l
}

func consumeBare(b *testing.B, cfg kafka.Config) {
	b.Helper()
	from := map[int32]kgo.Offset{}
	for p := range int32(benchPartitions) {
		from[p] = kgo.NewOffset().AtStart()
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(cfg.Brokers...), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{benchTopic: from}))
	require.NoError(b, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	for got := 0; got < benchRecords; {
		fetches := client.PollFetches(ctx)
		require.NoError(b, fetches.Err(), "after %d records", got)
		got += fetches.NumRecords()
	}
}
