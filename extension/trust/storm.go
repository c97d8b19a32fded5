package trust

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
	"k6suite/extension/kafka/storm"
	"k6suite/extension/ledger"
	"k6suite/extension/profile"
)

// Stormer opens the connections of a storm: [storm.Command.Run], or in this process.
type Stormer func(ctx context.Context, plan storm.Plan, watch func(storm.Counts)) (storm.Report, error)

// StormConfig says how connections of a storm on a profile's target are made; the plan has the addresses.
func StormConfig(p *profile.Profile) kafka.Config { return clientConfig(p, nil) }

// stormHere storms in this process.
func stormHere(cfg kafka.Config) Stormer {
	return func(ctx context.Context, plan storm.Plan, watch func(storm.Counts)) (storm.Report, error) {
		return storm.Run(ctx, cfg, plan, watch)
	}
}

// storms is what storms of the run found out beyond what the ledger judges.
type storms struct {
	mu       sync.Mutex
	measured *contract.Storm
	notes    []string
}

// lateAfter is how long a process that opens connections may not get to run before time-outs may be its own.
const lateAfter = 2.0

// Storm opens very many connections, as the plan says, while traffic goes on, closes them, and looks whether the target has then given
// back what it held for them. What the plan leaves open comes from the profile.
func (r *Run) Storm(ctx context.Context, plan storm.Plan, watch func(storm.Counts)) (storm.Report, error) {
	if !r.scenario.JudgesRequirement(stormRequirement) {
		return storm.Report{}, fmt.Errorf("storm: %s does not judge %s", r.opts.Script, stormRequirement)
	}
	if err := r.opts.needsOneInstance("storms"); err != nil {
		return storm.Report{}, err
	}
	if r.Stopped() != nil {
		return storm.Report{Stages: []storm.Stage{}}, nil
	}
	ctx, done, err := r.whileTraffic(ctx)
	if err != nil {
		return storm.Report{}, err
	}
	defer done()
	plan.Addresses, plan.Again, plan.TLS = r.target.Kafka.Brokers, true, r.target.Kafka.TLS
	if err := r.target.room(plan); err != nil {
		r.blameless(err.Error())
		return storm.Report{Stages: []storm.Stage{}, Ours: err.Error()}, nil
	}
	look := r.target.holdings(ctx)
	look.allow(slices.Max(append(slices.Clone(plan.Stages), 0)))
	acked, over := r.acked.Load(), r.stormBegins()
	report, err := r.whileLooking(ctx, look, plan, watch)
	acked = r.acked.Load() - acked
	over()
	if err != nil {
		return report, err
	}
	if ctx.Err() == nil {
		r.await(ctx, look)
		r.tellStorm(report, look, acked)
	}
	return report, nil
}

const stormRequirement = "NFR3.4"

// stormBegins has the ledger and the samples know that something is going on. Nothing is excused: no client may notice.
func (r *Run) stormBegins() (over func()) {
	healed := r.ledger.Disturb(ledger.NoErrors)
	if p := r.Phase(); p == Baseline || p == Recovery {
		r.enter(Disturbed)
	}
	return func() {
		healed()
		d := &r.disturbances
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.active) == 0 && r.Phase() == Disturbed {
			r.enter(Recovery)
		}
	}
}

// whileLooking storms, and looks now and then at what the target holds.
func (r *Run) whileLooking(ctx context.Context, look *holdings, plan storm.Plan, watch func(storm.Counts)) (storm.Report, error) {
	looking, stop := context.WithCancel(ctx)
	var looks sync.WaitGroup
	looks.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				look.more(looking)
			case <-looking.Done():
				return
			}
		}
	})
	report, err := r.target.storm(ctx, plan, watch)
	stop()
	looks.Wait()
	return report, err
}

// await looks until what was held is back, or the bound is over.
func (r *Run) await(ctx context.Context, look *holdings) {
	const every = 250 * time.Millisecond
	end := time.Now().Add(look.within)
	for !look.back(ctx) && time.Now().Before(end) {
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return
		}
	}
}

// tellStorm hands over what came of it to who judges.
func (r *Run) tellStorm(report storm.Report, look *holdings, acked int64) {
	promised := r.target.Profile.Limits.Connections
	seen := ledger.Storm{Promised: promised, Late: report.Lag > lateAfter, Resources: look.resources()}
	stages := report.Stages
	if report.Again != nil {
		stages = append(slices.Clone(stages), *report.Again)
	}
	for i, s := range stages {
		name := fmt.Sprintf("%d connections", s.Asked)
		if i == len(report.Stages) {
			name = fmt.Sprintf("%d connections again, after all had been closed", s.Asked)
		}
		seen.Stages = append(seen.Stages, ledger.StormStage{
			Name: name, Asked: s.Asked, Open: s.Open, TurnedDown: s.TurnedDown, TimedOut: s.Counts.TimedOut, Failed: failures(s.Counts),
			Lost: s.Counts.Lost, Within: time.Duration(s.Within * float64(time.Second)), Why: whyTurned(s), LostWhy: s.LostWhy, Until: time.Now(),
		})
		if s.Unfinished > 0 && report.Ours == "" {
			r.blameless(fmt.Sprintf("%s: %d of them were not open in time, and it is not the target that turned them down", name, s.Unfinished))
		}
	}
	if report.Ours != "" {
		r.blameless(report.Ours)
	} else {
		r.ledger.Storm(seen)
	}
	r.storms.mu.Lock()
	defer r.storms.mu.Unlock()
	r.storms.notes = append(append(r.storms.notes, look.words()...), look.notes...)
	if report.Memory > 0 {
		r.storms.notes = append(r.storms.notes, fmt.Sprintf("%d connections at once took the process that opened them %d MiB",
			mostOpen(report), report.Memory>>20))
	}
	r.storms.measured = greatest(r.storms.measured, measuredStorm(report, look, acked))
}

// mostOpen is how many connections a storm had at most.
func mostOpen(report storm.Report) (most int) {
	for _, s := range report.Stages {
		most = max(most, s.Open)
	}
	return most
}

// blameless notes what the storm lacked on this side: the target is not judged by it.
func (r *Run) blameless(why string) {
	r.doubt(contract.Doubt{Text: "storm of connections: " + why, Requirements: []string{stormRequirement}})
}

func failures(c storm.Counts) int64 { return c.Refused + c.TimedOut + c.Reset + c.Closed + c.Failed }

// whyTurned says how attempts failed.
func whyTurned(s storm.Stage) string {
	var parts []string
	for _, kind := range []struct {
		n    int64
		what string
	}{
		{s.Counts.Refused, "refused"},
		{s.Counts.TimedOut, "timed out"},
		{s.Counts.Reset, "reset"},
		{s.Counts.Closed, "closed"},
		{s.Counts.Failed, "failed otherwise"},
	} {
		if kind.n > 0 {
			parts = append(parts, fmt.Sprintf("%d attempts %s", kind.n, kind.what))
		}
	}
	if s.Turned == "" {
		return strings.Join(parts, ", ")
	}
	return strings.Join(parts, ", ") + "; the last: " + s.Turned
}

func measuredStorm(report storm.Report, look *holdings, acked int64) *contract.Storm {
	m := &contract.Storm{Acked: acked, Resources: look.words()}
	for _, s := range report.Stages {
		if s.Open >= m.Open {
			m.Asked, m.Open, m.Seconds = s.Asked, s.Open, s.Seconds
		}
	}
	if report.Again != nil {
		m.Again = report.Again.Open
	}
	c := report.Counts
	m.Churned, m.Failed, m.Silent, m.Slow = c.Churned, failures(c), c.HalfOpen, c.Slow
	return m
}

func greatest(a, b *contract.Storm) *contract.Storm {
	if a == nil || b.Open > a.Open {
		return b
	}
	return a
}

// stormed gives what storms measured, and what is worth knowing of them.
func (r *Run) stormed() (*contract.Storm, []string) {
	r.storms.mu.Lock()
	defer r.storms.mu.Unlock()
	return r.storms.measured, slices.Clone(r.storms.notes)
}
