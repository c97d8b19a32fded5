package chaos

import (
	"slices"

	"k6suite/extension/chaos/kafkaproxy"
)

// Effect is a rule of the ledger that a fault breaks on purpose.
type Effect struct {
	Rule string // its code
	Did  string // what the fault did to records: "dropped"
	// Exact: once for each record that the fault touched. Else nobody can say how often: who is shown something wrong may ask again.
	Exact bool
}

// Effects are the rules that the fault breaks on purpose. Faults that cost no more than time and errors break none, nor do those on
// storage and on brokers: a target has to withstand them.
func (h *Handle) Effects() []Effect {
	if h.asked.family != Wire {
		return nil
	}
	produce, fetch := h.reaches("Produce", kafkaproxy.OnRequest), h.reaches("Fetch", kafkaproxy.OnResponse)
	var out []Effect
	add := func(here bool, did string, exact bool, rules ...string) {
		for _, rule := range rules {
			if here {
				out = append(out, Effect{Rule: rule, Did: did, Exact: exact})
			}
		}
	}
	switch h.asked.wire.Action {
	case kafkaproxy.Drop:
		add(produce, "dropped", !fetch, "LOST_ACKED")
		// What stays of a batch moves up, and was acked where it would have stood: at offsets that others get.
		add(produce && h.asked.wire.Key+h.asked.wire.Value != "", "dropped parts of batches,", false, "OFFSET_MISMATCH", "TWO_ACKS")
		add(fetch, "hid", false, "POLL_SKIP")
	case kafkaproxy.Duplicate:
		add(true, "doubled", true, "DUPLICATE")
	case kafkaproxy.Corrupt:
		if h.asked.wire.What != kafkaproxy.SpoilChecksum {
			add(produce, "spoilt", !fetch, "CORRUPT")
			add(fetch, "spoilt", false, "CORRUPT", "INCONSISTENT_OFFSET")
		}
	case kafkaproxy.Error:
		add(h.reaches("Produce", kafkaproxy.OnResponse), "refused, though they were written,", false, "ABORTED_READ")
	case kafkaproxy.Reorder:
		add(true, "exchanged", false, "SEND_REORDER", "KEY_REORDER")
	}
	return out
}

// Ambiguous says that the fault touches records on their way into the log and out of it alike: then its counts do not tell which of
// them it took, and which the target lost.
func (h *Handle) Ambiguous() bool {
	if h.asked.family != Wire {
		return false
	}
	rule := h.asked.wire
	acts := rule.Action == kafkaproxy.Drop || rule.Action == kafkaproxy.Corrupt && rule.What != kafkaproxy.SpoilChecksum
	return acts && h.reaches("Produce", kafkaproxy.OnRequest) && h.reaches("Fetch", kafkaproxy.OnResponse)
}

// reaches reports whether the fault acts on an API in a direction. Without one of its own it acts where records travel.
func (h *Handle) reaches(api string, on kafkaproxy.Direction) bool {
	if len(h.asked.wire.API) > 0 && !slices.Contains(h.asked.wire.API, api) {
		return false
	}
	if h.asked.wire.On != "" {
		return h.asked.wire.On == on
	}
	return (api == "Fetch") == (on == kafkaproxy.OnResponse)
}
