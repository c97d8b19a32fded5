package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

// TestPropertyInstances: random traffic of several instances, of which each ends when it likes, raises nothing, neither in one of them nor
// in all; what then happens to a record of one that has ended is found by all together.
func TestPropertyInstances(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 7))
			all := instances(t, 2+r.IntN(4))
			producers := make([][]*ledger.Producer, len(all))
			readers := make([]*ledger.Reader, len(all))
			for i, h := range all {
				for range 1 + r.IntN(3) {
					producers[i] = append(producers[i], h.producer())
				}
				readers[i] = h.reader("r")
			}
			spoilt := int(seed % 4) // 0: nothing
			for ended := range all {
				for range 50 + r.IntN(100) {
					i := ended + r.IntN(len(all)-ended)
					h, p := all[i], producers[i][r.IntN(len(producers[i]))]
					partition := int32(r.IntN(2))
					switch r.IntN(12) {
					case 0:
						h.put(partition, nil) // a marker
					case 1:
						h.put(partition, recordOf(p.Make(nil, 100))) // its ack never came
					case 2:
						h.outcome(p.Make(nil, 100), ledger.Unknown, partition, "REQUEST_TIMED_OUT")
					case 3:
						if n := h.end(partition); n > 0 && h.logs[partition][n-1] != nil {
							h.read(readers[i], partition, n-1)
							readers[i].Revoke(tp(partition))
						}
					default:
						h.send(p, partition)
					}
				}
				if ended == 0 {
					all[0].send(producers[0][0], 0)
				}
				if ended == len(all)-1 {
					all[0].spoil(r, spoilt)
				}
				all[ended].finalReads()
			}
			judgement := merge(t, all...)
			want := map[int][]ledger.Code{0: {}, 1: {ledger.InconsistentOffset}, 2: {ledger.Duplicate}, 3: {ledger.Phantom}}[spoilt]
			require.Equal(t, want, codes(judgement), "%+v", judgement.Findings)
		})
	}
}

// spoil does something to the first record of this instance, which has ended: it is gone, or there once more, or another of its name.
func (h *history) spoil(r *rand.Rand, how int) {
	at := 0
	for h.logs[0][at] == nil || h.l.Identify(*h.logs[0][at]).Serial.Producer()>>16 != 0 {
		at++
	}
	switch how {
	case 1:
		h.logs[0][at] = nil
	case 2:
		h.put(int32(r.IntN(2)), h.logs[0][at])
	case 3:
		other := ledger.New(ledger.Options{Run: "run", Instances: 2})
		p := other.NewProducer(ledger.ProducerOptions{})
		p.Reserve(1 << 20)
		h.put(0, recordOf(p.Make(nil, 100)))
	}
}
