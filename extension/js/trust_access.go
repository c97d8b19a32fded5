package js

import (
	"context"

	"github.com/grafana/sobek"

	"k6suite/extension/trust"
)

// access has principals try what they may and what they may not.
func (l *ledger) access(value sobek.Value) *sobek.Promise {
	var out trust.AccessOptions
	o := readOptions(l.vu.Runtime(), "access", value)
	o.duration("timeout", &out.Timeout)
	err := o.done()
	return l.async(func(ctx context.Context, run *trust.Run, _ *reporter) (any, error) {
		if err != nil {
			return nil, err
		}
		seen, err := run.Access(ctx, out)
		if seen.Matrix != "" {
			l.process.show(seen.Matrix)
		}
		return seen, err
	})
}

// show has a table printed above the verdict, when k6 exits.
func (p *process) show(table string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tables = append(p.tables, table)
}
