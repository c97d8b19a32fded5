package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

// pass lets time go by.
func (h *history) pass(d time.Duration) { h.clock = h.clock.Add(d) }

// begun sends a record now, and settles it after a while.
func (h *history) begun(p *ledger.Producer, partition int32, kind ledger.OutcomeKind, after time.Duration) {
	m, began := p.Make(nil, 60), h.now()
	o := ledger.Outcome{Serial: m.Serial, Kind: kind, TP: tp(partition), Offset: -1, Began: began}
	switch kind {
	case ledger.Acked:
		o.Offset = h.put(partition, recordOf(m))
	case ledger.Suspicious:
		h.put(partition, recordOf(m))
		o.Retried = true
	default:
		o.Error = "REQUEST_TIMED_OUT"
	}
	h.pass(after)
	o.At = h.now()
	h.l.Settle(o)
}

func TestStuckPartition(t *testing.T) {
	t.Parallel()
	const bound = 30 * time.Second
	after := func(traffic func(h *history, p *ledger.Producer)) func(h *history) {
		return func(h *history) {
			p := h.producer()
			h.sends(p, 0, 3)
			h.pass(time.Minute)
			h.l.Healed()
			traffic(h, p)
			h.pass(time.Hour) // the final phase may take its time: it is no progress that failed to come
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "one record for the whole bound", codes: fires(ledger.Stuck), total: 1, run: after(func(h *history, p *ledger.Producer) {
			h.begun(p, 0, ledger.Unknown, bound)
		})},
		{name: "many records, each given up soon", codes: fires(ledger.Stuck), total: 1, run: after(func(h *history, p *ledger.Producer) {
			for range 31 {
				h.begun(p, 0, ledger.Unknown, time.Second)
			}
		})},
		{name: "one of two partitions", codes: fires(ledger.Stuck), total: 1, run: after(func(h *history, p *ledger.Producer) {
			h.begun(p, 1, ledger.Acked, time.Second)
			h.begun(p, 0, ledger.Unknown, bound)
		})},
		{name: "both", codes: fires(ledger.Stuck), total: 2, run: after(func(h *history, p *ledger.Producer) {
			h.begun(p, 1, ledger.Unknown, bound)
			h.begun(p, 0, ledger.Failed, bound)
		})},
		{name: "a moment less than the bound", run: after(func(h *history, p *ledger.Producer) {
			h.begun(p, 0, ledger.Unknown, bound-2*time.Millisecond)
		})},
		{name: "another bound", codes: fires(ledger.Stuck), run: after(func(h *history, p *ledger.Producer) {
			h.options.StuckAfter = 5 * time.Second
			h.begun(p, 0, ledger.Unknown, 6*time.Second)
		})},
		{name: "slow, and then acked", run: after(func(h *history, p *ledger.Producer) {
			h.begun(p, 0, ledger.Unknown, bound)
			h.begun(p, 0, ledger.Acked, bound)
		})},
		{name: "acked without an offset is progress", run: after(func(h *history, p *ledger.Producer) {
			h.begun(p, 0, ledger.Suspicious, 0)
			h.begun(p, 0, ledger.Unknown, bound)
		})},
		{name: "nothing is sent after the heal", run: after(func(*history, *ledger.Producer) {})},
		{name: "it healed again, and then moved", run: after(func(h *history, p *ledger.Producer) {
			h.begun(p, 0, ledger.Unknown, bound)
			h.l.Healed()
			h.begun(p, 0, ledger.Acked, 0)
		})},
		{name: "it moved, healed again, and then did not", codes: fires(ledger.Stuck), run: after(func(h *history, p *ledger.Producer) {
			h.begun(p, 0, ledger.Acked, 0)
			h.l.Disturb(ledger.AllErrors)()
			h.begun(p, 0, ledger.Unknown, bound)
		})},
		{name: "sent before the heal", run: func(h *history) {
			m, began := h.producer().Make(nil, 60), h.now()
			h.pass(time.Minute)
			h.l.Healed()
			h.pass(time.Minute)
			h.l.Settle(ledger.Outcome{Serial: m.Serial, Kind: ledger.Unknown, TP: tp(0), Began: began, Error: "X"})
			h.finish()
		}},
		{name: "nobody knows when it was sent", run: after(func(h *history, p *ledger.Producer) {
			h.outcome(p.Make(nil, 60), ledger.Unknown, 0, "X")
			h.pass(time.Hour)
			h.outcome(p.Make(nil, 60), ledger.Unknown, 0, "X")
		})},
		{name: "never healed", run: func(h *history) {
			h.begun(h.producer(), 0, ledger.Unknown, time.Hour)
			h.finish()
		}},
		{
			name: "still disturbed", doubts: []ledger.DoubtCode{ledger.StillDisturbed},
			run: after(func(h *history, p *ledger.Producer) {
				h.l.Disturb(ledger.AllErrors)
				h.begun(p, 0, ledger.Unknown, time.Hour)
			}),
		},
		{name: "no partition was ever chosen", codes: fires(ledger.Stuck), run: after(func(h *history, p *ledger.Producer) {
			h.begun(p, -1, ledger.Failed, bound)
		})},
		{name: "no partition was chosen, and others made progress", run: after(func(h *history, p *ledger.Producer) {
			h.begun(p, -1, ledger.Failed, bound)
			h.begun(p, 1, ledger.Acked, 0)
		})},
	})
}

func TestAStuckPartitionRaisesNoOtherRule(t *testing.T) {
	t.Parallel()
	stuck := func(h *history) *ledger.Producer {
		h.options.PromisesNoErrors = true
		p := h.producer()
		h.sends(p, 0, 3)
		h.l.Disturb(ledger.AllErrors)()
		for range 4 {
			h.begun(p, 0, ledger.Unknown, 10*time.Second)
		}
		return p
	}
	judgeAll(t, []scenario{
		{name: "its errors", codes: fires(ledger.Stuck), total: 1, run: func(h *history) {
			stuck(h)
			h.finish()
		}},
		{name: "an error of another partition", codes: fires(ledger.ErrorsSeen, ledger.Stuck), total: 1, run: func(h *history) {
			p := stuck(h)
			h.begun(p, 1, ledger.Acked, 0)
			h.begun(p, 1, ledger.Unknown, 0)
			h.finish()
		}},
	})
}

func TestAStuckFindingNamesItsEvidence(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	p := h.producer()
	h.l.Healed()
	h.begun(p, 1, ledger.Unknown, time.Minute)
	h.begun(p, 1, ledger.Unknown, time.Minute)
	f := h.l.Judge(h.options).Findings[0]
	require.Equal(t, int32(1), f.Partition)
	require.Equal(t, int64(0), f.Sequence)
	require.NotEmpty(t, f.Record)
	require.Equal(t, "2027-01-15T08:00:00.002000Z", f.Time)
	require.Equal(t, "all was healed at 2027-01-15T08:00:00.001000Z; "+
		"of 2 records sent to it from 2027-01-15T08:00:00.002000Z on none was acked, "+
		"the last was given up at 2027-01-15T08:02:00.005000Z, 2m0.003s later", f.Detail)
}

func TestStarvedReader(t *testing.T) {
	t.Parallel()
	starved := func(missing int64, since, until time.Duration) func(h *history) {
		return func(h *history) {
			h.sends(h.producer(), 0, 3)
			h.pass(time.Minute)
			h.l.Healed()
			healed, ok := h.l.HealedAt()
			require.True(h.t, ok)
			h.l.Starved(ledger.Starved{
				Reader: "r", Topic: topic, Partition: 0, Since: healed.Add(since), Until: healed.Add(until), Missing: missing,
			})
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "for the bound", codes: fires(ledger.Stuck), total: 1, run: starved(3, 0, 30*time.Second)},
		{name: "later", codes: fires(ledger.Stuck), total: 1, run: starved(3, time.Minute, 2*time.Minute)},
		{name: "a moment less", run: starved(3, 0, 30*time.Second-1)},
		{name: "most of it before the heal", run: starved(3, -time.Hour, 29*time.Second)},
		{name: "before the heal, and for the bound after it", codes: fires(ledger.Stuck), run: starved(3, -time.Hour, 30*time.Second)},
		{name: "all of it before the heal", run: starved(3, -time.Hour, -time.Minute)},
		{name: "nothing was there for it", run: starved(0, 0, time.Hour)},
		{name: "it healed again", run: func(h *history) {
			starved(3, 0, time.Minute)(h)
			h.pass(time.Hour)
			h.l.Healed()
		}},
		{name: "never healed", run: func(h *history) {
			h.l.Starved(ledger.Starved{Reader: "r", Topic: topic, Since: h.now(), Until: h.now().Add(time.Hour), Missing: 3})
			h.finish()
		}},
		{name: "too many to be kept", doubts: []ledger.DoubtCode{ledger.StuckUnjudged}, run: func(h *history) {
			h.l.Healed()
			for i := range 300 {
				h.l.Starved(ledger.Starved{Reader: fmt.Sprint(i), Topic: topic, Since: h.clock, Until: h.clock.Add(time.Second), Missing: 1})
			}
			h.finish()
		}},
	})
}

func TestProgressAfterAHealIsMeasured(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	p, r := h.producer(), h.reader("r")
	_, ok := h.l.HealedAt()
	require.False(t, ok)
	h.sends(p, 0, 5)
	h.sends(p, 1, 5)
	h.read(r, 0, 0, 1, 2)
	heal := h.l.Disturb(ledger.AllErrors)
	h.begun(p, 0, ledger.Acked, 0)
	h.begun(p, 0, ledger.Unknown, 0)
	heal()
	heal()
	h.begun(p, 0, ledger.Acked, 0)
	h.begun(p, 0, ledger.Acked, 0)
	h.read(r, 0, 3, 4)
	h.finish()
	e := h.l.Judge(h.options).Evidence
	require.Equal(t, int64(1), e.Heals)
	require.Equal(t, int64(1), e.AckedDisturbed)
	require.Equal(t, int64(2), e.AckedAfterHeal)
	require.Equal(t, int64(2), e.ReadAfterHeal)
	require.Equal(t, int64(2), e.PartitionsWritten, "nothing was sent to one of them after the heal")
	require.Equal(t, int64(1), e.PartitionsHealed)
	h.l.Healed()
	e = h.l.Judge(h.options).Evidence
	require.Equal(t, int64(2), e.Heals)
	require.Zero(t, e.AckedAfterHeal+e.ReadAfterHeal+e.PartitionsHealed, "it is measured anew")
}
