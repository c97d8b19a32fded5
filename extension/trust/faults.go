package trust

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"k6suite/extension/chaos"
	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

// disturbances are the faults of the run: what they excuse, and what they must bring about.
type disturbances struct {
	mu     sync.Mutex
	active map[*chaos.Handle]func() // how to tell the ledger that it has ended

	calm context.Context    //nolint:containedctx // ends when a fault begins: of questions that are asked only while nothing is disturbed
	stir context.CancelFunc // ends calm
}

// whileCalm gives a context that ends when a fault begins; false while one is active. What the run asks for its own sake must not
// wait for what a fault holds up: it would keep traffic from flowing that nothing disturbs.
func (r *Run) whileCalm(ctx context.Context) (context.Context, context.CancelFunc, bool) {
	d := &r.disturbances
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.active) > 0 {
		return nil, nil, false
	}
	if d.calm == nil {
		d.calm, d.stir = context.WithCancel(context.Background())
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(d.calm, cancel)
	return ctx, func() { stop(); cancel() }, true
}

// Began implements chaos.Listener: from here on clients may see errors, and no rule holds them against the target.
func (r *Run) Began(h *chaos.Handle) {
	d := &r.disturbances
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.active == nil {
		d.active = map[*chaos.Handle]func(){}
	}
	d.active[h] = r.ledger.Disturb()
	if d.stir != nil {
		d.stir()
		d.calm, d.stir = nil, nil
	}
	if p := r.Phase(); p == Baseline || p == Recovery {
		r.enter(Disturbed)
	}
}

// Ended implements chaos.Listener.
func (r *Run) Ended(h *chaos.Handle) {
	d := &r.disturbances
	d.mu.Lock()
	defer d.mu.Unlock()
	healed := d.active[h]
	delete(d.active, h)
	if healed != nil {
		healed()
	}
	if len(d.active) == 0 && r.Phase() == Disturbed {
		r.enter(Recovery)
	}
}

// heal ends all faults before the run is judged. What hit nothing proves nothing.
func (r *Run) heal() {
	r.target.faults.Heal()
	for _, h := range r.target.faults.Handles() {
		if h.Hits() == 0 {
			r.doubt(contract.Doubt{Text: fmt.Sprintf("fault %d hit nothing: %s", h.Number(), specOf(h))})
		}
		if h.Ambiguous() {
			r.doubt(contract.Doubt{Text: fmt.Sprintf("fault %d acts on what is produced and on what is fetched, so that its counts do not tell "+
				"what it took from what the target lost: name one api: %s", h.Number(), specOf(h))})
		}
	}
}

func specOf(h *chaos.Handle) string {
	spec, err := json.Marshal(h.Rule())
	if err != nil {
		return err.Error()
	}
	return string(spec)
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
