package js

import (
	"sync"
	"time"

	"go.k6.io/k6/v2/metrics"

	"k6suite/extension/chaos"
)

// faultSamples keep what faults come to until a virtual user can report it: faults end when nobody calls.
type faultSamples struct {
	mu      sync.Mutex
	active  int
	changes []faultChange
}

// faultChange is a fault that began or ended.
type faultChange struct {
	at     time.Time
	began  bool
	action string
	active int // faults, afterwards
}

var _ chaos.Listener = &faultSamples{}

// Began implements chaos.Listener.
func (f *faultSamples) Began(h *chaos.Handle) { f.change(h, true, 1) }

// Ended implements chaos.Listener.
func (f *faultSamples) Ended(h *chaos.Handle) { f.change(h, false, -1) }

// Broker implements chaos.Listener.
func (f *faultSamples) Broker(chaos.BrokerChange) {}

func (f *faultSamples) change(h *chaos.Handle, began bool, by int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active += by
	f.changes = append(f.changes, faultChange{at: time.Now(), began: began, action: h.Action(), active: f.active})
}

// take gives the samples of what has changed since the last call.
func (f *faultSamples) take(r *reporter) metrics.Samples {
	f.mu.Lock()
	changes := f.changes
	f.changes = nil
	f.mu.Unlock()
	var samples metrics.Samples
	for _, c := range changes {
		add := func(metric *metrics.Metric, value float64) {
			samples = append(samples, metrics.Sample{
				TimeSeries: metrics.TimeSeries{Metric: metric, Tags: r.tags.Tags.With("action", c.action)},
				Time:       c.at, Metadata: r.tags.Metadata, Value: value,
			})
		}
		if c.began {
			add(r.faultsInjected, 1)
		}
		add(r.faultActive, float64(c.active))
	}
	return samples
}

// phaseTag is the tag by which samples of the phases of a run are told apart.
const phaseTag = "phase"

// tagPhase marks samples with where the run is. A script without a ledger has no run, and no phases.
func (p *process) tagPhase(tags *metrics.TagsAndMeta) {
	p.mu.Lock()
	run := p.run
	p.mu.Unlock()
	if run != nil {
		tags.SetTag(phaseTag, string(run.Phase()))
	}
}
