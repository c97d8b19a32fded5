package js

import (
	"context"

	"github.com/grafana/sobek"

	"k6suite/extension/trust"
)

// trim deletes records of the run on purpose.
func (l *ledger) trim(value sobek.Value) *sobek.Promise {
	before, err := offsetsOf(l.vu.Runtime(), value)
	return l.async(func(ctx context.Context, run *trust.Run, _ *reporter) (any, error) {
		if err != nil {
			return nil, err
		}
		return run.Trim(ctx, before)
	})
}
