package trust

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
	"k6suite/extension/report"
	"k6suite/extension/saved"
)

// Plans matches the names of the plans of a run's faults, in the folder of its results: plan.json, plan-2.json.
const Plans = "plan*.json"

// finalReads is how many complete fresh reads a verdict needs.
const finalReads = 2

// Judge ends the run: it ends all faults, drains the producers, kills every broker and starts them empty where the target can, reads its
// topics completely twice, audits the bucket, and gives each requirement its verdict, which is also saved. Called again it
// answers the same.
func (r *Run) Judge(ctx context.Context) (*contract.Verdict, error) {
	r.judging.Lock() // who comes second gets the verdict of the first
	defer r.judging.Unlock()
	r.mu.Lock()
	known := r.verdict
	r.mu.Unlock()
	if known != nil {
		return known, nil
	}
	ctx, done := r.whileRunning(ctx)
	defer done()
	r.heal()
	r.enter(Drain)
	r.drain(ctx)
	r.enter(Final)
	facts := facts{}
	if r.Stopped() == nil {
		facts = r.final(ctx)
	}
	cut := context.Cause(r.interrupted)
	if cut != nil {
		r.mu.Lock()
		r.doubts = slices.Insert(r.doubts, 0, contract.Doubt{Text: cut.Error()}) // what else went wrong mostly follows from it
		r.mu.Unlock()
	}
	r.tellDeaths()
	verdict, run := r.decide(facts, cut != nil)
	r.mu.Lock()
	r.verdict = &verdict
	r.mu.Unlock()
	if err := report.Save(filepath.Join(r.opts.Results, r.opts.RunID), verdict); err != nil {
		return &verdict, fmt.Errorf("saving the verdict: %w", err)
	}
	if r.target.Profile.Save || r.opts.Part.Of > 1 {
		if err := r.save(run); err != nil {
			return &verdict, err
		}
	}
	return &verdict, nil
}

// save writes the run beside its verdict, with the plans of its faults.
func (r *Run) save(run *saved.Run) error {
	dir := filepath.Join(r.opts.Results, r.opts.RunID)
	files, err := filepath.Glob(filepath.Join(dir, Plans))
	if err != nil {
		return fmt.Errorf("saving the run: %w", err)
	}
	for _, file := range files {
		plan, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("saving the run: %w", err)
		}
		run.Plans = append(run.Plans, plan)
	}
	return saved.Write(filepath.Join(dir, saved.File), run)
}

// Judged says whether the run has its verdict.
func (r *Run) Judged() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.verdict != nil
}

// drain ends the traffic, waits for what is still in flight, and closes the clients: what is not settled then stays unknown,
// and casts doubt on the run, for nobody knows what the target would have answered.
func (r *Run) drain(ctx context.Context) {
	r.mu.Lock()
	r.ended = true
	clients, admin := r.clients, r.admin
	r.clients, r.admin = nil, nil
	r.mu.Unlock()
	r.endTraffic()
	r.disturbances.looks.Wait()
	ctx, cancel := context.WithTimeout(ctx, r.opts.Drain)
	defer cancel()
	r.waitForTraffic(ctx)
	var closing sync.WaitGroup
	for _, client := range clients { // together, so that a dead target costs the time of one
		closing.Go(func() {
			_ = client.Flush(ctx) // what it could not flush is unknown in the ledger, which is all there is to say
			_ = client.Close()
		})
	}
	r.transactions.close()
	closing.Wait()
	r.waitForOutcomes()
	if admin != nil {
		_ = admin.Close()
	}
	if n := r.cutOff.Load(); n > 0 && r.interrupted.Err() == nil {
		r.doubt(contract.Doubt{Text: fmt.Sprintf("%d records were still unanswered %s after the traffic had ended", n, r.opts.Drain)})
	}
}

// waitForTraffic waits for calls that somebody left under way: what they meet while brokers restart would look like the
// target's fault.
func (r *Run) waitForTraffic(ctx context.Context) {
	if !waitFor(ctx, &r.busy) && r.interrupted.Err() == nil {
		r.doubt(contract.Doubt{Text: "a call of produce or consume was still under way when the run was judged"})
	}
}

// settleTime is how long closed clients may take to tell of the last record that they held.
const settleTime = 5 * time.Second

// waitForOutcomes waits until the clients, which are closed, have told of every record: they do so on goroutines of their own,
// and a record without outcome would look like one that the target never answered.
func (r *Run) waitForOutcomes() {
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	if !waitFor(ctx, &r.unsettled) {
		r.doubt(contract.Doubt{Text: "clients that were closed did not tell what became of their records"})
	}
}

// waitFor reports whether a group was done before the context was.
func waitFor(ctx context.Context, group *sync.WaitGroup) bool {
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// facts are what the final phase found out beyond the ledger's findings.
type facts struct {
	restarted  int // brokers
	finalReads int
	audit      *contract.Audit
	partitions map[string]int32 // of each topic
	spread     map[int32]ledger.BrokerTraffic
}

// final is the phase of the same name. Whatever cannot be done in it becomes a doubt.
func (r *Run) final(ctx context.Context) facts {
	f, err := r.look(ctx)
	if err != nil && r.interrupted.Err() == nil {
		r.doubt(contract.Doubt{Text: err.Error()})
	}
	return f
}

// look does the work of the final phase, as far as it gets.
func (r *Run) look(ctx context.Context) (f facts, err error) {
	if r.target.Profile.Claims.ObjectStorage {
		r.lookAtBucket(ctx) // an object that is another one after the restart was overwritten
	}
	if f.restarted, err = r.target.restart(ctx); err != nil {
		return f, err
	}
	partitions, err := r.countPartitions(ctx)
	if err != nil {
		return f, err
	}
	f.partitions = partitions
	for topic, n := range partitions {
		r.ledger.SetPartitions(topic, n) // the partitioner rule goes by it while records are read
	}
	patience := time.Duration(r.target.Profile.Limits.Recovery)
	for n := 1; n <= finalReads; n++ {
		if err := readAll(ctx, r.config(nil), r.ledger, fmt.Sprintf("final read %d", n), r.opts.Topics, patience, r.opts.Stall); err != nil {
			return f, err
		}
		f.finalReads = n
		patience = 0 // what the first read waited for in vain is not late
	}
	if err := r.readTransactions(ctx, time.Duration(r.target.Profile.Limits.Recovery)); err != nil {
		return f, err
	}
	if err := r.askGroups(ctx); err != nil {
		return f, err
	}
	f.spread = r.tellSpread()
	if r.target.Profile.Claims.ObjectStorage {
		f.audit = r.auditBucket(ctx, partitions)
	}
	return f, nil
}
