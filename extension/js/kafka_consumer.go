package js

import (
	"context"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"

	"k6suite/extension/kafka"
)

// consumer is the class Consumer in one virtual user.
type consumer struct {
	*kafkaInstance
	client  *lazy[*kafka.Consumer]
	options consumerOptions
}

type consumerOptions struct {
	clientOptions
	Consumer       kafka.ConsumerOptions
	KeyAs, ValueAs string
}

// newConsumer is the constructor: it checks its options and does no I/O.
func (i *kafkaInstance) newConsumer(call sobek.ConstructorCall) *sobek.Object {
	o, err := i.readConsumerOptions(call.Argument(0))
	if err != nil {
		common.Throw(i.vu.Runtime(), err)
	}
	events := &gathered{}
	client, err := shareable(i.module, "Consumer", o.Shared, &lazy[*kafka.Consumer]{
		options: o, events: events,
		start: func(ctx context.Context) (*kafka.Consumer, error) {
			config, err := i.connect(ctx, o.clientOptions)
			if err != nil {
				return nil, err
			}
			options := o.Consumer
			options.Meter = events
			return kafka.NewConsumer(config, options)
		},
	})
	if err != nil {
		common.Throw(i.vu.Runtime(), err)
	}
	c := &consumer{kafkaInstance: i, client: client, options: o}
	return i.fill(call.This, map[string]any{
		"poll": c.poll, "commit": c.commit, "seek": c.seek, "position": c.position, "assignment": c.assignment,
		"lag": c.lag, "pause": c.pause, "resume": c.resume, "close": c.close,
	})
}

func (i *kafkaInstance) readConsumerOptions(v sobek.Value) (consumerOptions, error) {
	out := consumerOptions{KeyAs: "bytes", ValueAs: "bytes"}
	c, rt := &out.Consumer, i.vu.Runtime()
	var isolation string
	o := readOptions(rt, "Consumer", v)
	out.clientOptions = o.client(rt)
	o.texts("topics", &c.Topics)
	if v := o.value("partitions"); v != nil {
		partitions, err := i.partitions(v)
		o.take(err)
		c.Partitions = partitions
	}
	o.text("group", &c.Group)
	o.text("protocol", &c.Protocol, kafka.Protocols()...)
	if v := o.value("start"); v != nil {
		o.take(i.start(c, v))
	}
	o.text("reset", &c.Reset, "none", "earliest", "latest")
	o.text("isolation", &isolation, "read_uncommitted", "read_committed")
	c.ReadCommitted = isolation == "read_committed"
	o.duration("autoCommit", &c.AutoCommit)
	o.duration("sessionTimeout", &c.SessionTimeout)
	o.duration("heartbeat", &c.Heartbeat)
	o.duration("rebalanceTimeout", &c.RebalanceTimeout)
	o.texts("balancers", &c.Balancers)
	o.text("instanceId", &c.InstanceID)
	whole(o, "fetchMaxBytes", &c.FetchMaxBytes, 1<<10, 100<<20)
	o.boolean("autoCreate", &c.AutoCreate)
	o.text("keyAs", &out.KeyAs, ways[:]...)
	o.text("valueAs", &out.ValueAs, ways[:]...)
	if err := o.done(); err != nil {
		return out, err
	}
	o.take(c.Check())
	return out, o.err
}

// start reads "earliest", "latest", "none", {timestamp} or {offsets}.
func (i *kafkaInstance) start(c *kafka.ConsumerOptions, v sobek.Value) error {
	if name, ok := v.Export().(string); ok {
		c.Start.At = name // kafka checks which there are
		return nil
	}
	s := readOptions(i.vu.Runtime(), "start", v)
	when, offsets := s.value("timestamp"), s.value("offsets")
	var err error
	switch {
	case s.err != nil:
	case when != nil && offsets == nil:
		c.Start.At = "timestamp"
		if c.Start.Timestamp, err = timestamp(when); err != nil {
			s.fail("timestamp %v", err)
		}
	case offsets != nil && when == nil:
		c.Offsets, err = i.offsets(offsets)
		s.take(err)
	default:
		if err := s.done(); err != nil {
			return err
		}
		s.fail(`must be "earliest", "latest", "none", { timestamp } or { offsets }`)
	}
	return s.done()
}

const (
	defaultPoll    = 500         // max.poll.records
	defaultWait    = time.Second // for a first record
	mostRecordsAll = 1 << 31     // of one poll
)

func (c *consumer) poll(call sobek.FunctionCall) sobek.Value {
	most, wait, wrong := c.readPoll(call)
	return c.do(wrong, func(ctx context.Context, client *kafka.Consumer) (build, error) {
		records, err := client.Poll(ctx, most, wait)
		if err != nil {
			return nil, err
		}
		return func() any { return c.consumed(records, c.options.KeyAs, c.options.ValueAs) }, nil
	})
}

// readPoll reads the options of a poll.
func (i *kafkaInstance) readPoll(call sobek.FunctionCall) (most int, wait time.Duration, wrong error) {
	most, wait = defaultPoll, defaultWait
	o := readOptions(i.vu.Runtime(), "poll", call.Argument(0))
	whole(o, "max", &most, 1, mostRecordsAll)
	o.duration("timeout", &wait)
	return most, wait, o.done()
}

// consumed shows records to a script, with keys and values in the form that it wants.
func (i *kafkaInstance) consumed(records []kafka.Record, keyAs, valueAs string) *sobek.Object {
	rt, form := i.vu.Runtime(), &form{codec: i.bytes, keyAs: keyAs, valueAs: valueAs}
	return newLazyList(rt, len(records), func(n int) sobek.Value {
		return rt.NewDynamicObject(&consumed{Record: &records[n], form: form})
	})
}

// do runs work with the client, which it starts if need be.
func (c *consumer) do(wrong error, work func(context.Context, *kafka.Consumer) (build, error)) sobek.Value {
	return c.vu.Runtime().ToValue(c.async(wrong, func(ctx context.Context) (build, error) {
		client, err := c.client.get(ctx, c.module.process)
		if err != nil {
			return nil, err
		}
		return work(ctx, client)
	}, c.client.events))
}

func (c *consumer) commit(call sobek.FunctionCall) sobek.Value {
	var (
		offsets kafka.Offsets
		wrong   error
	)
	if v := call.Argument(0); !absent(v) {
		offsets, wrong = c.offsets(v)
	}
	return c.do(wrong, func(ctx context.Context, client *kafka.Consumer) (build, error) {
		ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
		defer cancel()
		committed, err := client.Commit(ctx, offsets)
		return func() any { return c.offsetsObject(committed) }, err
	})
}

func (c *consumer) seek(call sobek.FunctionCall) sobek.Value {
	offsets, wrong := c.offsets(call.Argument(0))
	return c.do(wrong, func(_ context.Context, client *kafka.Consumer) (build, error) { return nil, client.Seek(offsets) })
}

func (c *consumer) lag() sobek.Value {
	return c.do(nil, func(ctx context.Context, client *kafka.Consumer) (build, error) {
		ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
		defer cancel()
		lag, err := client.Lag(ctx)
		return func() any { return c.offsetsObject(lag) }, err
	})
}

func (c *consumer) pause(call sobek.FunctionCall) sobek.Value {
	partitions, wrong := c.partitions(call.Argument(0))
	return c.do(wrong, func(_ context.Context, client *kafka.Consumer) (build, error) {
		client.Pause(partitions)
		return nil, nil
	})
}

func (c *consumer) resume(call sobek.FunctionCall) sobek.Value {
	partitions, wrong := c.partitions(call.Argument(0))
	return c.do(wrong, func(_ context.Context, client *kafka.Consumer) (build, error) {
		client.Resume(partitions)
		return nil, nil
	})
}

// position is synchronous: the client knows it. Before the first call that starts the client, there is none.
func (c *consumer) position() *sobek.Object {
	if client, live := c.client.peek(); live {
		return c.offsetsObject(client.Position())
	}
	return c.vu.Runtime().NewObject()
}

func (c *consumer) assignment() *sobek.Object {
	if client, live := c.client.peek(); live {
		return c.partitionsObject(client.Assignment())
	}
	return c.vu.Runtime().NewObject()
}

func (c *consumer) close() *sobek.Promise {
	return c.async(nil, func(context.Context) (build, error) { return nil, c.client.close() }, c.client.events)
}
