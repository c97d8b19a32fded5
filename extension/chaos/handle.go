package chaos

import (
	"context"

	"k6suite/extension/chaos/kafkaproxy"
)

// Handle is one fault that was injected.
type Handle struct {
	rule   kafkaproxy.Rule
	number int
	fault  *kafkaproxy.Fault
	ended  chan struct{}
}

// Number counts the faults of a run, from 1 on.
func (h *Handle) Number() int { return h.number }

// Rule is what was asked for.
func (h *Handle) Rule() kafkaproxy.Rule { return h.rule }

// Hits is how often the fault has acted.
func (h *Handle) Hits() int64 {
	if h.fault == nil {
		return 0
	}
	return h.fault.Hits()
}

// Records is how many records it has acted on.
func (h *Handle) Records() int64 {
	if h.fault == nil {
		return 0
	}
	return h.fault.Records()
}

// Done is closed when the fault has ended.
func (h *Handle) Done() <-chan struct{} { return h.ended }

// Stop ends the fault, and waits until it has. It may be called more than once.
func (h *Handle) Stop() {
	h.fault.Stop()
	<-h.ended
}

// WaitHits waits until the fault has acted so often. It is an error if the fault ends before.
func (h *Handle) WaitHits(ctx context.Context, n int64) error { return h.fault.WaitHits(ctx, n) }

// Touched is Records by topic and partition.
func (h *Handle) Touched() map[kafkaproxy.TopicPartition]int64 {
	if h.fault == nil {
		return nil
	}
	return h.fault.Touched()
}
