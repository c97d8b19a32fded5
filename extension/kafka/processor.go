package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// ProcessorOptions say what is consumed, transformed and produced in transactions (KIP-98, KIP-447).
type ProcessorOptions struct {
	Topics []string // of the source
	Group  string   // whose offsets are part of the transactions
	// TransactionalID of this processor. One that comes after it with the same id goes on where its last transaction ended.
	TransactionalID    string
	TransactionTimeout time.Duration // default 40s (transaction.timeout.ms)
	SessionTimeout     time.Duration // of the group; default 45s
	Meter              Meter         // default: none
}

// Processor consumes what is committed, and produces in transactions that contain how far it has consumed. One goroutine uses it.
type Processor struct {
	*Producer
	session *kgo.GroupTransactSession
	group   string
	closing sync.Once
}

// Check says what is wrong with the options, without starting anything.
func (o ProcessorOptions) Check() error {
	if len(o.Topics) == 0 || o.Group == "" || o.TransactionalID == "" {
		return errors.New("kafka: processor: name topics, a group and a transactionalId")
	}
	return o.producer().Check()
}

func (o ProcessorOptions) producer() ProducerOptions {
	return ProducerOptions{TransactionalID: o.TransactionalID, TransactionTimeout: o.TransactionTimeout, Meter: o.Meter}
}

// NewProcessor checks the options and starts a processor; it joins its group in the background.
func NewProcessor(c Config, o ProcessorOptions) (*Processor, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	producer, opts, err := newProducer(c, o.producer())
	if err != nil {
		return nil, err
	}
	opts = append(opts, FetchOptions()...)
	opts = append(opts,
		kgo.ConsumerGroup(o.Group), kgo.ConsumeTopics(o.Topics...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.DisableAutoCommit(),
	)
	if o.SessionTimeout > 0 {
		opts = append(opts, kgo.SessionTimeout(o.SessionTimeout))
	}
	session, err := kgo.NewGroupTransactSession(opts...)
	if err != nil {
		return nil, fmt.Errorf("kafka: processor: %w", err)
	}
	producer.client, producer.txn.session = session.Client(), session
	return &Processor{Producer: producer, session: session, group: o.Group}, nil
}

// Poll gives the committed records that there are, at most limit, as soon as there is one; none when the timeout passes without any.
// What it gives is part of the next transaction that is committed. It must not be called while one is open.
func (p *Processor) Poll(ctx context.Context, limit int, timeout time.Duration) ([]Record, error) {
	waiting, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	fetches := p.session.PollRecords(waiting, limit)
	var out []Record
	fetches.EachRecord(func(r *kgo.Record) { out = append(out, recordOf(r)) })
	if len(out) > 0 {
		return out, nil // an error beside them comes again
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for _, e := range fetches.Errors() {
		if errors.Is(e.Err, context.DeadlineExceeded) || retriableFetch(e.Err) {
			continue
		}
		return nil, &FetchError{Topic: e.Topic, Partition: e.Partition, Name: ErrorName(e.Err), Err: e.Err}
	}
	return nil, nil
}

// Close leaves the group. A transaction that is open stays open, as after a crash: who comes next with the same id aborts it, or the
// broker when its time is over.
func (p *Processor) Close() error {
	p.closing.Do(func() {
		p.closed.Store(true)
		p.session.CloseAllowingRebalance()
		p.expiry.end()
	})
	return nil
}
