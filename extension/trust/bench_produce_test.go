package trust

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"k6suite/extension/kafka"
	"k6suite/extension/profile"
)

// BenchmarkProduce compares tracked producing on the embedded target, four producers at a time, with the same clients that send records
// of the same size without a ledger, side by side, and reports the median of the ratios of their rates. Wanted are at least 0.9.
// `k6 x suite bench` compares whole scripts with a bare loop.
func BenchmarkProduce(b *testing.B) {
	p, err := profile.Load(profile.Options{File: "../../config/profiles.json"})
	require.NoError(b, err)
	target, err := OpenTarget(b.Context(), TargetOptions{Profile: p})
	require.NoError(b, err)
	defer func() { _ = target.Close() }()
	run, err := NewRun(target, Options{Script: "produce_consume", RunID: "bench", Partitions: 4, Results: b.TempDir()})
	require.NoError(b, err)
	defer run.drain(context.Background()) // the benchmark's own context is over by then
	_, err = run.Prepare(b.Context())
	require.NoError(b, err)
	const records = 40_000
	tracked := func(vu int64) error {
		_, err := run.Produce(b.Context(), vu, ProduceOptions{Records: records, BatchSize: 1_000_000})
		return err
	}
	var clients [4]*kafka.Producer
	for i := range clients {
		clients[i], err = kafka.NewProducer(run.config(nil), kafka.ProducerOptions{BatchSize: 1_000_000, MaxBuffered: buffered})
		require.NoError(b, err)
		defer func() { _ = clients[i].Close() }()
	}
	untracked := func(vu int64) error { return sendUntracked(b, clients[vu], run.opts.Topics[0], records) }
	require.NoError(b, fourAtATime(untracked)) // connects, and warms up
	require.NoError(b, fourAtATime(tracked))
	for b.Loop() {
		var ratios, rates []float64
		for range benchRounds {
			without := timed(b, func() { require.NoError(b, fourAtATime(untracked)) })
			with := timed(b, func() { require.NoError(b, fourAtATime(tracked)) })
			ratios, rates = append(ratios, without.Seconds()/with.Seconds()), append(rates, 4*records/with.Seconds())
		}
		slices.Sort(ratios)
		slices.Sort(rates)
		b.ReportMetric(ratios[benchRounds/2], "ratio")
		b.ReportMetric(rates[benchRounds/2], "records/s")
		b.ReportMetric(0, "ns/op")
	}
}

func fourAtATime(send func(vu int64) error) error {
	var group errgroup.Group
	for vu := range int64(4) {
		group.Go(func() error { return send(vu) })
	}
	return group.Wait()
}

// sendUntracked does what Produce does, but for the ledger.
func sendUntracked(b *testing.B, client *kafka.Producer, topic string, records int) error {
	b.Helper()
	tally := newTally(records)
	for from := 0; from < records; from += handful {
		some := make([]kafka.Record, min(handful, records-from))
		headers := make([]kafka.Header, len(some))
		for i := range some {
			headers[i] = kafka.Header{Key: "k6-id", Value: make([]byte, 36)}
			some[i] = kafka.Record{Topic: topic, Partition: kafka.AnyPartition, Value: make([]byte, 200), Headers: headers[i : i+1 : i+1]}
		}
		var once sync.Once
		client.SendAsync(b.Context(), some, func(_ int, r kafka.Result) {
			if r.Err != nil {
				once.Do(func() { b.Error(r.Err) })
			}
			tally.count(0, "")
		})
	}
	select {
	case <-tally.done:
		return nil
	case <-time.After(time.Minute):
		return errors.New("the acks of a minute ago are still missing")
	}
}
