package kafka

import (
	"context"
	"sync"
	"time"
)

// expiry gives records the context that ends their wait. franz-go's own delivery timeout counts from a record's timestamp,
// which the caller may choose, so it would drop a record that is stamped in the past at once.
//
// Records that are handed over within a sixteenth of the timeout share one context: no timer per record.
type expiry struct {
	timeout time.Duration
	base    context.Context //nolint:containedctx // the life of the producer
	end     context.CancelFunc

	mu      sync.Mutex
	current context.Context //nolint:containedctx // handed out to records
	until   time.Time
}

func newExpiry(timeout time.Duration) *expiry {
	e := &expiry{timeout: timeout}
	e.base, e.end = context.WithCancel(context.Background())
	return e
}

// context gives a context that ends between timeout and 17/16 of it from now.
func (e *expiry) context(now time.Time) context.Context {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now.After(e.until) {
		slack := e.timeout / 16
		e.until = now.Add(slack)
		ctx, cancel := context.WithDeadline(e.base, e.until.Add(e.timeout))
		context.AfterFunc(ctx, cancel) // records hold it until then, or until base ends
		e.current = ctx
	}
	return e.current
}
