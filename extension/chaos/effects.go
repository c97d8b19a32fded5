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

// Effects are the rules that the fault breaks on purpose. Faults that cost no more than time and errors break none.
func (h *Handle) Effects() []Effect {
	produce, fetch := h.reaches("Produce", kafkaproxy.OnRequest), h.reaches("Fetch", kafkaproxy.OnResponse)
	var out []Effect
	add := func(here bool, did string, exact bool, rules ...string) {
		for _, rule := range rules {
			if here {
				out = append(out, Effect{Rule: rule, Did: did, Exact: exact})
			}
		}
	}
	switch h.rule.Action {
	case kafkaproxy.Drop:
		add(produce, "dropped", !fetch, "LOST_ACKED")
		// What stays of a batch moves up, and was acked where it would have stood: at offsets that others get.
		add(produce && h.rule.Key+h.rule.Value != "", "dropped parts of batches,", false, "OFFSET_MISMATCH", "TWO_ACKS")
		add(fetch, "hid", false, "POLL_SKIP")
	case kafkaproxy.Duplicate:
		add(true, "doubled", true, "DUPLICATE")
	case kafkaproxy.Corrupt:
		if h.rule.What != kafkaproxy.SpoilChecksum {
			add(produce, "spoilt", !fetch, "CORRUPT")
			add(fetch, "spoilt", false, "CORRUPT", "INCONSISTENT_OFFSET")
		}
	case kafkaproxy.Error:
		add(h.reaches("Produce", kafkaproxy.OnResponse), "refused, though they were written,", false, "ABORTED_READ")
	case kafkaproxy.Reorder:
		add(true, "exchanged", false, "SEND_REORDER")
	}
	return out
}

// Ambiguous says that the fault touches records on their way into the log and out of it alike: then its counts do not tell which of
// them it took, and which the target lost.
func (h *Handle) Ambiguous() bool {
	acts := h.rule.Action == kafkaproxy.Drop || h.rule.Action == kafkaproxy.Corrupt && h.rule.What != kafkaproxy.SpoilChecksum
	return acts && h.reaches("Produce", kafkaproxy.OnRequest) && h.reaches("Fetch", kafkaproxy.OnResponse)
}

// reaches reports whether the fault acts on an API in a direction. Without one of its own it acts where records travel.
func (h *Handle) reaches(api string, on kafkaproxy.Direction) bool {
	if len(h.rule.API) > 0 && !slices.Contains(h.rule.API, api) {
		return false
	}
	if h.rule.On != "" {
		return h.rule.On == on
	}
	return (api == "Fetch") == (on == kafkaproxy.OnResponse)
}
