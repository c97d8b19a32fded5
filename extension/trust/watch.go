package trust

import (
	"context"
	"time"
)

// WatchOptions say how long somebody asks for the ends of the logs.
type WatchOptions struct {
	Every   time.Duration // default 100ms
	Timeout time.Duration // at most; default 60s
}

// Watched is what came of it.
type Watched struct {
	Questions int64  `json:"questions"`
	Stopped   string `json:"stopped"` // why nothing was asked
}

// WatchEnds is a client that reads nothing and only asks where the logs end, again and again until all traffic that flows has
// ended. What it is answered goes to the ledger.
func (r *Run) WatchEnds(ctx context.Context, o WatchOptions) (Watched, error) {
	if why := r.Stopped(); why != nil {
		return Watched{Stopped: why.Error()}, nil
	}
	if o.Every == 0 {
		o.Every = 100 * time.Millisecond
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	ctx, done, err := r.whileTraffic(ctx)
	if err != nil {
		return Watched{}, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	tick := time.NewTicker(o.Every)
	defer tick.Stop()
	var seen Watched
	for ctx.Err() == nil && !r.flows.over() {
		r.ask(ctx, "watcher of ends")
		r.tellSpread() // whether a new broker idles, while there is traffic
		seen.Questions++
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return seen, nil
}
