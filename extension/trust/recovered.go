package trust

import (
	"context"
	"time"
)

// recoveredPoll is how often the ledger is asked whether all have recovered.
const recoveredPoll = 50 * time.Millisecond

// Recovered waits until each partition of the run acked a record that was sent after the last heal, and a reader got something since: who
// ends the traffic before has nothing to show. It is false where that did not happen within limits.stuck of the profile, which the
// judgement calls stuck, and where the run is stopped.
func (r *Run) Recovered(ctx context.Context) bool {
	ctx, done := r.whileRunning(ctx)
	defer done()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(r.target.Profile.Limits.Stuck))
	defer cancel()
	ask := time.NewTicker(recoveredPoll)
	defer ask.Stop()
	for r.Stopped() == nil {
		if r.ledger.Recovered(len(r.opts.Topics) * int(r.partitions.Load())) {
			return true
		}
		select {
		case <-ask.C:
		case <-ctx.Done():
			return false
		}
	}
	return false
}
