package trust

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"k6suite/extension/contract"
	"k6suite/extension/report"
)

// drainTime is how long the end of a run waits for outstanding acknowledgements before their records stay unknown.
const drainTime = 15 * time.Second

// finalReads is how many complete fresh reads a verdict needs.
const finalReads = 2

// Judge ends the run: it drains the producers, kills every broker and starts them empty where the target can, reads the
// topic completely twice, audits the bucket, and gives each requirement its verdict, which is also saved. Called again it
// answers the same.
func (r *Run) Judge(ctx context.Context) (*contract.Verdict, error) {
	r.mu.Lock()
	known := r.verdict
	r.mu.Unlock()
	if known != nil {
		return known, nil
	}
	ctx, done := r.whileRunning(ctx)
	defer done()
	r.drain(ctx)
	facts := facts{}
	if r.Stopped() == nil {
		facts = r.final(ctx)
	}
	if why := context.Cause(r.interrupted); why != nil {
		r.doubt(contract.Doubt{Text: why.Error()})
	}
	verdict := r.decide(facts)
	r.mu.Lock()
	r.verdict = &verdict
	r.mu.Unlock()
	if err := report.Save(filepath.Join(r.opts.Results, r.opts.RunID), verdict); err != nil {
		return &verdict, fmt.Errorf("saving the verdict: %w", err)
	}
	return &verdict, nil
}

// Judged says whether the run has its verdict.
func (r *Run) Judged() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.verdict != nil
}

// drain waits for what is still in flight, and closes the clients: what is not settled then stays unknown.
func (r *Run) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	r.mu.Lock()
	clients, admin := r.clients, r.admin
	r.clients, r.admin = nil, nil
	r.mu.Unlock()
	if admin != nil {
		_ = admin.Close()
	}
	for _, client := range clients {
		_ = client.Flush(ctx) // what it could not flush is unknown in the ledger, which is all there is to say
		_ = client.Close()
	}
}

// facts are what the final phase found out beyond the ledger's findings.
type facts struct {
	restarted  int // brokers
	finalReads int
	audit      *contract.Audit
	partitions map[string]int32 // of the topic
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
	if e := r.target.embedded; e != nil && r.target.Profile.Claims.Stateless {
		if err := e.Restart(ctx); err != nil {
			return f, fmt.Errorf("the brokers did not come back from the bucket: %w", err)
		}
		f.restarted = len(e.Brokers())
	}
	partitions, err := r.countPartitions(ctx)
	if err != nil {
		return f, err
	}
	f.partitions = map[string]int32{r.opts.Topic: partitions}
	r.ledger.SetPartitions(r.opts.Topic, partitions) // the partitioner rule goes by it while records are read
	patience := time.Duration(r.target.Profile.Limits.Recovery)
	for n := 1; n <= finalReads; n++ {
		if err := readAll(ctx, r.config(nil), r.ledger, fmt.Sprintf("final read %d", n), r.opts.Topic, patience); err != nil {
			return f, err
		}
		f.finalReads = n
		patience = 0 // what the first read waited for in vain is not late
	}
	if r.target.Profile.Claims.ObjectStorage {
		f.audit = r.auditBucket(ctx, partitions)
	}
	return f, nil
}
