package js

import (
	"context"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"

	"k6suite/extension/kafka"
)

// processor is the class Processor in one virtual user.
type processor struct {
	*kafkaInstance
	client  *lazy[*kafka.Processor]
	options processorOptions
}

type processorOptions struct {
	clientOptions
	Processor      kafka.ProcessorOptions
	KeyAs, ValueAs string
}

// newProcessor is the constructor: it checks its options and does no I/O.
func (i *kafkaInstance) newProcessor(call sobek.ConstructorCall) *sobek.Object {
	o, err := i.readProcessorOptions(call.Argument(0))
	if err != nil {
		common.Throw(i.vu.Runtime(), err)
	}
	p := &processor{kafkaInstance: i, options: o, client: &lazy[*kafka.Processor]{
		options: o,
		start: func(ctx context.Context) (*kafka.Processor, error) {
			config, err := i.connect(ctx, o.clientOptions)
			if err != nil {
				return nil, err
			}
			client, err := kafka.NewProcessor(config, o.Processor)
			if err != nil {
				return nil, err
			}
			if err := client.Fence(ctx); err != nil { // who had the id before may hold offsets for which the group has to wait
				_ = client.Close()
				return nil, err
			}
			return client, nil
		},
	}}
	s := &sender{i, func(ctx context.Context) (*kafka.Producer, error) {
		client, err := p.client.get(ctx, i.module.process)
		if err != nil {
			return nil, err
		}
		return client.Producer, nil
	}}
	return s.transactional(i.fill(call.This, map[string]any{"poll": p.poll, "send": s.send, "close": p.close}))
}

func (i *kafkaInstance) readProcessorOptions(v sobek.Value) (processorOptions, error) {
	out := processorOptions{KeyAs: "bytes", ValueAs: "bytes"}
	p := &out.Processor
	o := readOptions(i.vu.Runtime(), "Processor", v)
	out.clientOptions = o.client(i.vu.Runtime())
	o.texts("topics", &p.Topics)
	o.text("group", &p.Group)
	o.text("transactionalId", &p.TransactionalID)
	o.duration("transactionTimeout", &p.TransactionTimeout)
	o.duration("sessionTimeout", &p.SessionTimeout)
	o.text("keyAs", &out.KeyAs, ways[:]...)
	o.text("valueAs", &out.ValueAs, ways[:]...)
	if out.Shared != "" {
		o.fail("shared is not for processors: the transactions of several users would be one")
	}
	if err := o.done(); err != nil {
		return out, err
	}
	o.take(p.Check())
	return out, o.err
}

func (p *processor) poll(call sobek.FunctionCall) sobek.Value {
	most, wait, wrong := p.readPoll(call)
	return p.vu.Runtime().ToValue(p.async(wrong, func(ctx context.Context) (build, error) {
		client, err := p.client.get(ctx, p.module.process)
		if err != nil {
			return nil, err
		}
		records, err := client.Poll(ctx, most, max(wait, time.Millisecond))
		if err != nil {
			return nil, err
		}
		return func() any { return p.consumed(records, p.options.KeyAs, p.options.ValueAs) }, nil
	}))
}

func (p *processor) close() *sobek.Promise {
	return p.async(nil, func(context.Context) (build, error) { return nil, p.client.close() })
}
