package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

// drop acks n records where the next would stand, and delivers none.
func (h *history) drop(p *ledger.Producer, partition int32, n int) {
	for i := range n {
		h.ack(p.Make(nil, 60), partition, h.end(partition)+int64(i))
	}
}

// double puts copies of the last n records behind the log.
func (h *history) double(partition int32, n int) {
	log := h.logs[partition]
	for _, r := range log[len(log)-n:] {
		h.put(partition, r)
	}
}

func (h *history) foresee(code ledger.Code, partition int32, n int64) {
	f := ledger.Foreseen{Code: code, Topic: topic, Partition: partition, Records: n, Why: "a fault"}
	h.options.Foreseen = append(h.options.Foreseen, f)
}

func missed(codes ...ledger.DoubtCode) []ledger.DoubtCode {
	return append(codes, ledger.ForeseenMissed)
}

func TestForeseenLoss(t *testing.T) {
	t.Parallel()
	dropped := func(n int, foresee func(h *history)) func(h *history) {
		return func(h *history) {
			p := h.producer()
			h.sends(p, 0, 20)
			h.drop(p, 0, n)
			h.sends(p, 0, 50)
			foresee(h)
			h.finish()
		}
	}
	entries := func(partition int32, counts ...int64) func(h *history) {
		return func(h *history) {
			for _, n := range counts {
				h.foresee(ledger.LostAcked, partition, n)
			}
		}
	}
	judgeAll(t, []scenario{
		{name: "as many as foreseen", foreseen: 30, run: dropped(30, entries(-1, 30))},
		{name: "in that partition", foreseen: 30, run: dropped(30, entries(0, 30))},
		{name: "two faults add up", foreseen: 30, run: dropped(30, entries(0, 10, 20))},
		{name: "fewer", foreseen: 28, doubts: missed(), run: dropped(28, entries(-1, 30))},
		{name: "none at all", doubts: missed(), run: dropped(0, entries(-1, 30))},
		{name: "one more", codes: fires(ledger.LostAcked), total: 31, run: dropped(31, entries(-1, 30))},
		{name: "in another partition", codes: fires(ledger.LostAcked), total: 30, doubts: missed(), run: dropped(30, entries(1, 30))},
		{name: "nothing was foreseen", codes: fires(ledger.LostAcked), total: 30, run: dropped(30, func(*history) {})},
		{name: "in another topic", codes: fires(ledger.LostAcked), total: 30, doubts: missed(), run: dropped(30, func(h *history) {
			h.options.Foreseen = []ledger.Foreseen{{Code: ledger.LostAcked, Topic: "other", Partition: -1, Records: 30}}
		})},
		{name: "another rule", codes: fires(ledger.LostAcked), total: 30, doubts: missed(), run: dropped(30, func(h *history) {
			h.foresee(ledger.Duplicate, -1, 30)
		})},
		{name: "one partition and anywhere", foreseen: 30, run: dropped(30, func(h *history) {
			h.foresee(ledger.LostAcked, 0, 10)
			h.foresee(ledger.LostAcked, -1, 20)
		})},
		{name: "one partition and anywhere, one more", codes: fires(ledger.LostAcked), total: 31, run: dropped(31, func(h *history) {
			h.foresee(ledger.LostAcked, 0, 10)
			h.foresee(ledger.LostAcked, -1, 20)
		})},
		{name: "at the end of the log", foreseen: 5, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 20)
			h.drop(p, 0, 5)
			h.foresee(ledger.LostAcked, -1, 5)
			h.finish()
		}},
		{name: "in the middle and at the end, many", foreseen: 1500, run: func(h *history) {
			p := h.producer()
			h.drop(p, 0, 500)
			h.sends(p, 0, 400)
			h.drop(p, 0, 1000)
			h.foresee(ledger.LostAcked, 0, 1500)
			h.finish()
		}},
		{name: "in one partition as foreseen, in the other not", codes: fires(ledger.LostAcked), total: 2, foreseen: 5, run: func(h *history) {
			p := h.producer()
			h.drop(p, 0, 5)
			h.drop(p, 1, 2)
			h.sends(p, 0, 9)
			h.sends(p, 1, 9)
			h.foresee(ledger.LostAcked, 0, 5)
			h.finish()
		}},
		{name: "beside another rule", codes: fires(ledger.Duplicate), total: 1, foreseen: 30, run: dropped(30, func(h *history) {
			h.double(0, 1)
			h.foresee(ledger.LostAcked, -1, 30)
		})},
		{name: "as foreseen, and the end of the log is lost", codes: fires(ledger.LostSuffix), total: 3, foreseen: 30, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 20)
			h.drop(p, 0, 30)
			h.sends(p, 0, 50)
			h.foresee(ledger.LostAcked, -1, 30)
			h.bucket = h.cloned()
			h.logs[0] = h.logs[0][:67]
			h.finish()
		}},
		{name: "some of it at the end of the log, which is lost too", codes: fires(ledger.LostAcked, ledger.LostSuffix), run: func(h *history) {
			p := h.producer()
			h.drop(p, 0, 20)
			h.sends(p, 0, 30)
			h.drop(p, 0, 10)
			h.foresee(ledger.LostAcked, -1, 30)
			h.bucket = h.cloned()
			h.logs[0] = h.logs[0][:27]
			h.finish()
		}},
		{name: "two faults ack at the same offset", foreseen: 6, run: func(h *history) {
			p := h.producer()
			h.drop(p, 0, 3)
			h.drop(p, 0, 3)
			h.sends(p, 0, 9)
			h.foresee(ledger.LostAcked, -1, 6)
			h.finish()
		}},
		{name: "the drop answers with an offset that is taken", foreseen: 2, run: func(h *history) {
			p := h.producer()
			h.sends(p, 0, 9)
			h.ack(p.Make(nil, 60), 0, 3)
			h.ack(p.Make(nil, 60), 0, 4)
			h.foresee(ledger.LostAcked, -1, 2)
			h.finish()
		}},
		{
			name: "one final read: nothing is said to be lost, nor acked twice", doubts: missed(ledger.FinalReadsMissing),
			run: func(h *history) {
				p := h.producer()
				h.drop(p, 0, 3)
				h.sends(p, 0, 9)
				h.foresee(ledger.LostAcked, -1, 3)
				h.finalRead("final 1")
			},
		},
	})
}

// What readers are shown on purpose they may ask for again: then any number is right, also none, but only of that rule and topic.
func TestForeseenAnyNumber(t *testing.T) {
	t.Parallel()
	anyOf := func(topic string) func(h *history) {
		return func(h *history) {
			h.options.Foreseen = []ledger.Foreseen{{Code: ledger.LostAcked, Topic: topic, Partition: 0, Records: 1, AnyNumber: true}}
		}
	}
	dropped := func(n int, foresee func(h *history)) func(h *history) {
		return func(h *history) {
			p := h.producer()
			h.sends(p, 0, 20)
			h.drop(p, 0, n)
			h.sends(p, 0, 50)
			foresee(h)
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "more than were touched", foreseen: 30, run: dropped(30, anyOf(topic))},
		{name: "none", run: dropped(0, anyOf(topic))},
		{name: "another topic", codes: fires(ledger.LostAcked), total: 30, run: dropped(30, anyOf("other"))},
	})
}

func TestForeseenDuplicates(t *testing.T) {
	t.Parallel()
	doubled := func(idempotent bool, n int, foreseen, budget int64) func(h *history) {
		return func(h *history) {
			p := h.l.NewProducer(ledger.ProducerOptions{Name: "p", Idempotent: idempotent, Ordered: true})
			h.sends(p, 0, 40)
			h.double(0, n)
			h.sends(p, 0, 10)
			h.options.DuplicateBudget = budget
			if foreseen > 0 {
				h.foresee(ledger.Duplicate, -1, foreseen)
			}
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "as many as foreseen", foreseen: 12, run: doubled(true, 12, 12, 0)},
		{name: "fewer", foreseen: 11, doubts: missed(), run: doubled(true, 11, 12, 0)},
		{name: "one more", codes: fires(ledger.Duplicate), total: 13, run: doubled(true, 13, 12, 0)},
		{name: "one more, and no budget for an idempotent producer", codes: fires(ledger.Duplicate), run: doubled(true, 13, 12, 5)},
		{name: "not idempotent, as many as foreseen", foreseen: 12, run: doubled(false, 12, 12, 0)},
		{name: "not idempotent, the budget is for others", foreseen: 12, run: doubled(false, 12, 12, 20)},
		{name: "not idempotent, some within the budget", foreseen: 12, run: doubled(false, 15, 12, 3)},
		{name: "not idempotent, beyond the budget", codes: fires(ledger.Duplicate), total: 16, run: doubled(false, 16, 12, 3)},
		{name: "not idempotent, fewer than foreseen", foreseen: 3, doubts: missed(), run: doubled(false, 3, 12, 20)},
		{name: "nothing was foreseen", codes: fires(ledger.Duplicate), total: 12, run: doubled(true, 12, 0, 0)},
	})
}

func TestForeseenFindingsAreEvidence(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	p := h.producer()
	h.sends(p, 0, 100)
	h.drop(p, 0, 30)
	h.sends(p, 0, 100)
	h.double(0, 12)
	h.foresee(ledger.LostAcked, -1, 30)
	h.foresee(ledger.Duplicate, 0, 12)
	h.options.MaxEvidence = 4
	h.finish()
	j := h.l.Judge(h.options)
	require.Empty(t, j.Findings)
	require.Empty(t, j.Doubts)
	require.Len(t, j.Foreseen, 8)
	require.Equal(t, int64(30), total(j.Foreseen, ledger.LostAcked))
	require.Equal(t, int64(12), total(j.Foreseen, ledger.Duplicate))
	require.Equal(t, int64(30), j.Evidence.ForeseenLost)
	require.Equal(t, int64(12), j.Evidence.ForeseenDuplicates)
	require.Equal(t, j.Counts.Acked, j.Evidence.AckedFound+j.Evidence.ForeseenLost)

	h.options.Foreseen[0].Records = 32
	h.options.Foreseen[1].Records = 11
	j = h.l.Judge(h.options)
	require.Equal(t, []ledger.Doubt{{
		Code: ledger.ForeseenMissed, Text: "32 findings of LOST_ACKED in t were foreseen (a fault), and 2 of them did not come: 30 were found",
	}}, j.Doubts)
	require.Len(t, j.Findings, 4)
	require.Equal(t, int64(12), total(j.Findings, ledger.Duplicate))
	require.Zero(t, j.Evidence.ForeseenDuplicates)
}

// A random run in which faults drop and double records raises exactly what was foreseen, and nothing else.
func TestFaultsInRandomRunsRaiseWhatWasForeseen(t *testing.T) {
	t.Parallel()
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h := newHealthy(t, seed+100)
			r := rand.New(rand.NewPCG(seed, 7))
			faulty := h.l.NewProducer(ledger.ProducerOptions{Name: "faulty", Idempotent: true, Ordered: true})
			lost, twice := map[int32]int64{}, map[int32]int64{}
			for range 20 {
				h.run(10)
				partition, n := int32(r.IntN(2)), 1+r.IntN(9)
				switch r.IntN(3) {
				case 0:
					h.drop(faulty, partition, n)
					lost[partition] += int64(n)
				case 1:
					base, made := h.end(partition), []ledger.Made{}
					for range n {
						m := faulty.Make(nil, 60)
						h.put(partition, recordOf(m))
						made = append(made, m)
					}
					h.double(partition, n)
					h.writeObject(partition, base)
					for i, m := range made {
						h.ack(m, partition, base+int64(i))
					}
					twice[partition] += int64(n)
				default:
					heal := h.l.Disturb(ledger.AllErrors)
					h.run(3)
					h.l.ClientError("reader", "COORDINATOR_NOT_AVAILABLE", "")
					heal()
				}
			}
			h.finalReads()
			h.auditObjects()
			for partition := range int32(2) {
				h.foresee(ledger.LostAcked, partition, lost[partition])
				h.foresee(ledger.Duplicate, -1, twice[partition])
			}
			j := h.l.Judge(h.history.options)
			require.Empty(t, j.Findings, "seed %d", seed)
			require.Empty(t, j.Doubts, "seed %d", seed)
			require.Equal(t, lost[0]+lost[1], j.Evidence.ForeseenLost)
			require.Equal(t, twice[0]+twice[1], j.Evidence.ForeseenDuplicates)
			require.Equal(t, j.Counts.Acked, j.Evidence.AckedInObjects+j.Evidence.ForeseenLost)
			require.Equal(t, j.Counts.Acked+j.Counts.Suspicious, j.Evidence.AckedFound+j.Evidence.ForeseenLost)
		})
	}
}
