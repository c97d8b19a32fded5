package js

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
	"go.k6.io/k6/v2/js/modules"
	"go.k6.io/k6/v2/metrics"

	"k6suite/extension/kafka/storm"
	"k6suite/extension/trust"
)

// registerStorm registers what storms measure.
func (m *trustMetrics) registerStorm(vu modules.VU, registry *metrics.Registry) {
	for name, r := range map[string]struct {
		to   **metrics.Metric
		kind metrics.MetricType
	}{
		"storm_connections":   {&m.stormOpen, metrics.Gauge},
		"storm_attempt_count": {&m.stormTried, metrics.Counter},
		"storm_open_seconds":  {&m.stormSeconds, metrics.Trend},
	} {
		metric, err := registry.NewMetric(name, r.kind)
		if err != nil {
			common.Throw(vu.Runtime(), fmt.Errorf("registering metric %s: %w", name, err))
		}
		*r.to = metric
	}
}

// stormer has another process of this program open the connections of storms: their descriptors and memory are not to be those of this
// one, in which the embedded target is.
func (p *process) stormer() trust.Stormer {
	environ := slices.Clone(p.environ)
	return func(ctx context.Context, plan storm.Plan, watch func(storm.Counts)) (storm.Report, error) {
		program, err := os.Executable()
		if err != nil {
			return storm.Report{}, fmt.Errorf("storm: finding this program: %w", err)
		}
		return storm.Command{Path: program, Args: []string{"x", "suite", "storm"}, Env: environ}.Run(ctx, plan, watch)
	}
}

// storm opens very many connections while traffic goes on.
func (l *ledger) storm(value sobek.Value) *sobek.Promise {
	plan, err := l.readStorm(value)
	return l.async(func(ctx context.Context, run *trust.Run, to *reporter) (any, error) {
		if err != nil {
			return nil, err
		}
		seen := stormSamples{metrics: l.metrics, to: to}
		report, err := run.Storm(ctx, plan, seen.saw)
		if err != nil {
			return nil, err
		}
		seen.ended(report)
		return struct {
			storm.Report
			Stopped string `json:"stopped"`
		}{report, l.stopped()}, nil
	})
}

func (l *ledger) readStorm(value sobek.Value) (storm.Plan, error) {
	plan := storm.Plan{Over: time.Minute, Hold: 5 * time.Second, Churn: 0.02, HalfOpen: 0.01, Slow: 0.01, Seed: 1}
	o := readOptions(l.vu.Runtime(), "storm", value)
	o.wholes("connections", &plan.Stages, 1, 1_000_000)
	o.duration("over", &plan.Over)
	o.duration("hold", &plan.Hold)
	o.duration("beat", &plan.Beat)
	o.part("churn", &plan.Churn)
	o.part("halfOpen", &plan.HalfOpen)
	o.part("slow", &plan.Slow)
	whole(o, "seed", &plan.Seed, 0, 1<<53-1)
	if err := o.done(); err != nil {
		return plan, err
	}
	switch {
	case len(plan.Stages) == 0:
		return plan, fmt.Errorf("%s: connections is missing", o.of)
	case !slices.IsSorted(plan.Stages):
		return plan, fmt.Errorf("%s: connections must be in ascending order, not %v", o.of, plan.Stages)
	case plan.Over == 0:
		return plan, fmt.Errorf("%s: over must be more than 0", o.of)
	}
	return plan, nil
}

// stormSamples makes samples of how a storm stands.
type stormSamples struct {
	metrics trustMetrics
	to      *reporter

	mu  sync.Mutex
	was storm.Counts
}

func (s *stormSamples) saw(now storm.Counts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := s.was
	s.was = now
	values := []stormSample{{metric: s.metrics.stormOpen, value: float64(now.Open)}}
	for outcome, n := range map[string]int64{
		"accepted": now.Accepted - since.Accepted, "refused": now.Refused - since.Refused, "timed out": now.TimedOut - since.TimedOut,
		"reset": now.Reset - since.Reset, "closed": now.Closed - since.Closed, "failed": now.Failed - since.Failed,
		"ours": now.Ours - since.Ours,
	} {
		if n > 0 {
			values = append(values, stormSample{s.metrics.stormTried, "outcome", outcome, float64(n)})
		}
	}
	s.to.tagged(values)
}

// ended tells how long the stages took.
func (s *stormSamples) ended(r storm.Report) {
	values := make([]stormSample, 0, len(r.Stages))
	for _, stage := range r.Stages {
		values = append(values, stormSample{s.metrics.stormSeconds, "connections", fmt.Sprint(stage.Asked), stage.Seconds})
	}
	s.to.tagged(values)
}

// stormSample is one value, with a tag of its own unless that has no name.
type stormSample struct {
	metric  *metrics.Metric
	tag, of string
	value   float64
}

// tagged sends samples in one container, in the phase in which the run is.
func (r *reporter) tagged(values []stormSample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.process.tagPhase(&r.tags)
	samples, now := make(metrics.Samples, 0, len(values)), time.Now()
	for _, v := range values {
		tags := r.tags.Tags
		if v.tag != "" {
			tags = tags.With(v.tag, v.of)
		}
		samples = append(samples, metrics.Sample{
			TimeSeries: metrics.TimeSeries{Metric: v.metric, Tags: tags}, Time: now, Metadata: r.tags.Metadata, Value: v.value,
		})
	}
	metrics.PushIfNotDone(r.ctx, r.out, samples)
}
