package ledger_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

// unmutated are the rules that no history of records breaks: what they judge is measured by others, and told to the ledger in one call.
// Their tests are TestStorm, TestCertificates and TestAccess.
func unmutated() map[ledger.Code]string {
	const (
		storm  = "a storm of connections is one measurement"
		shown  = "certificates are told in one call"
		access = "what principals were granted is told operation by operation"
	)
	return map[ledger.Code]string{
		ledger.ConnectionLimit: storm, ledger.ResourceLeak: storm, ledger.BadCertificate: shown,
		ledger.AccessLeak + "/read": access, ledger.AccessLeak + "/write": access, ledger.AccessLeak + "/existence": access,
		ledger.AccessRefused: access, ledger.UnclearRefusal: access,
	}
}

func TestEachRuleHasAMutationOrAReason(t *testing.T) {
	t.Parallel()
	mutated, reasons := mutations(), unmutated()
	var rules []ledger.Code
	for _, r := range ledger.Rules() {
		rules = append(rules, r.Name())
		_, one := mutated[r.Name()]
		_, other := reasons[r.Name()]
		require.NotEqual(t, one, other, "%s has a mutation, or a reason why not", r.Name())
	}
	require.ElementsMatch(t, rules, slices.Concat(slices.Collect(maps.Keys(mutated)), slices.Collect(maps.Keys(reasons))))
}

// overtake has a record sent that takes a place below those which were acked before.
func (h *healthy) overtake(p *ledger.Producer, place int64, key []byte) {
	m, began := p.Make(key, 60), h.now()
	h.logs[0][place] = at(m, place)
	h.l.Settle(ledger.Outcome{Serial: m.Serial, TP: tp(0), Offset: place, Began: began, At: h.now()})
}

// orderMutations break the order of a key.
func orderMutations() map[ledger.Code]func(h *healthy) {
	key := []byte("21") // of partition 0
	return map[ledger.Code]func(h *healthy){
		ledger.KeyReorder: func(h *healthy) {
			p := h.sender()
			if h.r.IntN(2) == 0 {
				place := h.put(0, nil)
				for range 1 + h.r.IntN(5) {
					m := p.Make(key, 60)
					h.ack(m, 0, h.put(0, recordOf(m)))
				}
				h.pass(10 * time.Millisecond)
				h.overtake(h.producers[2], place, key)
				h.finalReads()
				return
			}
			var made []ledger.Made
			for range 2 + h.r.IntN(5) {
				made = append(made, p.Make(key, 60))
			}
			i := h.r.IntN(len(made) - 1)
			made[i], made[i+1] = made[i+1], made[i]
			for _, m := range made {
				h.ack(m, 0, h.put(0, recordOf(m)))
			}
			h.finalReads()
		},
		ledger.Rewrite: func(h *healthy) {
			from := h.end(0)
			n := int64(3 + h.r.IntN(5))
			h.sends(h.sender(), 0, int(n))
			r := h.reader("before")
			r.Assign(tp(0), from)
			for offset := from; offset < from+n; offset++ {
				h.read(r, 0, offset)
			}
			place := from + h.r.Int64N(n)
			h.logs[0][place] = at(h.producers[2].Make(nil, 60), place)
			h.finalReads()
		},
	}
}

// transactionMutations break what transactions promise. Each begins one of its own, in a run that may have had none.
func transactionMutations() map[ledger.Code]func(h *healthy) {
	// begin gives a producer with an open transaction, of some acked records in both partitions.
	begin := func(h *healthy) (*healthyTxn, []ledger.Made) {
		if h.x == nil {
			h.x = newTransactions(h)
			h.x.read = [2]int64{h.end(0), h.end(1)}
		}
		x := h.begin(h.x.producers[0])
		var made []ledger.Made
		for i := range 2 + h.r.IntN(5) {
			made = append(made, h.sendIn(x, h.x.producers[0], int32(i%2), nil))
		}
		h.flush(x)
		return x, made
	}
	return map[ledger.Code]func(h *healthy){
		ledger.AbortedRead: func(h *healthy) {
			if h.r.IntN(2) == 0 {
				m := h.sender().Make(nil, 60)
				h.outcome(m, ledger.Failed, 0, "MESSAGE_TOO_LARGE")
				h.put(0, recordOf(m))
			} else {
				x, _ := begin(h)
				x.t.Aborted()
				h.conclude(x, txnCommitted) // by the target, whatever it was told
			}
			h.finalReads()
		},
		ledger.UncommittedRead: func(h *healthy) {
			x, _ := begin(h)
			partition := h.r.IntN(2)
			reader := h.l.NewReader(ledger.ReaderOptions{Name: "early", Committed: true})
			reader.Read(tp(int32(partition)), *h.logs[int32(partition)][x.first[partition]])
			if h.r.IntN(2) == 0 {
				x.t.Committing()
				h.conclude(x, txnCommitted)
				x.t.Committed()
			}
			h.conclude(x, txnAborted)
			h.finalReads()
		},
		ledger.TornTxn: func(h *healthy) {
			x, _ := begin(h)
			x.t.Committing()
			h.conclude(x, txnCommitted)
			if h.r.IntN(2) == 0 {
				x.t.Committed()
			}
			partition := h.r.IntN(2)
			h.x.of[partition][x.first[partition]] = &healthyTxn{fate: txnAborted}
			h.finalReads()
		},
		ledger.EOSDouble: func(h *healthy) {
			if h.x == nil {
				h.x = newTransactions(h)
			}
			source := h.end(0)
			h.sends(h.sender(), 0, 3)
			twice := h.r.IntN(2) == 0
			offsets := []int64{source, source + 2} // and nothing of the one between
			if twice {
				offsets = []int64{source, source + 1, source + 2, source + h.r.Int64N(3)}
			}
			p := h.l.NewProducer(transactional("doubles"))
			for _, offset := range offsets {
				x := h.begin(p)
				output := h.sendIn(x, p, 1, nil)
				h.x.pipe.Derived(tp(0), offset, p, output.Serial)
				h.flush(x)
				x.t.Committing()
				h.conclude(x, txnCommitted)
				x.t.Committed()
			}
			h.x.pipe.Consumed(tp(0), source+3)
			h.finalReads()
		},
	}
}

// disturbedMutations break what a target promises when it was disturbed.
func disturbedMutations() map[ledger.Code]func(h *healthy) {
	return map[ledger.Code]func(h *healthy){
		ledger.Stuck: func(h *healthy) {
			h.l.Healed()
			for range 1 + h.r.IntN(3) {
				h.begun(h.sender(), 0, ledger.Unknown, 31*time.Second)
			}
			h.finalReads()
		},
		ledger.SlowRecovery: func(h *healthy) {
			h.begun(h.sender(), 0, ledger.Acked, 0)
			h.l.Interrupted("kill of broker 1")
			h.begun(h.sender(), 0, ledger.Acked, recoveryBound+time.Duration(h.r.IntN(5000))*time.Millisecond)
			h.finalReads()
		},
		ledger.AckInOutage: func(h *healthy) {
			over := h.l.Outage()
			h.pass(time.Second)
			h.begun(h.sender(), int32(h.r.IntN(2)), ledger.Acked, time.Duration(h.r.IntN(1000))*time.Millisecond)
			h.pass(time.Second)
			over()
			h.finalReads()
		},
	}
}

// metadataMutations break what metadata has to show.
func metadataMutations() map[ledger.Code]func(h *healthy) {
	return map[ledger.Code]func(h *healthy){
		ledger.MetadataLie + "/unreachable": func(h *healthy) {
			h.l.Unreachable(ledger.Unreachable{Who: "preflight", Broker: int32(h.r.IntN(3)), Partition: -1})
			h.finalReads()
		},
		ledger.MetadataLie + "/unspread": func(h *healthy) {
			h.history.options.SpreadPromised = true
			h.l.Spread(map[int32]ledger.BrokerTraffic{0: {Requests: 20 + h.r.Int64N(1000)}, 2: {}})
			h.finalReads()
		},
		ledger.MetadataLie + "/changed": func(h *healthy) {
			m := metadata(endpoint)
			for leader := range int32(2) {
				m.Leaders = map[ledger.TopicPartition]int32{tp(0): leader}
				h.l.SawMetadata(m)
			}
			h.finalReads()
		},
		ledger.MetadataLie + "/dead": func(h *healthy) {
			h.l.BrokerUp(1, false) // it may have been dead already
			h.l.BrokerDown(1)
			h.pass(recoveryBound + time.Duration(h.r.IntN(1000))*time.Millisecond)
			h.l.SawMetadata(metadata(endpoint, "b:1"))
			h.finalReads()
		},
		ledger.MetadataLie + "/idle": func(h *healthy) {
			spread := func(requests int64) {
				h.l.Spread(map[int32]ledger.BrokerTraffic{0: {Requests: requests}, 7: {}})
			}
			spread(1000)
			h.l.BrokerUp(7, true)
			h.pass(recoveryBound + time.Duration(h.r.IntN(1000))*time.Millisecond)
			spread(2000)
			spread(2020 + h.r.Int64N(100))
			h.finalReads()
		},
	}
}
