package ledger_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

// What a broker answers that was frozen and has not heard of its successor says nothing about the log; after that everything does.
func TestEndsOfWhoWasFrozen(t *testing.T) {
	t.Parallel()
	const grace = 50 * time.Millisecond
	low := func(h *history) { h.l.AskEnd(tp(0), "lag").Answered(7) }
	fetched := func(h *history) {
		asked := h.now()
		h.l.SawLog(tp(0), "reader", ledger.LogEnds{Start: -1, LastStable: -1, HighWatermark: 7}, asked)
	}
	shown := func(h *history) {
		asked := h.now()
		h.l.SawLog(tp(0), "reader", ledger.LogEnds{Start: -1, LastStable: -1, HighWatermark: 10}, asked)
	}
	for name, c := range map[string]struct {
		run   func(h *history)
		codes []ledger.Code
		notes bool
	}{
		"while it is frozen": {run: func(h *history) {
			defer h.l.Frozen()()
			low(h)
			fetched(h)
		}, notes: true},
		"right after it woke up": {run: func(h *history) {
			h.l.Frozen()()
			low(h)
			fetched(h)
		}, notes: true},
		"before it was frozen": {codes: fires(ledger.StaleEnd), run: func(h *history) {
			low(h)
			h.l.Frozen()()
		}},
		"long after it woke up": {codes: fires(ledger.StaleEnd), run: func(h *history) {
			h.l.Frozen()()
			h.clock = h.clock.Add(2 * grace)
			low(h)
		}},
		"a reader, long after": {codes: fires(ledger.EndRegress), run: func(h *history) {
			h.l.Frozen()()
			h.clock = h.clock.Add(2 * grace)
			fetched(h)
		}},
		"where nobody was frozen": {codes: fires(ledger.EndRegress), run: fetched},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHistory(t)
			h.l = ledger.New(ledger.Options{Run: "run", Now: h.now, Grace: grace})
			h.l.Own(topic)
			h.l.SetPartitions(topic, 2)
			h.sends(h.producer(), 0, 10)
			shown(h)
			c.run(h)
			h.finish()
			judged := h.l.Judge(h.options)
			var codes []ledger.Code
			for _, f := range judged.Findings {
				codes = append(codes, f.Code)
			}
			require.ElementsMatch(t, c.codes, codes)
			told := slices.ContainsFunc(judged.Notes, func(note string) bool { return strings.Contains(note, "low ends of logs are excused") })
			require.Equal(t, c.notes, told, judged.Notes)
		})
	}
}
