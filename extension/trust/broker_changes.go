package trust

import (
	"context"
	"slices"

	"k6suite/extension/chaos"
	"k6suite/extension/chaos/platform"
	"k6suite/extension/contract"
)

// brokerChanges count what faults have done to brokers. The lock of the disturbances guards them.
type brokerChanges struct {
	first   int // how many ran before anything was done to them; 0: nothing controls them
	running int // how many run now, as far as the run knows
	kills   int64
	dark    bool  // none is alive
	allDead int64 // how often that came about
	starts  int64
	pauses  int64
	paused  map[int32]bool
	scaled  []int   // how many there were, from the first number on; nil: nobody scaled
	added   []int32 // by a scale
}

// count takes a change in, and is told of each once.
func (b *brokerChanges) count(c chaos.BrokerChange) {
	if b.paused == nil {
		b.paused = map[int32]bool{}
	}
	switch {
	case c.State == platform.Running && c.Added:
		b.running++
		if !slices.Contains(b.added, c.ID) {
			b.added = append(b.added, c.ID)
		}
	case c.State == platform.Running && b.paused[c.ID]:
		b.running++
		b.pauses++
		delete(b.paused, c.ID)
	case c.State == platform.Running:
		b.running++
		b.starts++
	case c.State == platform.Paused:
		b.running--
		b.paused[c.ID] = true
	default:
		b.running--
		if kills(c) {
			b.kills++
		}
		if c.AllDead && len(b.paused) == 0 && !b.dark {
			b.dark = true
			b.allDead++
		}
	}
	b.dark = b.dark && c.State != platform.Running
}

// kills says whether a broker is taken away without being asked.
func kills(c chaos.BrokerChange) bool {
	return !c.Removed && c.Handle != nil && !c.Handle.Graceful()
}

// chaos sums up what faults did, for the verdict.
func (r *Run) chaos() contract.Chaos {
	d := &r.disturbances
	d.mu.Lock()
	defer d.mu.Unlock()
	b := &d.brokers
	sum := contract.Chaos{
		Kills: b.kills, KilledAll: b.allDead, Restarts: b.starts, Pauses: b.pauses, Scaled: b.scaled,
		Excused: r.ledger.Counts().Excused,
	}
	traffic := r.brokerTraffic()
	for _, id := range b.added {
		sum.Added = append(sum.Added, contract.AddedBroker{ID: id, Requests: traffic[id]})
	}
	if d.fell && r.hasGroups() {
		sum.Rebalances = &d.rebalances
	}
	if len(b.scaled) > 0 {
		sum.Connections = &contract.Connections{Before: d.connected, During: d.reconnected}
	}
	for _, h := range r.target.faults.Handles() {
		if h.Family() != chaos.Storage {
			continue
		}
		switch h.Action() {
		case "delay", "throttle":
			sum.StorageSlowed += h.Hits()
		default:
			sum.StorageFailed += h.Hits()
		}
		if h.Outage() && h.Hits() > 0 {
			sum.Outages++
		}
	}
	return sum
}

// brokerTraffic is how many requests for records each broker got, where that can be seen.
func (r *Run) brokerTraffic() map[int32]int64 {
	requests := map[int32]int64{}
	if r.target.proxy != nil {
		for id, t := range r.target.proxy.Traffic() {
			requests[id] = t.Requests
		}
	}
	return requests
}

// hasGroups says whether consumer groups read.
func (r *Run) hasGroups() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range r.groups {
		if g.consumers.Load() {
			return true
		}
	}
	return false
}

// countBrokers asks how many brokers run before anything is done to them.
func (r *Run) countBrokers(ctx context.Context) {
	if r.target.platform == nil {
		return
	}
	brokers, err := r.target.platform.Brokers(ctx)
	if err != nil {
		return // a fault on brokers will say what is wrong
	}
	d := &r.disturbances
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range brokers {
		if b.State == platform.Running {
			d.brokers.running++
		}
	}
	d.brokers.first = d.brokers.running
}

// alone says whether there was one broker, and never another.
func (d *disturbances) alone() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.brokers.first == 1 && len(d.brokers.added) == 0
}

// faultReports say what each fault did.
func (r *Run) faultReports() []contract.FaultReport {
	var out []contract.FaultReport
	for _, h := range r.target.faults.Handles() {
		report := contract.FaultReport{
			Number: h.Number(), Spec: string(h.Spec()), Hits: h.Hits(), Took: h.Took(),
			Began: h.Began().Round(0), Ended: h.Ended().Round(0), // by the clock on the wall, as they are printed
		}
		if err := h.Err(); err != nil {
			report.Err = err.Error()
		}
		out = append(out, report)
	}
	return out
}
