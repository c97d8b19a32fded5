package trust

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"k6suite/extension/profile"
)

// BenchmarkProduce is the rate of tracked producing on the embedded target, four producers at a time. `k6 x suite bench`
// compares the same with a bare loop.
func BenchmarkProduce(b *testing.B) {
	p, err := profile.Load(profile.Options{File: "../../config/profiles.json"})
	require.NoError(b, err)
	target, err := OpenTarget(b.Context(), TargetOptions{Profile: p})
	require.NoError(b, err)
	defer func() { _ = target.Close() }()
	run, err := NewRun(target, Options{Script: "produce_consume", RunID: "bench", Partitions: 4, Results: b.TempDir()})
	require.NoError(b, err)
	_, err = run.Prepare(b.Context())
	require.NoError(b, err)
	for b.Loop() {
		const records = 100_000
		start := time.Now()
		var group errgroup.Group
		for vu := range int64(4) {
			group.Go(func() error {
				_, err := run.Produce(b.Context(), vu, ProduceOptions{Records: records, BatchSize: 1_000_000})
				return err
			})
		}
		require.NoError(b, group.Wait())
		b.ReportMetric(4*records/time.Since(start).Seconds(), "records/s")
	}
}
