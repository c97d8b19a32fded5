package trust

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"k6suite/extension/chaos"
	"k6suite/extension/chaos/platform"
	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

// disturbances are the faults of the run: what they excuse, and what they must bring about.
type disturbances struct {
	mu     sync.Mutex
	active map[*chaos.Handle]*disturbance
	dark   func() // how to tell the ledger that not all brokers are gone any more; nil while one runs

	connected   int64 // connections that clients had opened before brokers were added or taken away
	reconnected int64 // and after that, until the traffic ended

	calm context.Context    //nolint:containedctx // ends when a fault begins: of questions that are asked only while nothing is disturbed
	stir context.CancelFunc // ends calm

	looks      sync.WaitGroup // at the bucket, after faults
	fell       bool           // there was a fault on brokers
	brokers    brokerChanges
	dimmed     bool  // all brokers were gone once: groups have to find themselves again
	rebalances int64 // how often members of groups got partitions since the first fault on brokers, and before all were gone
}

// disturbance is one fault that is active.
type disturbance struct {
	healed    func()               // tells the ledger that it has ended
	writable  func()               // of an outage: that storage takes writes again
	woken     func()               // of a pause: that the brokers go on, who may not know yet that others have taken over
	recovery  *ledger.Interruption // nil: it interrupts nothing
	healFirst bool                 // nobody can recover before it has ended
}

// whileCalm gives a context that ends when a fault begins; false while one is active that holds up questions. What the run asks for its
// own sake must not wait for what a fault holds up: it would keep traffic from flowing that nothing disturbs.
func (r *Run) whileCalm(ctx context.Context) (context.Context, context.CancelFunc, bool) {
	d := &r.disturbances
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dark != nil {
		return nil, nil, false
	}
	for h := range d.active {
		if holdsUp(h) {
			return nil, nil, false
		}
	}
	if d.calm == nil {
		d.calm, d.stir = context.WithCancel(context.Background())
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(d.calm, cancel)
	return ctx, func() { stop(); cancel() }, true
}

// holdsUp says whether an answer may have to wait for the end of a fault.
func holdsUp(h *chaos.Handle) bool { return h.Family() != chaos.Processes || h.Action() == "pause" }

// disturb ends the calm.
func (d *disturbances) disturb() {
	if d.stir != nil {
		d.stir()
		d.calm, d.stir = nil, nil
	}
}

// Began implements chaos.Listener: from here on clients may see what the fault brings about.
func (r *Run) Began(h *chaos.Handle) {
	d := &r.disturbances
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.active == nil {
		d.active = map[*chaos.Handle]*disturbance{}
	}
	d.fell = d.fell || h.Family() == chaos.Processes
	d.scales(r, h)
	now := &disturbance{healed: r.ledger.Disturb(r.excuse(h)), healFirst: holdsUp(h)}
	if h.Outage() {
		now.writable = r.ledger.Outage()
	}
	if r.mayAnswerAsOfOld(h) {
		now.woken = r.ledger.Frozen()
	}
	if h.Family() == chaos.Storage {
		now.recovery = r.ledger.Interrupted(nameOf(h)) // on the wire it is clients that are disturbed, who have to give up first
	}
	d.active[h] = now
	if holdsUp(h) {
		d.disturb()
	}
	if p := r.Phase(); p == Baseline || p == Recovery {
		r.enter(Disturbed)
	}
}

const scaling = "scale"

// scales notes how things stood before the first change of the number of brokers.
func (d *disturbances) scales(r *Run, h *chaos.Handle) {
	if h.Action() != scaling {
		return
	}
	r.tellSpread() // of brokers that may be about to go
	if d.brokers.scaled == nil {
		d.brokers.scaled = []int{d.brokers.running}
		d.connected = r.dialed.Load()
	}
}

// excuse is what clients may see of a fault without that it counts against the target.
func (r *Run) excuse(h *chaos.Handle) ledger.Excuse {
	// Clients that know the brokers' own addresses see brokers go: only one address for all can keep that from them.
	seen := h.Family() == chaos.Processes && h.Action() != scaling && r.endpointPromised() == ""
	switch excuses := h.Excuses(); {
	case seen || excuses == chaos.AllErrors:
		return ledger.AllErrors
	case excuses == chaos.RetriableErrors:
		return ledger.RetriableErrors
	default:
		return ledger.NoErrors
	}
}

// mayAnswerAsOfOld says whether clients may be told by a broker that a fault has frozen what was true before: where they ask brokers
// at their own addresses, and brokers keep what they answer. Nobody fences such a broker for who knows no better.
func (r *Run) mayAnswerAsOfOld(h *chaos.Handle) bool {
	return h.Family() == chaos.Processes && h.Action() == "pause" && r.endpointPromised() == "" && !r.target.Profile.Claims.Stateless
}

func nameOf(h *chaos.Handle) string { return fmt.Sprintf("fault %d (%s)", h.Number(), h.Action()) }

// Broker implements chaos.Listener: the ledger knows which brokers there are, and from when on their partitions have to recover.
func (r *Run) Broker(change chaos.BrokerChange) {
	d := &r.disturbances
	d.mu.Lock()
	defer d.mu.Unlock()
	d.brokers.count(change)
	if change.State == platform.Running {
		r.ledger.BrokerUp(change.ID, change.Added)
	} else {
		r.ledger.BrokerDown(change.ID)
	}
	now := d.active[change.Handle]
	if now != nil && now.recovery == nil && !change.Added {
		now.recovery = r.ledger.Interrupted(nameOf(change.Handle))
	}
	switch {
	case change.AllDead && d.dark == nil: // whatever clients see now, nobody could have kept it from them
		d.dark, d.dimmed = r.ledger.Disturb(ledger.AllErrors), true
		d.disturb()
		for _, other := range d.active {
			other.healFirst = true
		}
	case !change.AllDead && d.dark != nil:
		d.dark()
		d.dark = nil
	}
}

// Ended implements chaos.Listener.
func (r *Run) Ended(h *chaos.Handle) {
	d := &r.disturbances
	d.mu.Lock()
	defer d.mu.Unlock()
	over := d.active[h]
	delete(d.active, h)
	if over == nil {
		return
	}
	if h.Action() == scaling {
		d.brokers.scaled = append(d.brokers.scaled, d.brokers.running)
	}
	over.healed()
	if over.woken != nil {
		over.woken()
	}
	if over.writable != nil {
		over.writable()
	}
	if over.recovery != nil && over.healFirst {
		over.recovery.Restored()
	}
	for _, other := range d.active { // what two faults have done together, nobody can recover from before both have ended
		other.healFirst = true
		if other.recovery != nil {
			other.recovery.Restored()
		}
	}
	if len(d.active) == 0 && r.Phase() == Disturbed {
		r.enter(Recovery)
	}
	if r.target.Profile.Claims.ObjectStorage {
		d.looks.Go(func() { r.lookAtBucket(r.traffic) })
	}
}

// countConnections notes what clients have opened since the number of brokers was first changed. When their traffic ends, they may open
// more to take their leave.
func (r *Run) countConnections() {
	d := &r.disturbances
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reconnected = r.dialed.Load() - d.connected
}

// heal ends all faults before the run is judged. What hit nothing proves nothing.
func (r *Run) heal() {
	r.FinishFlows()
	r.target.faults.Heal()
	for _, h := range r.target.faults.Handles() {
		if h.Hits() == 0 {
			r.doubt(contract.Doubt{Text: fmt.Sprintf("fault %d hit nothing: %s", h.Number(), h.Spec())})
		}
		if err := h.Err(); err != nil {
			r.doubt(contract.Doubt{Text: fmt.Sprintf("fault %d: %s", h.Number(), strings.ReplaceAll(err.Error(), "\n", "; "))})
		}
		if h.Ambiguous() {
			r.doubt(contract.Doubt{Text: fmt.Sprintf("fault %d acts on what is produced and on what is fetched, so that its counts do not tell "+
				"what it took from what the target lost: name one api: %s", h.Number(), h.Spec())})
		}
	}
}

// tellDeaths doubts the run where something of the target ended that nobody had taken away.
func (r *Run) tellDeaths() {
	if p, ok := r.target.platform.(interface{ Died() []string }); ok {
		for _, death := range p.Died() {
			r.doubt(contract.Doubt{Text: death})
		}
	}
}

// rebalanced notes that a member of a group was given partitions. That brokers come and go is no reason for it, unless all have gone.
func (r *Run) rebalanced() {
	d := &r.disturbances
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fell && !d.dimmed && !r.flows.over() {
		d.rebalances++
	}
}

// foreseen are the findings that the faults must have brought about: records that were taken from a producer after it had been told
// of their success are lost, those that were written twice are duplicates.
func (r *Run) foreseen() []ledger.Foreseen {
	var out []ledger.Foreseen
	for _, h := range r.target.faults.Handles() {
		for tp, n := range h.Touched() {
			if !slices.Contains(r.opts.Topics, tp.Topic) {
				continue
			}
			for _, effect := range h.Effects() {
				out = append(out, ledger.Foreseen{
					Code: ledger.Code(effect.Rule), Topic: tp.Topic, Partition: tp.Partition, Records: n, AnyNumber: !effect.Exact,
					Why: fmt.Sprintf("fault %d %s %d records of %s/%d", h.Number(), effect.Did, n, tp.Topic, tp.Partition),
				})
			}
		}
	}
	return out
}

// hidden says whether a fault has kept records from readers: then what they miss says nothing about the target.
func (r *Run) hidden() bool {
	return slices.ContainsFunc(r.foreseen(), func(f ledger.Foreseen) bool { return f.Code == ledger.PollSkip })
}

// foreseenLost is how many acked records no reader can ever get, because faults took them away.
func (r *Run) foreseenLost() (n int64) {
	for _, f := range r.foreseen() {
		if f.Code == ledger.LostAcked && !f.AnyNumber {
			n += f.Records
		}
	}
	return n
}
