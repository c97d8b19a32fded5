package js

import (
	"context"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"

	"k6suite/extension/kafka"
)

// producer is the class Producer in one virtual user.
type producer struct {
	*kafkaInstance
	client *lazy[*kafka.Producer]
}

type producerOptions struct {
	clientOptions
	Producer kafka.ProducerOptions
}

// newProducer is the constructor: it checks its options and does no I/O.
func (i *kafkaInstance) newProducer(call sobek.ConstructorCall) *sobek.Object {
	o, err := i.readProducerOptions(call.Argument(0))
	if err != nil {
		common.Throw(i.vu.Runtime(), err)
	}
	client, err := shareable(i.module, "Producer", o.Shared, &lazy[*kafka.Producer]{
		options: o,
		start: func(ctx context.Context) (*kafka.Producer, error) {
			config, err := i.connect(ctx, o.clientOptions)
			if err != nil {
				return nil, err
			}
			return kafka.NewProducer(config, o.Producer)
		},
	})
	if err != nil {
		common.Throw(i.vu.Runtime(), err)
	}
	p := &producer{kafkaInstance: i, client: client}
	s := &sender{i, func(ctx context.Context) (*kafka.Producer, error) { return client.get(ctx, i.module.process) }}
	return s.transactional(i.fill(call.This, map[string]any{"send": s.send, "flush": p.flush, "close": p.close}))
}

func (i *kafkaInstance) readProducerOptions(v sobek.Value) (producerOptions, error) {
	var out producerOptions
	p, idempotent := &out.Producer, true
	o := readOptions(i.vu.Runtime(), "Producer", v)
	out.clientOptions = o.client(i.vu.Runtime())
	o.text("topic", &p.Topic)
	o.text("acks", &p.Acks, "all", "leader", "none")
	o.boolean("idempotent", &idempotent)
	o.text("compression", &p.Compression, "none", "gzip", "snappy", "lz4", "zstd")
	linger := unset
	o.duration("linger", &linger)
	switch linger {
	case unset:
	case 0:
		p.Linger = -1 // none; 0 would be the default
	default:
		p.Linger = linger
	}
	whole(o, "batchSize", &p.BatchSize, 1<<10, 100<<20)
	whole(o, "inFlight", &p.InFlight, 1, 1000)
	whole(o, "maxBuffered", &p.MaxBuffered, 1, 10_000_000)
	o.duration("deliveryTimeout", &p.DeliveryTimeout)
	o.text("partitioner", &p.Partitioner, "murmur2", "crc32", "roundrobin")
	o.boolean("autoCreate", &p.AutoCreate)
	o.text("transactionalId", &p.TransactionalID)
	o.duration("transactionTimeout", &p.TransactionTimeout)
	if p.TransactionalID != "" && out.Shared != "" {
		o.fail("shared is not for transactional producers: the transactions of several users would be one")
	}
	if idempotent && o.has("idempotent") && p.Acks != "" && p.Acks != "all" {
		o.fail("idempotent must be false with acks %q: idempotence needs acks \"all\"", p.Acks)
	}
	p.DisableIdempotence = !idempotent
	o.take(p.Check())
	return out, o.done()
}

// unset tells a duration that was left out from one of 0.
const unset time.Duration = -2

// has says whether the script gave the key itself.
func (o *options) has(key string) bool { return o.object != nil && !absent(o.object.Get(key)) }

// sendError is a send's error together with what became of each record.
type sendError struct {
	error
	indexes []int
	results []kafka.Result
}

func (s *sendError) Unwrap() error { return s.error }

func (s *sender) send(call sobek.FunctionCall) sobek.Value {
	timeout := defaultTimeout
	o := readOptions(s.vu.Runtime(), "send", call.Argument(1))
	o.duration("timeout", &timeout)
	wrong := o.done()
	records, err := s.records(call.Argument(0))
	if wrong == nil {
		wrong = err
	}
	return s.vu.Runtime().ToValue(s.async(wrong, func(ctx context.Context) (build, error) {
		client, err := s.get(ctx)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		results, err := client.Send(ctx, records)
		s.module.process.reportSettled(records, results, client.Retried())
		if err != nil {
			return nil, &sendError{error: err, indexes: failedOf(results), results: results}
		}
		return func() any { return s.results(results) }, nil
	}))
}

func failedOf(results []kafka.Result) []int {
	var out []int
	for i := range results {
		if results[i].Err != nil {
			out = append(out, i)
		}
	}
	return out
}

// results gives one object per record.
func (i *kafkaInstance) results(results []kafka.Result) *sobek.Object {
	rt := i.vu.Runtime()
	return newLazyList(rt, len(results), func(n int) sobek.Value {
		r := &results[n]
		members := map[string]any{
			"topic": r.Topic, "partition": r.Partition, "offset": r.Offset, "timestamp": int64(0), "outcome": r.Outcome.String(),
		}
		if !r.Timestamp.IsZero() {
			members["timestamp"] = r.Timestamp.UnixMilli()
		}
		if r.Err != nil {
			members["error"] = kafka.ErrorName(r.Err)
		}
		return i.fill(rt.NewObject(), members)
	})
}

func (p *producer) flush(call sobek.FunctionCall) sobek.Value {
	timeout := defaultTimeout
	o := readOptions(p.vu.Runtime(), "flush", call.Argument(0))
	o.duration("timeout", &timeout)
	return p.vu.Runtime().ToValue(p.async(o.done(), func(ctx context.Context) (build, error) {
		client, live := p.client.peek()
		if !live {
			return nil, nil
		}
		return nil, withinTime(ctx, timeout, client.Flush)
	}))
}

func withinTime(ctx context.Context, timeout time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return do(ctx)
}

func (p *producer) close() *sobek.Promise {
	return p.async(nil, func(context.Context) (build, error) { return nil, p.client.close() })
}
