package js

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"go.k6.io/k6/v2/js/modules"
	"go.k6.io/k6/v2/metrics"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
)

// kafkaMetrics are what clients and faults measure. Times are plain numbers of seconds, as the names say: k6's own time type would
// show and threshold them in milliseconds.
type kafkaMetrics struct {
	written, writeErrors, bytesOut, writeSeconds                *metrics.Metric
	read, readErrors, bytesIn, rebalances, lag, endToEndSeconds *metrics.Metric
	faultsInjected, faultActive                                 *metrics.Metric

	process *process
}

// registerMetrics registers the metrics, or finds those that another module registered. Init context only: thresholds name
// only what exists by then.
func registerMetrics(registry *metrics.Registry, p *process) (*kafkaMetrics, error) {
	m := &kafkaMetrics{process: p}
	for _, r := range []struct {
		to   **metrics.Metric
		name string
		kind metrics.MetricType
		of   metrics.ValueType
	}{
		{&m.written, "kafka_writer_message_count", metrics.Counter, metrics.Default},
		{&m.writeErrors, "kafka_writer_error_count", metrics.Counter, metrics.Default},
		{&m.bytesOut, "kafka_writer_bytes", metrics.Counter, metrics.Data},
		{&m.writeSeconds, "kafka_writer_write_seconds", metrics.Trend, metrics.Default},
		{&m.read, "kafka_reader_message_count", metrics.Counter, metrics.Default},
		{&m.readErrors, "kafka_reader_error_count", metrics.Counter, metrics.Default},
		{&m.bytesIn, "kafka_reader_bytes", metrics.Counter, metrics.Data},
		{&m.rebalances, "kafka_reader_rebalance_count", metrics.Counter, metrics.Default},
		{&m.lag, "kafka_reader_lag", metrics.Gauge, metrics.Default},
		{&m.endToEndSeconds, "kafka_end_to_end_seconds", metrics.Trend, metrics.Default},
		{&m.faultsInjected, "chaos_faults_injected", metrics.Counter, metrics.Default},
		{&m.faultActive, "chaos_fault_active", metrics.Gauge, metrics.Default},
	} {
		metric, err := registry.NewMetric(r.name, r.kind, r.of)
		if err != nil {
			return nil, fmt.Errorf("registering metric %s: %w", r.name, err)
		}
		*r.to = metric
	}
	return m, nil
}

// gathered is a kafka.Meter that keeps what it is told until a virtual user reports it: only there are k6's tags known.
type gathered struct {
	mu         sync.Mutex
	writes     []kafka.Writes
	reads      []kafka.Reads
	rebalances int
}

var _ kafka.Meter = &gathered{}

// Wrote implements kafka.Meter.
func (g *gathered) Wrote(w kafka.Writes) {
	g.mu.Lock()
	g.writes = append(g.writes, w)
	g.mu.Unlock()
}

// Read implements kafka.Meter.
func (g *gathered) Read(r kafka.Reads) {
	g.mu.Lock()
	g.reads = append(g.reads, r)
	g.mu.Unlock()
}

// Rebalanced implements kafka.Meter.
func (g *gathered) Rebalanced(kafka.Rebalance) {
	g.mu.Lock()
	g.rebalances++
	g.mu.Unlock()
}

// reporter sends samples on behalf of one call of one virtual user. It is made on the JavaScript goroutine, where the
// user's tags are those of the call, and used while the call works and where that ends.
type reporter struct {
	*kafkaMetrics
	ctx context.Context //nolint:containedctx // one call
	out chan<- metrics.SampleContainer

	mu   sync.Mutex // a call that takes long is reported on while it works
	tags metrics.TagsAndMeta
}

func (m *kafkaMetrics) reporter(vu modules.VU) *reporter {
	state := vu.State()
	state.Tags.Modify(m.process.tagPhase) // k6's own samples carry it from here on
	return &reporter{kafkaMetrics: m, ctx: vu.Context(), out: state.Samples, tags: state.Tags.GetCurrentValues()}
}

// report empties the meters into one container.
func (r *reporter) report(meters ...*gathered) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.process.tagPhase(&r.tags) // it may have changed in the call
	samples := r.process.faults.take(r)
	now := time.Now()
	add := func(metric *metrics.Metric, tags *metrics.TagSet, value float64) {
		samples = append(samples, metrics.Sample{
			TimeSeries: metrics.TimeSeries{Metric: metric, Tags: tags}, Time: now, Metadata: r.tags.Metadata, Value: value,
		})
	}
	for _, g := range meters {
		g.mu.Lock()
		writes, reads, rebalances := g.writes, g.reads, g.rebalances
		g.writes, g.reads, g.rebalances = nil, nil, 0
		g.mu.Unlock()
		for _, w := range writes {
			r.wrote(w, add)
		}
		for _, d := range reads {
			r.gotRecords(d, add)
		}
		if rebalances > 0 {
			add(r.rebalances, r.tags.Tags, float64(rebalances))
		}
	}
	if len(samples) > 0 {
		metrics.PushIfNotDone(r.ctx, r.out, samples)
	}
}

// count adds to counters, in one container.
func (r *reporter) count(values map[*metrics.Metric]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	samples, now := make(metrics.Samples, 0, len(values)), time.Now()
	for metric, value := range values {
		samples = append(samples, metrics.Sample{
			TimeSeries: metrics.TimeSeries{Metric: metric, Tags: r.tags.Tags}, Time: now, Metadata: r.tags.Metadata, Value: float64(value),
		})
	}
	metrics.PushIfNotDone(r.ctx, r.out, samples)
}

// recovered reports how long each partition took to recover, at most.
func (r *reporter) recovered(metric *metrics.Metric, all []contract.PartitionRecovery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var samples metrics.Samples
	for _, p := range all {
		if p.Recovered == 0 {
			continue
		}
		tags := r.tags.Tags.With("topic", p.Topic).With("partition", strconv.Itoa(int(p.Partition)))
		samples = append(samples, metrics.Sample{
			TimeSeries: metrics.TimeSeries{Metric: metric, Tags: tags}, Time: time.Now(), Metadata: r.tags.Metadata, Value: p.Worst,
		})
	}
	metrics.PushIfNotDone(r.ctx, r.out, samples)
}

type addSample func(*metrics.Metric, *metrics.TagSet, float64)

func (r *reporter) wrote(w kafka.Writes, add addSample) {
	if w.Records > 0 {
		add(r.written, r.tags.Tags, float64(w.Records))
		add(r.bytesOut, r.tags.Tags, float64(w.Bytes))
	}
	for _, latency := range w.Latencies {
		add(r.writeSeconds, r.tags.Tags, latency.Seconds())
	}
	for name, n := range w.Errors {
		add(r.writeErrors, r.tags.Tags.With("error", name), float64(n))
	}
}

func (r *reporter) gotRecords(d kafka.Reads, add addSample) {
	if d.Records > 0 {
		add(r.read, r.tags.Tags, float64(d.Records))
		add(r.bytesIn, r.tags.Tags, float64(d.Bytes))
		add(r.lag, r.tags.Tags, float64(d.Lag))
	}
	for _, p := range d.Partitions {
		add(r.endToEndSeconds, r.tags.Tags, p.EndToEnd.Seconds())
	}
	for name, n := range d.Errors {
		add(r.readErrors, r.tags.Tags.With("error", name), float64(n))
	}
}
