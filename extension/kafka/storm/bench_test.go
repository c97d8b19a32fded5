package storm_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/kafka"
	"k6suite/extension/kafka/storm"
)

// BenchmarkStorm opens connections to a server in the same process that does nothing but answer: memory is that of both sides. Where a
// process may not have the files for both sides of 10,000, it opens as many as it may.
func BenchmarkStorm(b *testing.B) {
	connections := 10_000
	for storm.Room(2*connections) != nil {
		connections -= 500
	}
	for range b.N {
		s := serve(b)
		var before, at runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		plan := s.plan(connections)
		plan.Hold = time.Second
		r, err := storm.Run(b.Context(), kafka.Config{}, plan, func(c storm.Counts) {
			if c.Open == int64(connections) {
				runtime.ReadMemStats(&at)
			}
		})
		require.NoError(b, err)
		require.Empty(b, r.Ours)
		require.Equal(b, connections, r.Stages[0].Open)
		b.ReportMetric(float64(connections), "connections")
		b.ReportMetric(r.Stages[0].Seconds, "s-to-open")
		if at.Sys > 0 {
			used := at.HeapInuse + at.StackInuse - before.HeapInuse - before.StackInuse
			b.ReportMetric(float64(used)/float64(connections), "B/connection")
		}
	}
}
