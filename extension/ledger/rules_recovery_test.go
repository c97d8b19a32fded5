package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

type interruption = *ledger.Interruption

// sent settles a record that was sent some time ago.
func (h *history) sent(p *ledger.Producer, partition int32, kind ledger.OutcomeKind, ago time.Duration) {
	m, at := p.Make(nil, 60), h.now()
	o := ledger.Outcome{Serial: m.Serial, Kind: kind, TP: tp(partition), Offset: -1, Began: at.Add(-ago), At: at, Error: "REQUEST_TIMED_OUT"}
	if kind == ledger.Acked {
		o.Offset, o.Error = h.put(partition, recordOf(m)), ""
	}
	h.l.Settle(o)
}

func TestSlowRecovery(t *testing.T) {
	t.Parallel()
	const bound = 5 * time.Second
	slow := fires(ledger.SlowRecovery)
	after := func(traffic func(h *history, p *ledger.Producer, i interruption)) func(h *history) {
		return func(h *history) {
			p := h.producer()
			h.begun(p, 0, ledger.Acked, 0)
			traffic(h, p, h.l.Interrupted("kill of broker 1"))
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "at once", run: after(func(h *history, p *ledger.Producer, _ interruption) { h.begun(p, 0, ledger.Acked, time.Second) })},
		{name: "late", codes: slow, total: 1, run: after(func(h *history, p *ledger.Producer, _ interruption) {
			h.begun(p, 0, ledger.Acked, bound)
		})},
		{name: "one of two partitions", codes: slow, total: 1, run: after(func(h *history, p *ledger.Producer, _ interruption) {
			h.begun(p, 1, ledger.Acked, time.Second)
			h.begun(p, 0, ledger.Acked, bound)
		})},
		{name: "many fail first", codes: slow, total: 1, run: after(func(h *history, p *ledger.Producer, _ interruption) {
			for range 6 {
				h.begun(p, 0, ledger.Unknown, time.Second)
			}
			h.begun(p, 0, ledger.Acked, 0)
		})},
		{name: "one from before holds up all others", codes: slow, total: 1, run: after(func(h *history, p *ledger.Producer, _ interruption) {
			h.pass(6 * time.Second)
			h.sent(p, 0, ledger.Acked, 7*time.Second)
			h.begun(p, 0, ledger.Acked, 0)
		})},
		{name: "an ack of one from before is no recovery", codes: slow, run: after(func(h *history, p *ledger.Producer, _ interruption) {
			h.sent(p, 0, ledger.Acked, time.Second)
			h.begun(p, 0, ledger.Acked, bound)
		})},
		{name: "nothing was sent for long", run: after(func(h *history, p *ledger.Producer, _ interruption) {
			h.sent(p, 0, ledger.Acked, time.Second)
			h.pass(time.Minute)
			h.begun(p, 0, ledger.Acked, time.Second)
		})},
		{name: "nothing was sent at all", run: after(func(*history, *ledger.Producer, interruption) {})},
		{name: "it recovered, and was slow later", run: after(func(h *history, p *ledger.Producer, _ interruption) {
			h.begun(p, 0, ledger.Acked, time.Second)
			h.begun(p, 0, ledger.Acked, time.Minute)
		})},
		{name: "the ack that came first is told of last", run: after(func(h *history, p *ledger.Producer, _ interruption) {
			first, began := p.Make(nil, 60), h.now()
			offset := h.put(0, recordOf(first))
			acked := h.now()
			h.begun(p, 0, ledger.Acked, bound)
			h.l.Settle(ledger.Outcome{Serial: first.Serial, TP: tp(0), Offset: offset, Began: began, At: acked})
		})},
		{name: "another bound", codes: slow, run: after(func(h *history, p *ledger.Producer, _ interruption) {
			h.options.RecoveryBound = time.Second
			h.begun(p, 0, ledger.Acked, 2*time.Second)
		})},
		{name: "nobody could recover earlier", run: after(func(h *history, p *ledger.Producer, i interruption) {
			h.begun(p, 0, ledger.Unknown, time.Minute)
			i.Restored()
			h.begun(p, 0, ledger.Acked, time.Second)
		})},
		{name: "late after that", codes: slow, total: 1, run: after(func(h *history, p *ledger.Producer, i interruption) {
			h.begun(p, 0, ledger.Unknown, time.Minute)
			i.Restored()
			h.begun(p, 0, ledger.Acked, bound)
		})},
		{name: "another interruption takes over", run: after(func(h *history, p *ledger.Producer, _ interruption) {
			h.begun(p, 0, ledger.Unknown, 3*time.Second)
			h.l.Interrupted("kill of broker 2")
			h.begun(p, 0, ledger.Acked, 3*time.Second)
		})},
		{name: "late already when another takes over", codes: slow, total: 1, run: after(func(h *history, p *ledger.Producer, _ interruption) {
			h.begun(p, 0, ledger.Unknown, bound)
			h.l.Interrupted("kill of broker 2")
			h.begun(p, 0, ledger.Acked, time.Second)
		})},
		{name: "late already when another takes over, and then never", codes: fires(ledger.Stuck), total: 1, run: after(
			func(h *history, p *ledger.Producer, _ interruption) {
				h.begun(p, 0, ledger.Unknown, bound)
				h.l.Interrupted("kill of broker 2")
				h.begun(p, 0, ledger.Unknown, bound)
			})},
		{name: "another one is stuck, and holds up its clients", codes: fires(ledger.Stuck), total: 1, run: after(
			func(h *history, p *ledger.Producer, _ interruption) {
				h.begun(p, 1, ledger.Unknown, bound)
				h.begun(p, 0, ledger.Acked, bound)
			})},
		{name: "storage was slow meanwhile", run: after(func(h *history, p *ledger.Producer, _ interruption) {
			heal := h.l.Disturb(ledger.RetriableErrors)
			h.begun(p, 0, ledger.Unknown, time.Minute)
			heal()
			h.begun(p, 0, ledger.Acked, time.Second)
		})},
		{name: "never, and few tried", run: after(func(h *history, p *ledger.Producer, _ interruption) {
			h.begun(p, 0, ledger.Unknown, time.Second)
		})},
		{name: "never", codes: fires(ledger.Stuck), total: 1, run: after(func(h *history, p *ledger.Producer, _ interruption) {
			h.begun(p, 0, ledger.Unknown, bound)
			h.begun(p, 0, ledger.Unknown, time.Second)
		})},
		{name: "one from before is never acked", run: after(func(h *history, p *ledger.Producer, _ interruption) {
			h.pass(time.Minute)
			h.sent(p, 0, ledger.Unknown, 2*time.Minute)
			h.begun(p, 0, ledger.Acked, time.Second)
		})},
		{name: "never, by both of its measures", codes: fires(ledger.Stuck), total: 1, run: func(h *history) {
			p := h.producer()
			heal := h.l.Disturb(ledger.NoErrors)
			h.l.Interrupted("kill")
			h.begun(p, 0, ledger.Unknown, bound)
			heal()
			h.begun(p, 0, ledger.Unknown, time.Minute)
			h.finish()
		}},
	})
}

func TestASlowRecoveryRaisesNoOtherRule(t *testing.T) {
	t.Parallel()
	judgeAll(t, []scenario{
		{name: "its errors", codes: fires(ledger.SlowRecovery), total: 1, run: func(h *history) {
			h.options.PromisesNoErrors = true
			p := h.producer()
			heal := h.l.Disturb(ledger.NoErrors)
			h.l.Interrupted("kill")
			for range 6 {
				h.begun(p, 0, ledger.Unknown, time.Second)
			}
			h.l.ClientError("reader", "NOT_COORDINATOR", "")
			h.begun(p, 0, ledger.Acked, 0)
			heal()
			h.finish()
		}},
		{name: "its errors while nobody could recover", codes: fires(ledger.SlowRecovery), total: 1, run: func(h *history) {
			h.options.PromisesNoErrors = true
			p := h.producer()
			heal := h.l.Disturb(ledger.NoErrors)
			i := h.l.Interrupted("pause")
			h.begun(p, 0, ledger.Unknown, time.Second)
			i.Restored()
			h.begun(p, 0, ledger.Unknown, 6*time.Second)
			h.begun(p, 0, ledger.Acked, 0)
			heal()
			h.finish()
		}},
		{name: "the errors of one that recovers in time once it can", codes: fires(ledger.ErrorsSeen), total: 1, run: func(h *history) {
			h.options.PromisesNoErrors = true
			p := h.producer()
			heal := h.l.Disturb(ledger.NoErrors)
			i := h.l.Interrupted("pause")
			h.begun(p, 0, ledger.Unknown, time.Minute)
			i.Restored()
			h.begun(p, 0, ledger.Acked, time.Second)
			heal()
			h.finish()
		}},
		{name: "the errors of one that recovers in time", codes: fires(ledger.ErrorsSeen), total: 2, run: func(h *history) {
			h.options.PromisesNoErrors = true
			p := h.producer()
			heal := h.l.Disturb(ledger.NoErrors)
			h.l.Interrupted("kill")
			h.begun(p, 0, ledger.Unknown, time.Second)
			h.l.ClientError("reader", "NOT_COORDINATOR", "")
			h.begun(p, 0, ledger.Acked, 0)
			heal()
			h.finish()
		}},
	})
}

func TestRecoveriesAreMeasured(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	p := h.producer()
	origin := h.clock.Add(time.Millisecond)
	h.l.Interrupted("kill of broker 1")
	h.begun(p, 1, ledger.Acked, time.Second)
	h.pass(time.Second)
	h.begun(p, 0, ledger.Acked, time.Second)
	h.l.Interrupted("kill of broker 2")
	h.begun(p, 1, ledger.Unknown, time.Second)
	require.Equal(t, []ledger.Recovery{
		{What: "kill of broker 1", TP: tp(0), Origin: origin, Took: 3004 * time.Millisecond, Waited: 1001 * time.Millisecond, Recovered: true},
		{What: "kill of broker 1", TP: tp(1), Origin: origin, Took: 1002 * time.Millisecond, Waited: 1001 * time.Millisecond, Recovered: true},
		{What: "kill of broker 2", TP: tp(1), Origin: origin.Add(3005 * time.Millisecond), Waited: 1001 * time.Millisecond},
	}, h.l.Judge(h.options).Recoveries)
	h.l.Interrupted("kill of broker 3")
	require.Len(t, h.l.Judge(h.options).Recoveries, 2, "the third took over from one that had not been late")
}

func TestRetriableErrorsAreExcusedWhereStorageIsDisturbed(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.options.PromisesNoErrors = true
	p := h.producer()
	see := func() int64 {
		for _, name := range []string{"REQUEST_TIMED_OUT", "RECORD_TIMEOUT", "KAFKA_STORAGE_ERROR", "UNKNOWN_SERVER_ERROR", "CONNECTION_LOST"} {
			m, began := p.Make(nil, 60), h.now()
			h.l.Settle(ledger.Outcome{Serial: m.Serial, Kind: ledger.Unknown, TP: tp(0), Began: began, Error: name})
			h.l.ClientError("reader", name, "")
		}
		return h.l.Counts().Excused
	}
	heal := h.l.Disturb(ledger.NoErrors)
	require.Zero(t, see())
	retriable := h.l.Disturb(ledger.RetriableErrors)
	require.Equal(t, int64(6), see())
	all := h.l.Disturb(ledger.AllErrors)
	require.Equal(t, int64(16), see())
	all()
	require.Equal(t, int64(22), see())
	retriable()
	heal()
	require.Equal(t, int64(22), see())
	require.Equal(t, int64(1), h.l.Judge(h.options).Evidence.Heals)
}
