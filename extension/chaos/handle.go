package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"k6suite/extension/chaos/kafkaproxy"
)

// Handle is one fault that was injected. It is safe for concurrent use.
type Handle struct {
	asked   asked
	number  int
	began   time.Time
	started chan struct{} // closed once fault is set
	ended   chan struct{}
	fault   fault // nil if it could not begin

	mu      sync.Mutex
	endedAt time.Time
}

// fault is what faults of all families have.
type fault interface {
	Hits() int64
	Done() <-chan struct{}
	Stop()
	WaitHits(ctx context.Context, n int64) error
}

func newHandle(asked asked, number int) *Handle {
	return &Handle{asked: asked, number: number, began: time.Now(), started: make(chan struct{}), ended: make(chan struct{})}
}

// start sets what the handle stands for; nil if it could not begin.
func (h *Handle) start(f fault) {
	h.fault = f
	close(h.started)
}

// at returns the fault, nil if there is none yet.
func (h *Handle) at() fault {
	select {
	case <-h.started:
		return h.fault
	default:
		return nil
	}
}

func (h *Handle) finish() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.endedAt = time.Now()
}

// Number counts the faults of a run, from 1 on, those included that could not begin.
func (h *Handle) Number() int { return h.number }

// Spec is what was asked for, in JSON.
func (h *Handle) Spec() json.RawMessage { return slices.Clone(h.asked.spec) }

// Family is what it acts on.
func (h *Handle) Family() Family { return h.asked.family }

// Action is what it does: "drop", "delay", "kill".
func (h *Handle) Action() string { return h.asked.action }

// Graceful says that brokers which it ends are asked to (SIGTERM), and not killed.
func (h *Handle) Graceful() bool { return h.asked.family == Processes && h.asked.processes.graceful() }

// Excuses says which errors clients may see meanwhile.
func (h *Handle) Excuses() Excuse { return h.asked.family.excuses() }

// Outage says that the fault lets no write reach storage.
func (h *Handle) Outage() bool { return h.asked.outage }

// Began is when the fault began.
func (h *Handle) Began() time.Time { return h.began }

// Ended is when it had ended, zero as long as it has not.
func (h *Handle) Ended() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.endedAt
}

// Hits is how often the fault has acted: on messages or batches, on requests to storage, on brokers.
func (h *Handle) Hits() int64 {
	if f := h.at(); f != nil {
		return f.Hits()
	}
	return 0
}

// Records is how many records a fault on the wire has acted on.
func (h *Handle) Records() int64 {
	if f, ok := h.at().(*kafkaproxy.Fault); ok {
		return f.Records()
	}
	return 0
}

// Touched is Records by topic and partition.
func (h *Handle) Touched() map[kafkaproxy.TopicPartition]int64 {
	if f, ok := h.at().(*kafkaproxy.Fault); ok {
		return f.Touched()
	}
	return nil
}

// maxTook bounds what Took tells.
const maxTook = 20

// Took tells people what the fault has hit: "killed broker 1 (127.0.0.1:41234)". Of long lists it tells the beginning.
func (h *Handle) Took() []string {
	var all []string
	switch f := h.at().(type) {
	case *kafkaproxy.Fault:
		for tp, n := range f.Touched() {
			all = append(all, fmt.Sprintf("%d records of %s/%d", n, tp.Topic, tp.Partition))
		}
		slices.Sort(all)
	case StorageFault:
		all = f.Objects()
	case *processFault:
		all = f.notes()
	}
	return all[:min(len(all), maxTook)]
}

// Err is what went wrong in the fault: a broker that did not come back, with its last log lines. Nil while all goes well.
func (h *Handle) Err() error {
	if f, ok := h.at().(*processFault); ok {
		return f.failure()
	}
	return nil
}

// Done is closed when the fault has ended.
func (h *Handle) Done() <-chan struct{} { return h.ended }

// Stop ends the fault, and waits until it has: brokers that it took serve again. It may be called more than once.
func (h *Handle) Stop() {
	<-h.started
	if h.fault != nil {
		h.fault.Stop()
	}
	<-h.ended
}

// WaitHits waits until the fault has acted so often. It is an error if the fault ends before.
func (h *Handle) WaitHits(ctx context.Context, n int64) error {
	<-h.started
	if h.fault == nil {
		return fmt.Errorf("fault %d could not begin", h.number)
	}
	return h.fault.WaitHits(ctx, n)
}
