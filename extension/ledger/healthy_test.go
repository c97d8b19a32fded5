package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

// healthy is a random run on a target that keeps all promises: producers of every kind, acks that come late and out of order, unknown
// outcomes that land now, later or never, failures, holes, groups that rebalance and read again from the last commit.
type healthy struct {
	*history
	r         *rand.Rand
	producers []*ledger.Producer
	options   []ledger.ProducerOptions
	acks      []ledger.Outcome // under way
	late      []placedRecord   // of unknown outcome, still to land
	objects   []ledger.Object
	disturbed func() // heals, if a disturbance is active
	asked     time.Time
	down      bool // broker 1
	readers   []*ledger.Reader
	owner     [2]int   // reader of a partition, −1 for none
	position  [2]int64 // next offset of the owner
	committed [2]int64

	generation int32         // of the group
	spare      time.Duration // for which nobody may be answered yet
	x          *transactions // nil: the run has none
}

type placedRecord struct {
	partition int32
	record    *ledger.Record
}

func newHealthy(t *testing.T, seed uint64) *healthy {
	t.Helper()
	h := &healthy{history: newHistory(t), spare: 2 * time.Second, r: rand.New(rand.NewPCG(seed, 99)), owner: [2]int{-1, -1}}
	for i := range 6 {
		o := ledger.ProducerOptions{Name: fmt.Sprintf("producer %d", i), Idempotent: i%2 == 0, Ordered: i%2 == 0, Keyed: i%3 == 0}
		h.options = append(h.options, o)
		h.producers = append(h.producers, h.l.NewProducer(o))
	}
	h.history.options.RecoveryBound = recoveryBound
	if h.r.IntN(2) == 0 {
		h.x = newTransactions(h)
	}
	for i := range 3 {
		h.readers = append(h.readers, h.l.NewReader(ledger.ReaderOptions{Name: readerName(i), Group: "g"}))
	}
	return h
}

// recoveryBound is longer than all that happens in a healthy history, in which acks are under way for as long as chance has it.
const recoveryBound = time.Minute

func readerName(i int) string { return fmt.Sprintf("reader %d", i) }

// batch produces a few records of one producer to one partition.
func (h *healthy) batch() {
	i := h.r.IntN(len(h.producers))
	partition := int32(h.r.IntN(2))
	base, fate := h.end(partition), h.r.IntN(20)
	var made []ledger.Made
	for range 1 + h.r.IntN(1+h.r.IntN(50)) { // most are small
		made = append(made, h.record(i, partition))
	}
	for _, m := range made {
		switch fate {
		case 0:
			h.outcome(m, ledger.Failed, partition, "MESSAGE_TOO_LARGE")
			continue
		case 1:
			h.outcome(m, ledger.Unknown, partition, "REQUEST_TIMED_OUT")
			if h.r.IntN(2) == 0 {
				h.late = append(h.late, placedRecord{partition, recordOf(m)})
			}
			continue
		}
		o := ledger.Outcome{Serial: m.Serial, TP: tp(partition), Offset: h.put(partition, recordOf(m)), Began: h.clock}
		switch fate {
		case 2:
			o.Kind, o.Offset, o.Error = ledger.Unknown, -1, "CONNECTION_LOST"
		case 3:
			o.Kind, o.Offset, o.Retried = ledger.Suspicious, -1, true
		}
		if fate != 4 { // these are never settled
			h.acks = append(h.acks, o)
		}
	}
	h.writeObject(partition, base)
}

// writeObject writes the object of what was appended from an offset on, before anyone hears of it.
func (h *healthy) writeObject(partition int32, base int64) {
	if last := h.end(partition) - 1; last >= base {
		key := fmt.Sprintf("t/%d/%d", partition, base)
		h.objects = append(h.objects, ledger.Object{Key: key, TP: tp(partition), Base: base, Last: last, Written: h.now()})
	}
}

// record makes or stamps one, with a key that belongs into the partition.
func (h *healthy) record(i int, partition int32) ledger.Made {
	key := []byte(nil)
	if h.options[i].Keyed {
		key = []byte([]string{"21", "abc"}[partition])
	} else if h.r.IntN(2) == 0 {
		key = fmt.Appendf(nil, "%d", h.r.IntN(50))
	}
	switch h.r.IntN(6) {
	case 0:
		return h.producers[i].Stamp(key, nil, nil)
	case 1:
		return h.producers[i].Stamp(key, []byte("{}"), []ledger.Header{{Key: "a", Value: []byte("b")}, {Key: "a"}})
	}
	return h.producers[i].Make(key, h.r.IntN(200))
}

// settle delivers some of the acks that are under way, in any order.
func (h *healthy) settle(n int) {
	for range min(n, len(h.acks)) {
		i := h.r.IntN(len(h.acks))
		o := h.acks[i]
		h.acks = slices.Delete(h.acks, i, i+1)
		o.At = h.now()
		h.l.Settle(o)
	}
}

// land appends one of the late records.
func (h *healthy) land() {
	if len(h.late) > 0 {
		late := h.late[0]
		h.late = h.late[1:]
		base := h.end(late.partition)
		h.put(late.partition, late.record)
		h.writeObject(late.partition, base)
	}
}

// poll lets the owner of a partition read on, and commit at times.
func (h *healthy) poll() {
	p := int32(h.r.IntN(2))
	if h.owner[p] < 0 {
		h.rebalance(p)
	}
	for range h.r.IntN(80) {
		if h.position[p] == h.end(p) {
			break
		}
		if record := h.logs[p][h.position[p]]; record != nil {
			h.readers[h.owner[p]].Read(tp(p), *record)
		}
		h.position[p]++
	}
	if h.r.IntN(3) == 0 && h.position[p] > h.committed[p] {
		h.committed[p] = h.position[p]
		h.l.Committed("g", readerName(h.owner[p]), tp(p), h.committed[p])
	}
}

func (h *healthy) rebalance(p int32) {
	if h.owner[p] >= 0 {
		h.readers[h.owner[p]].Revoke(tp(p))
	}
	h.owner[p] = h.r.IntN(len(h.readers))
	h.generation++
	for member := range h.readers {
		var owned []ledger.TopicPartition
		for at, owner := range h.owner {
			if owner == member {
				owned = append(owned, tp(int32(at)))
			}
		}
		h.l.Owns("g", readerName(member), h.generation, owned)
	}
	question := h.l.AskCommitted("g", readerName(h.owner[p]), tp(p))
	answer := h.committed[p]
	if answer == 0 {
		answer = -1 // nothing is committed
	}
	question.Answered(answer)
	h.position[p] = h.committed[p]
	from := h.committed[p]
	if h.r.IntN(2) == 0 {
		from = -1
	}
	h.readers[h.owner[p]].Assign(tp(p), from)
}

func (h *healthy) run(steps int) {
	for range steps {
		switch h.r.IntN(18) {
		case 12:
			h.look()
		case 13:
			h.unrest()
		case 14, 15, 16, 17:
			if h.x == nil {
				h.batch()
				continue
			}
			[...]func(){h.transact, h.transact, h.process, h.readCommitted}[h.r.IntN(4)]()
		case 0, 1, 2, 3:
			h.batch()
		case 4, 5, 6:
			h.settle(h.r.IntN(60))
		case 7, 8:
			h.poll()
		case 9:
			p := int32(h.r.IntN(2))
			q := h.l.AskEnd(tp(p), "lag")
			h.settle(h.r.IntN(5))
			q.Answered(h.end(p))
		case 10:
			h.land()
			h.disturb()
			h.l.SawMetadata(metadata(endpoint))
			if h.r.IntN(3) == 0 {
				h.rebalance(int32(h.r.IntN(2)))
			}
		default:
			h.put(int32(h.r.IntN(2)), nil)
		}
	}
	h.settle(len(h.acks))
	if h.disturbed != nil {
		h.disturb()
	}
	h.settleTransactions()
	for at, question := range h.l.AskAllCommitted("g", "final question") {
		question.Answered(h.committed[at.Partition])
	}
}

// finalReads are all that a run needs.
func (h *healthy) finalReads() {
	h.history.finalReads()
	h.committedReads()
}

// wait lets some time go by in which nothing happens.
func (h *healthy) wait() {
	some := time.Duration(h.r.Int64N(int64(h.spare) + 1))
	h.spare -= some
	h.pass(some)
}

// unrest is what a target that keeps its promises gets over: service that is taken away and comes back, a broker that freezes, storage that
// takes no writes, a restart of all.
func (h *healthy) unrest() {
	switch h.r.IntN(4) {
	case 0:
		i := h.l.Interrupted("restart of all brokers")
		h.wait()
		i.Restored()
		for p := range int32(2) {
			h.rebalance(p)
		}
	case 1:
		woken := h.l.Frozen()
		h.batch()
		woken()
	case 2:
		over := h.l.Outage()
		h.wait()
		h.settle(h.r.IntN(10)) // what was in storage before it began is acked in it
		over()
	case 3:
		h.l.Healed()
	}
}

// look has clients see the ends of a log, brokers that come and go, and objects.
func (h *healthy) look() {
	p := int32(h.r.IntN(2))
	end := h.end(p)
	h.l.SawLog(tp(p), "fetch", ledger.LogEnds{LastStable: max(end-1, 0), HighWatermark: end}, h.now())
	if !h.asked.IsZero() && h.r.IntN(2) == 0 { // what was asked long ago may show what has been true in between
		h.l.SawLog(tp(p), "slow", ledger.LogEnds{Start: -1, LastStable: -1, HighWatermark: end}, h.asked)
	}
	h.asked = h.now()
	if h.down = !h.down; h.down {
		h.l.BrokerDown(1)
		h.l.Interrupted("kill of broker 1")
	} else {
		h.l.BrokerUp(1, true)
	}
	h.l.Spread(map[int32]ledger.BrokerTraffic{0: {Requests: end}, 1: {Requests: end / 2}})
	for i, o := range h.objects {
		h.l.SawObject(ledger.ObjectSeen{Key: o.Key, TP: o.TP, Base: o.Base, ETag: fmt.Sprint(i), Size: int64(i + 1), At: h.now()})
	}
}

// disturb begins a disturbance, or ends the one that is active.
func (h *healthy) disturb() {
	if h.disturbed != nil {
		h.disturbed()
		h.disturbed = nil
		return
	}
	h.disturbed = h.l.Disturb(ledger.AllErrors)
}

// auditObjects reads the objects in any order, some of them twice.
func (h *healthy) auditObjects() {
	a := h.l.NewAudit()
	h.r.Shuffle(len(h.objects), func(i, k int) { h.objects[i], h.objects[k] = h.objects[k], h.objects[i] })
	for i, o := range h.objects {
		a.Object(o)
		for range 1 + i%2 {
			for offset := o.Base; offset <= o.Last; offset++ {
				a.Read(o.TP, o.Key, *h.logs[o.TP.Partition][offset])
			}
		}
	}
	a.Complete(tp(0))
	a.Complete(tp(1))
}

func TestHealthyRunsRaiseNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h := newHealthy(t, seed)
			h.run(150 + h.r.IntN(300))
			h.l.Spread(map[int32]ledger.BrokerTraffic{0: {Connections: 3, Requests: 90}, 1: {Connections: 2, Requests: 1}, 2: {}})
			if seed%2 == 0 {
				h.auditObjects()
			}
			h.finalRead("final 1")
			if seed%2 == 1 && seed%3 == 0 {
				h.land() // one more behind the first final read
			}
			h.finalRead("final 2")
			h.committedReads()
			if seed%2 == 1 {
				h.auditObjects()
			}
			h.history.options.Endpoint, h.history.options.SpreadPromised, h.history.options.Steady = endpoint, true, true
			h.history.options.Partitions = map[string]int32{topic: 2}
			j := h.l.Judge(h.history.options)
			require.Empty(t, j.Findings, "seed %d", seed)
			require.Empty(t, j.Doubts, "seed %d", seed)
			require.Positive(t, j.Counts.Acked)
			require.Positive(t, j.Evidence.Heals)
			require.Positive(t, j.Evidence.MetadataSeen)
			require.Equal(t, j.Counts.Sent, j.Counts.Acked+j.Counts.Suspicious+j.Counts.Failed+j.Counts.Unknown)
		})
	}
}
