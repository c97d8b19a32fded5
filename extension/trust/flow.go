package trust

import (
	"context"
	"sync"
	"time"
)

// Flow says how traffic goes on by itself.
type Flow struct {
	For   time.Duration // how long
	Every time.Duration // how often the records of ProduceOptions are sent; default 100ms
}

// flows are the steady producers of a run: readers that want to read all go on as long as one flows.
type flows struct {
	finish   sync.Once
	finished chan struct{} // closed when all are to end

	mu      sync.Mutex
	begun   bool
	flowing int
	last    time.Time // when a flow last ended
}

func (f *flows) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begun = true
	f.flowing++
}

func (f *flows) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flowing--
	f.last = time.Now()
}

// FinishFlows ends the traffic that flows before its time is up. A later flow does not begin.
func (r *Run) FinishFlows() {
	r.flows.finish.Do(func() {
		r.countConnections()
		close(r.flows.finished)
	})
}

// over says that all traffic that flowed has ended.
func (f *flows) over() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.begun && f.flowing == 0
}

// ended is when that was, zero while traffic flows.
func (f *flows) ended() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.begun || f.flowing > 0 {
		return time.Time{}
	}
	return f.last
}

// ProduceFlow sends the records of one call again and again, for as long as the flow says: as an application does that has to do
// with the outcome of one thing before it begins the next. It waits for the acknowledgements of each before it sends more, so that
// what comes later was really sent later. It answers with the sum.
func (r *Run) ProduceFlow(ctx context.Context, vu int64, o ProduceOptions, f Flow) (Produced, error) {
	if f.Every == 0 {
		f.Every = 100 * time.Millisecond
	}
	r.flows.begin()
	defer r.flows.end()
	ctx, cancel := r.whilePatient(ctx)
	defer cancel()
	sum := Produced{Errors: map[string]int64{}}
	tick := time.NewTicker(f.Every)
	defer tick.Stop()
	o.unasked = true
	for deadline := time.Now().Add(f.For); time.Now().Before(deadline); {
		one, err := r.Produce(ctx, vu, o)
		if err != nil {
			return sum, err
		}
		sum.add(one)
		if one.Stopped != "" || ctx.Err() != nil {
			return sum, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		case <-r.flows.finished:
			return sum, nil
		}
	}
	return sum, nil
}

// whilePatient gives a context that ends when traffic was finished so long ago that who still waits for an acknowledgement is stuck.
func (r *Run) whilePatient(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		select {
		case <-r.flows.finished:
		case <-ctx.Done():
			return
		}
		timer := time.NewTimer(time.Duration(r.target.Profile.Limits.Stuck))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

func (p *Produced) add(more Produced) {
	p.Acked += more.Acked
	p.Suspicious += more.Suspicious
	p.Failed += more.Failed
	p.Unknown += more.Unknown
	p.Stopped = more.Stopped
	for name, n := range more.Errors {
		p.Errors[name] += n
	}
}
