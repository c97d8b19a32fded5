package js

import (
	"errors"
	"fmt"

	"github.com/grafana/sobek"

	"k6suite/extension/kafka"
	"k6suite/extension/trust"
)

// stamped copies a record and gives the copy the headers of its identity.
func (l *ledger) stamped(run *trust.Run, value sobek.Value) (sobek.Value, error) {
	codec := l.codec()
	record, err := codec.record(value)
	if err != nil {
		return nil, fmt.Errorf("stamp: record %w", err)
	}
	rt := l.vu.Runtime()
	out, from := rt.NewObject(), value.ToObject(rt)
	for _, key := range recordKeys {
		if v := from.Get(key); !absent(v) {
			if err := out.Set(key, v); err != nil {
				return nil, err
			}
		}
	}
	headers := run.Stamp(l.vuID(), record.Key, record.Value, record.Headers)
	return out, out.Set("headers", codec.bytes.headers(headers))
}

var errNotRead = errors.New("seen: give a record that a Consumer of k6/x/kafka returned")

// saw passes on a record just as it was read: what a script made of it does not matter.
func (l *ledger) saw(run *trust.Run, value sobek.Value) error {
	read, ok := exported[*consumed](value)
	if !ok {
		return errNotRead
	}
	run.Seen(l.vuID(), *read.Record)
	return nil
}

// codec reads records for a class of another module of ours.
func (l *ledger) codec() *kafkaInstance {
	return &kafkaInstance{vu: l.vu, bytes: newByteCodec(l.vu.Runtime())}
}

// reportSettled tells the ledger what became of records that a script sent itself: those that were stamped.
func (p *process) reportSettled(records []kafka.Record, results []kafka.Result, retried bool) {
	p.mu.Lock()
	run := p.run
	p.mu.Unlock()
	if run == nil {
		return
	}
	for i := range results {
		if len(records[i].Headers) > 0 { // a stamp is one
			run.Settled(records[i], results[i], retried)
		}
	}
}
