package js

import (
	"context"

	"github.com/grafana/sobek"

	"k6suite/extension/trust"
)

// versions asks each broker what it offers, and says what the suite misses.
func (l *ledger) versions() *sobek.Promise {
	return l.async(func(ctx context.Context, run *trust.Run, _ *reporter) (any, error) { return run.Versions(ctx) })
}
