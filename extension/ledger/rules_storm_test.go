package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

// storm is one in which everything went well, changed.
func storm(change func(*ledger.Storm)) func(h *history) {
	return func(h *history) {
		s := ledger.Storm{
			Promised: 1000,
			Stages: []ledger.StormStage{
				{Name: "1,000 connections", Asked: 1000, Open: 1000, Within: time.Minute, Until: h.now()},
				{Name: "opened again", Asked: 1000, Open: 1000, Within: time.Minute, Until: h.now()},
			},
			Resources: []ledger.Resource{{Name: "open files", Before: 40, Most: 1050, After: 41, Allowed: 60, Within: 30 * time.Second}},
		}
		change(&s)
		h.l.Storm(s)
		h.finish()
	}
}

func TestFewerConnectionsThanPromised(t *testing.T) {
	t.Parallel()
	stage := func(change func(*ledger.StormStage)) func(h *history) {
		return storm(func(s *ledger.Storm) { change(&s.Stages[0]) })
	}
	judgeAll(t, []scenario{
		{name: "all are let in and kept", run: storm(func(*ledger.Storm) {})},
		{name: "some are turned down", codes: fires(ledger.ConnectionLimit), total: 1, run: stage(func(s *ledger.StormStage) {
			s.Open, s.TurnedDown, s.Failed = 900, 100, 4000
		})},
		{name: "none can be opened again", codes: fires(ledger.ConnectionLimit), total: 1, run: storm(func(s *ledger.Storm) {
			s.Stages[1].Open, s.Stages[1].TurnedDown = 0, 1000
		})},
		{name: "some are turned down, and tried again with success", run: stage(func(s *ledger.StormStage) { s.Failed = 4000 })},
		{name: "more than promised", run: storm(func(s *ledger.Storm) {
			s.Promised = 800
			s.Stages[0].Open, s.Stages[0].TurnedDown = 850, 150
		})},
		{name: "nobody asked them", run: stage(func(s *ledger.StormStage) { s.Open = 100 })},
		{name: "open ones end", codes: fires(ledger.ConnectionLimit), total: 1, run: stage(func(s *ledger.StormStage) { s.Lost = 3 })},
		{name: "both", codes: fires(ledger.ConnectionLimit), total: 2, run: stage(func(s *ledger.StormStage) {
			s.Lost, s.Open, s.TurnedDown = 3, 900, 100
		})},
		{name: "it was we who were late", doubts: []ledger.DoubtCode{ledger.StormLate, ledger.StormLate}, run: storm(func(s *ledger.Storm) {
			s.Late = true
			s.Stages[0].Open, s.Stages[0].TurnedDown, s.Stages[0].TimedOut = 900, 100, 5
			s.Stages[1].Lost = 1
		})},
		{name: "late, but refused", codes: fires(ledger.ConnectionLimit), total: 1, run: storm(func(s *ledger.Storm) {
			s.Late = true
			s.Stages[0].Open, s.Stages[0].TurnedDown = 900, 100
		})},
	})
}

func TestWhatIsHeldForConnectionsComesBack(t *testing.T) {
	t.Parallel()
	judgeAll(t, []scenario{
		{name: "nearly", run: storm(func(s *ledger.Storm) { s.Resources[0].After = 60 })},
		{name: "not", codes: fires(ledger.ResourceLeak), total: 1, run: storm(func(s *ledger.Storm) { s.Resources[0].After = 61 })},
		{name: "not known", run: storm(func(s *ledger.Storm) { s.Resources = nil })},
	})
}

func TestAStormsFindingsNameTheirEvidence(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	storm(func(s *ledger.Storm) {
		s.Promised = 10_000
		s.Stages[0].Asked, s.Stages[0].Open, s.Stages[0].TurnedDown, s.Stages[0].Why = 10_000, 4096, 5904, "7,101 refused; the last: no"
		s.Resources[0].After, s.Resources[0].Unit = 2000, "MiB"
	})(h)
	found := h.l.Judge(h.options).Findings
	require.Len(t, found, 2)
	require.Equal(t, "1,000 connections: 4,096 were open at once after 1m0s, 5,904 were turned down, and the target promises 10,000 "+
		"(7,101 refused; the last: no)", found[0].Detail)
	require.Equal(t, "open files: 40 before the storm, 1,050 in it, and still 2,000 MiB 30s after all connections were closed; 60 may be left",
		found[1].Detail)
}
