package ledger_test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

// Random histories of a target that keeps all its promises raise nothing, and one thing that goes wrong in them is found. A failure names
// its seed, and how to try that again. Variables make more of it than a test of a moment does (make property):
//   - K6SUITE_PROPERTY: so many healthy histories
//   - K6SUITE_PROPERTY_TRIES: so many tries of each mutation
//   - K6SUITE_PROPERTY_SEED: only the history of this seed

// histories is how many healthy ones there are.
func histories(t *testing.T, byDefault uint64) uint64 {
	t.Helper()
	return number(t, "K6SUITE_PROPERTY", byDefault)
}

// tries is how often each mutation is tried.
func tries(t *testing.T, byDefault uint64) uint64 {
	t.Helper()
	return number(t, "K6SUITE_PROPERTY_TRIES", byDefault)
}

func number(t *testing.T, variable string, byDefault uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return byDefault
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, "%s is a number", variable)
	return n
}

// eachSeed tries seeds from 0 on, as many at a time as there are processors, until one fails.
func eachSeed(t *testing.T, n uint64, try func(seed uint64) error) {
	t.Helper()
	var next atomic.Uint64
	if only := number(t, "K6SUITE_PROPERTY_SEED", math.MaxUint64); only < math.MaxUint64 {
		next.Store(only)
		n = only + 1
	}
	var failed atomic.Pointer[string]
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for seed := next.Add(1) - 1; seed < n && failed.Load() == nil; seed = next.Add(1) - 1 {
				if err := try(seed); err != nil {
					text := fmt.Sprintf("seed %d: %v; again: K6SUITE_PROPERTY_SEED=%d go test -run '%s$' ./extension/ledger", seed, err, seed, t.Name())
					failed.CompareAndSwap(nil, &text)
				}
			}
		})
	}
	group.Wait()
	if text := failed.Load(); text != nil {
		t.Fatal(*text)
	}
}

// short is a healthy history without its end, and the records in it that were acked.
func short(t *testing.T, seed uint64) *healthy {
	t.Helper()
	h := newHealthy(t, seed)
	h.run(20 + h.r.IntN(60))
	return h
}

func (h *healthy) judge() ledger.Judgement {
	o := h.history.options
	o.Endpoint, o.Steady = endpoint, true
	return h.l.Judge(o)
}

func TestPropertyHealthyHistoriesRaiseNothing(t *testing.T) {
	t.Parallel()
	eachSeed(t, histories(t, 300), func(seed uint64) error {
		h := short(t, seed)
		h.finalReads()
		if seed%4 == 0 {
			h.auditObjects()
		}
		if j := h.judge(); len(j.Findings)+len(j.Doubts) > 0 {
			return fmt.Errorf("%+v %+v", j.Findings, j.Doubts)
		}
		return nil
	})
}

// A model that leaves something out proves nothing of it.
func TestHealthyHistoriesHaveAllOfIt(t *testing.T) {
	t.Parallel()
	var all ledger.TransactionEvidence
	var counts ledger.Counts
	recoveries, transactional := 0, 0
	for seed := range uint64(40) {
		h := short(t, seed)
		h.finalReads()
		j := h.judge()
		e := j.Evidence.Transactions
		all.Committed += e.Committed
		all.Aborted += e.Aborted
		all.Abandoned += e.Abandoned
		all.Unknown += e.Unknown
		all.Hidden += e.Hidden
		all.Whole += e.Whole
		all.Processed += e.Processed
		all.Redone += e.Redone
		counts.Suspicious += j.Counts.Suspicious
		counts.Failed += j.Counts.Failed
		counts.UnknownFound += j.Counts.UnknownFound
		counts.Unsettled += j.Counts.Unsettled
		counts.Excused += j.Counts.Excused
		recoveries += len(j.Recoveries)
		if h.x != nil {
			transactional++
		}
	}
	for what, n := range map[string]int64{
		"committed": all.Committed, "aborted": all.Aborted, "abandoned": all.Abandoned, "unknown": all.Unknown, "hidden": all.Hidden,
		"whole": all.Whole, "processed": all.Processed, "redone": all.Redone, "suspicious": counts.Suspicious, "failed": counts.Failed,
		"unknown and there": counts.UnknownFound, "unsettled": counts.Unsettled, "excused": counts.Excused, "recoveries": int64(recoveries),
		"with transactions": int64(transactional), "without": int64(40 - transactional),
	} {
		require.Positive(t, n, what)
	}
}

// TestPropertyEachMutationIsFound damages a healthy history in one way for each rule. Other rules may tell of the damage, too: what a
// target does that breaks but one of them is the matter of the lies.
func TestPropertyEachMutationIsFound(t *testing.T) {
	t.Parallel()
	for rule, mutate := range mutations() {
		t.Run(string(rule), func(t *testing.T) {
			t.Parallel()
			eachSeed(t, tries(t, 20), func(seed uint64) error {
				h := short(t, seed)
				mutate(h)
				j := h.judge()
				for _, f := range j.Findings {
					if ledger.Code(f.Rule()) == rule {
						return nil
					}
				}
				return fmt.Errorf("not found; findings: %v, doubts: %v", j.Findings, j.Doubts)
			})
		})
	}
}

// mutations give, for each rule, what breaks it in a history, and the final reads that show it.
func mutations() map[ledger.Code]func(h *healthy) {
	all := logMutations()
	for _, more := range [...]map[ledger.Code]func(h *healthy){
		orderMutations(), transactionMutations(), disturbedMutations(), metadataMutations(),
	} {
		maps.Copy(all, more)
	}
	return all
}

// logMutations are those of single records, of logs and objects, and of what readers and groups are told.
func logMutations() map[ledger.Code]func(h *healthy) {
	return map[ledger.Code]func(h *healthy){
		ledger.LostAcked: func(h *healthy) {
			all := h.sends(h.sender(), 0, 3)
			h.forget(0, all[h.r.IntN(2)])
			h.finalReads()
		},
		ledger.LostSuffix: func(h *healthy) {
			h.sends(h.sender(), 0, 1+h.r.IntN(3))
			h.logs[0] = h.logs[0][:len(h.logs[0])-1]
			h.finalReads()
		},
		ledger.OffsetMismatch: func(h *healthy) {
			m := h.sender().Make(nil, 60)
			hole := h.put(1, nil)
			h.put(1, recordOf(m))
			h.ack(m, 1, hole)
			h.finalReads()
		},
		ledger.TwoAcks: func(h *healthy) {
			p := h.sender()
			one, other := p.Make(nil, 60), p.Make(nil, 60)
			offset := h.put(0, recordOf(one))
			h.put(0, recordOf(other))
			h.ack(one, 0, offset)
			h.ack(other, 0, offset)
			h.finalReads()
		},
		ledger.InconsistentOffset: func(h *healthy) {
			p := h.sender()
			one, other := p.Make(nil, 60), p.Make(nil, 60)
			h.outcome(one, ledger.Unknown, 0, "REQUEST_TIMED_OUT")
			h.outcome(other, ledger.Unknown, 0, "REQUEST_TIMED_OUT")
			offset := h.put(0, recordOf(one))
			h.finalRead("final 1")
			h.logs[0][offset] = nil
			h.logs[0] = h.logs[0][:offset]
			h.put(0, recordOf(other))
			h.finalRead("final 2")
		},
		ledger.Duplicate: func(h *healthy) {
			h.put(1, recordOf(h.send(h.sender(), 1)))
			h.finalReads()
		},
		ledger.Phantom: func(h *healthy) {
			h.put(int32(h.r.IntN(2)), &ledger.Record{Value: []byte("of nobody")})
			h.finalReads()
		},
		ledger.CorruptRecord: func(h *healthy) {
			h.send(h.sender(), 0)
			last := len(h.logs[0]) - 1
			at := h.r.IntN(100)
			h.logs[0][last] = changed(h.logs[0][last], func(r *ledger.Record) { r.Value[at] ^= 1 << h.r.IntN(8) })
			h.finalReads()
		},
		ledger.PollSkip: func(h *healthy) {
			from := h.end(0)
			h.sends(h.sender(), 0, 5)
			h.finalReads()
			r := h.reader("skips")
			r.Assign(tp(0), from)
			h.read(r, 0, from, from+1+int64(1+h.r.IntN(3)))
		},
		ledger.PollBack: func(h *healthy) {
			from := h.end(0)
			h.sends(h.sender(), 0, 3)
			h.finalReads()
			r := h.reader("goes back")
			r.Assign(tp(0), from)
			h.read(r, 0, from, from+1, from+int64(h.r.IntN(2)))
		},
		ledger.SendReorder: func(h *healthy) {
			p := h.sender()
			one, other := p.Make(nil, 60), p.Make(nil, 60)
			h.ack(other, 0, h.put(0, recordOf(other)))
			h.ack(one, 0, h.put(0, recordOf(one)))
			h.finalReads()
		},
		ledger.RealtimeOrder: func(h *healthy) {
			p, q := h.sender(), h.producers[2]
			place := h.put(0, nil)
			h.send(p, 0)
			later := q.Make(nil, 60)
			began := h.now()
			record := *recordOf(later)
			record.Offset = place
			h.logs[0][place] = &record
			h.l.Settle(ledger.Outcome{Serial: later.Serial, TP: tp(0), Offset: place, Began: began, At: h.now()})
			h.finalReads()
		},
		ledger.StaleEnd: func(h *healthy) {
			h.send(h.sender(), 1)
			h.l.AskEnd(tp(1), "lag").Answered(max(h.end(1)-1-int64(h.r.IntN(2)), 0)) // below 0 would be no answer
			h.finalReads()
		},
		ledger.EndRegress: func(h *healthy) {
			h.sends(h.sender(), 0, 2)
			h.l.SawLog(tp(0), "fetch", ledger.LogEnds{Start: -1, LastStable: -1, HighWatermark: h.end(0)}, h.now())
			h.l.SawLog(tp(0), "fetch", ledger.LogEnds{Start: -1, LastStable: -1, HighWatermark: h.end(0) - 1}, h.now())
			h.finalReads()
		},
		ledger.EpochRegress: func(h *healthy) {
			h.sends(h.sender(), 0, 2)
			h.logs[0][len(h.logs[0])-2].LeaderEpoch = 1 + int32(h.r.IntN(9))
			h.finalReads()
		},
		ledger.GroupRegress: func(h *healthy) {
			h.l.Committed("other", "m", tp(0), 10)
			h.l.AskCommitted("other", "n", tp(0)).Answered(int64(h.r.IntN(10)))
			h.finalReads()
		},
		ledger.GroupSkip: func(h *healthy) {
			from := h.end(1)
			h.sends(h.sender(), 1, 4)
			r := h.l.NewReader(ledger.ReaderOptions{Name: "m", Group: "other"})
			r.Assign(tp(1), from)
			h.read(r, 1, from)
			h.l.Committed("other", "m", tp(1), from+1)
			h.l.AskCommitted("other", "final question", tp(1)).Answered(from + 2 + int64(h.r.IntN(2)))
			h.finalReads()
		},
		ledger.OffsetReset: func(h *healthy) {
			if h.disturbed != nil {
				h.disturb()
			}
			h.sends(h.sender(), 0, 3)
			h.l.AskReset(ledger.Reset{Group: "other", Reader: "m", TP: tp(0), Policy: ledger.ResetLatest, Position: -1}).
				Answered(h.end(0) - 1 - int64(h.r.IntN(3)))
			h.finalReads()
		},
		ledger.GroupDouble: func(h *healthy) {
			if h.disturbed != nil {
				h.disturb()
			}
			h.l.Owns("other", "m1", 3, []ledger.TopicPartition{tp(0), tp(1)})
			h.l.Owns("other", "m2", 3, []ledger.TopicPartition{tp(int32(h.r.IntN(2)))})
			h.finalReads()
		},
		ledger.AckWithoutBytes: func(h *healthy) {
			base := h.end(0)
			h.send(h.sender(), 0)
			h.now()
			h.writeObject(0, base)
			h.finalReads()
			h.auditObjects()
		},
		ledger.ObjectMismatch: func(h *healthy) {
			h.send(h.sender(), 0)
			h.finalReads()
			h.auditObjects() // no object has it
		},
		ledger.ErrorsSeen: func(h *healthy) {
			if h.disturbed != nil {
				h.disturb()
			}
			h.history.options.PromisesNoErrors = true
			h.l.ClientError("reader", "UNKNOWN_SERVER_ERROR", "")
			h.finalReads()
		},
		ledger.Partitioner: func(h *healthy) {
			m := h.producers[0].Make([]byte("abc"), 60) // belongs into the other one
			h.ack(m, 0, h.put(0, recordOf(m)))
			h.finalReads()
		},
		ledger.MetadataLie + "/address": func(h *healthy) {
			h.l.SawMetadata(metadata("10.0.0.1:9092"))
			h.finalReads()
		},
	}
}

// sender is a producer that is idempotent and keeps the order.
func (h *healthy) sender() *ledger.Producer { return h.producers[4] }

// forget takes a record out of a log.
func (h *healthy) forget(partition int32, m ledger.Made) {
	for i, r := range h.logs[partition] {
		if r != nil && string(r.Value) == string(m.Value) {
			h.logs[partition][i] = nil
		}
	}
}
