package js

import (
	"context"
	"time"

	"github.com/grafana/sobek"

	"k6suite/extension/trust"
)

// transact sends tracked records in one transaction, and ends it.
func (l *ledger) transact(value sobek.Value) *sobek.Promise {
	out := trust.TransactOptions{Records: 1, Size: 200, Timeout: time.Minute, Meter: l.meter}
	o := readOptions(l.vu.Runtime(), "transact", value)
	o.text("topic", &out.Topic, l.options.Topics...)
	whole(o, "records", &out.Records, 1, 10_000)
	whole(o, "size", &out.Size, 0, 1<<20)
	o.boolean("abort", &out.Abort)
	o.duration("hold", &out.Hold)
	o.duration("timeout", &out.Timeout)
	err := o.done()
	vu := l.vuID()
	return l.async(func(ctx context.Context, run *trust.Run, _ *reporter) (any, error) {
		if err != nil {
			return nil, err
		}
		return run.Transact(ctx, vu, out)
	})
}

// transform consumes, transforms and produces in transactions.
func (l *ledger) transform(value sobek.Value) *sobek.Promise {
	out := trust.TransformOptions{Batch: 50, Timeout: time.Minute, Meter: l.meter}
	o := readOptions(l.vu.Runtime(), "transform", value)
	o.text("group", &out.Group)
	o.required("group", out.Group)
	o.text("from", &out.From, l.options.Topics...)
	o.text("to", &out.To, l.options.Topics...)
	whole(o, "batch", &out.Batch, 1, 10_000)
	whole(o, "abortEvery", &out.AbortEvery, 2, 1_000_000)
	whole(o, "crashAfter", &out.CrashAfter, 1, 1_000_000)
	o.duration("timeout", &out.Timeout)
	err := o.done()
	return l.async(func(ctx context.Context, run *trust.Run, _ *reporter) (any, error) {
		if err != nil {
			return nil, err
		}
		return run.Transform(ctx, out)
	})
}
