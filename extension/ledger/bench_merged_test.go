package ledger_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/internal/graph"
	"k6suite/extension/ledger"
)

// BenchmarkMerged1B judges a billion records of 50 instances as one: from the saved form of each ledger, each judged by itself, merged,
// and judged again. Wanted: 60 s, 1 GiB. Where instances share partitions, each page of a log has to be put together from all of them.
func BenchmarkMerged1B(b *testing.B) {
	const instances, partitions, batch = 50, 1000, 20
	for _, shape := range []struct {
		name string
		ledger.Many
	}{
		{"own-partitions", ledger.Many{Own: true, Batches: 50_000}},
		{"shared-partitions-10M", ledger.Many{Batches: 500}}, // and one instance reads them all
	} {
		b.Run(shape.name, func(b *testing.B) {
			for range b.N {
				m := shape.Many
				m.Instances, m.Producers, m.Partitions, m.Batch = instances, 10, partitions, batch
				judged, merged := time.Duration(0), ledger.NewMerged("bench", instances)
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				peak := uint64(0)
				for i := range instances {
					m.Instance = i
					m.Reads = m.Own || i == instances-1
					text, began := savedOf(b, m)
					runtime.GC()
					start := time.Now()
					back := &ledger.Ledger{}
					require.NoError(b, graph.Read(text, back, began))
					require.Empty(b, back.Judge(ledger.JudgeOptions{}).Findings)
					require.NoError(b, merged.Add(back))
					judged += time.Since(start)
					runtime.ReadMemStats(&after)
					peak = max(peak, after.HeapAlloc)
				}
				start := time.Now()
				all := merged.Ledger().Judge(ledger.JudgeOptions{})
				judged += time.Since(start)
				runtime.ReadMemStats(&after)
				peak = max(peak, after.HeapAlloc)
				require.Empty(b, all.Findings)
				require.Empty(b, all.Doubts)
				require.EqualValues(b, partitions*batch*m.Batches, all.Evidence.AckedFound)
				b.ReportMetric(judged.Seconds(), "s")
				b.ReportMetric(float64(all.Counts.Acked)/judged.Seconds()/1e6, "M/s")
				b.ReportMetric(float64(peak-before.HeapAlloc)/(1<<20), "MiB")
			}
		})
	}
}

// savedOf gives the saved form of an instance's ledger, and when that began.
func savedOf(b *testing.B, m ledger.Many) ([]byte, time.Time) {
	b.Helper()
	l := m.Ledger("bench")
	text, err := graph.Append(nil, l, l.Began())
	require.NoError(b, err)
	return text, l.Began()
}
