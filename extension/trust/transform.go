package trust

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// TransformOptions say what one processor consumes, transforms and produces.
type TransformOptions struct {
	Group      string        // of the processor: its offsets are part of its transactions
	From, To   string        // topics of the run; default: its first and its second
	Batch      int           // source records of one transaction, at most; default 50
	AbortEvery int           // every so many transactions one is aborted, and its records processed again; 0: none
	CrashAfter int           // after so many transactions the processor ends in the middle of the next one; 0: it does not
	Timeout    time.Duration // give up; default 60s
	Meter      kafka.Meter   // default: none
}

// Transformed is what one processor did.
type Transformed struct {
	Records   int64  `json:"records"` // source records whose transaction was committed
	Committed int64  `json:"committed"`
	Aborted   int64  `json:"aborted"`
	Unknown   int64  `json:"unknown"`
	Crashed   bool   `json:"crashed"`
	Complete  bool   `json:"complete"` // all that was committed in the source was processed
	Stopped   string `json:"stopped"`
}

// pipeline is a processor, over all its lives.
type pipeline struct {
	tracked *ledger.Pipeline
	reader  *ledger.Reader
	ids     *ledger.Producer
}

// processor is one life of a pipeline.
type processor struct {
	run    *Run
	o      TransformOptions
	name   string
	p      *pipeline
	client *kafka.Processor
	next   map[ledger.TopicPartition]int64 // how far the group has committed
	got    Transformed
}

// Transform processes what is committed in one topic of the run into another, in transactions that contain how far it has come, until all
// that the run announced (Options.Records) was sent and processed. One that comes after a crash, with the same group, goes on. Not having
// done all in time is in the result, and a doubt of the run.
func (r *Run) Transform(ctx context.Context, o TransformOptions) (Transformed, error) {
	if why := r.Stopped(); why != nil {
		return Transformed{Stopped: why.Error()}, nil
	}
	if err := r.opts.needsOneInstance("processors"); err != nil {
		return Transformed{}, err
	}
	if err := r.defaultsOfTransform(&o); err != nil {
		return Transformed{}, err
	}
	ctx, done, err := r.whileTraffic(ctx)
	if err != nil {
		return Transformed{}, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	p := &processor{run: r, o: o, name: "processor of " + o.Group, p: r.transactions.pipeline(r.ledger, o.Group)}
	err = p.live(ctx)
	for errors.Is(err, errAnew) && ctx.Err() == nil {
		err = p.live(ctx)
	}
	if err != nil && ctx.Err() == nil {
		r.clientError(p.name, kafka.ErrorName(err), err)
	}
	if !p.got.Crashed && !p.got.Complete {
		r.doubt(contract.Doubt{
			Requirements: []string{"F8.4"}, Text: fmt.Sprintf("%s had not processed all that was committed when it stopped", p.name),
		})
	}
	return p.got, nil
}

func (r *Run) defaultsOfTransform(o *TransformOptions) error {
	switch {
	case o.Group == "":
		return errors.New("transform: name a group, whose offsets are part of the transactions")
	case len(r.opts.Topics) < 2:
		return errors.New("transform: the run has one topic only: give it a second one to produce to")
	case r.opts.Records == 0:
		return errors.New("transform: the run must say how many records it sends (records), so that it is known when all are processed")
	}
	if o.From == "" {
		o.From = r.opts.Topics[0]
	}
	if o.To == "" {
		o.To = r.opts.Topics[1]
	}
	for _, topic := range [...]string{o.From, o.To} {
		if err := r.checkTopic("transform", topic); err != nil {
			return err
		}
	}
	if o.From == o.To {
		return errors.New("transform: from and to are the same topic")
	}
	if o.Batch == 0 {
		o.Batch = 50
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	return nil
}

// pipeline finds or makes the processor of a group.
func (t *transactions) pipeline(l *ledger.Ledger, group string) *pipeline {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.any = true
	if p := t.pipelines[group]; p != nil {
		return p
	}
	name := "processor of " + group
	p := &pipeline{
		tracked: l.NewPipeline(group), reader: l.NewReader(ledger.ReaderOptions{Name: name, Committed: true}),
		ids: l.NewProducer(ledger.ProducerOptions{Name: name, Idempotent: true}),
	}
	if t.pipelines == nil {
		t.pipelines = map[string]*pipeline{}
	}
	t.pipelines[group] = p
	return p
}

// errAnew says that nobody knows what became of a transaction: the processor begins anew, from what the group has committed.
var errAnew = errors.New("the processor begins anew")

// live is one life of the processor.
func (p *processor) live(ctx context.Context) error {
	r := p.run
	client, err := kafka.NewProcessor(r.config(nil), kafka.ProcessorOptions{
		Topics: []string{p.o.From}, Group: p.o.Group, Meter: p.o.Meter,
		TransactionalID: fmt.Sprintf("k6suite-%s-%s", r.opts.RunID, p.o.Group), TransactionTimeout: longestTransaction,
	})
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	p.client = client
	if err := client.Fence(ctx); err != nil {
		return err
	}
	p.next = map[ledger.TopicPartition]int64{}
	err = r.eachCommitted(ctx, []string{p.o.Group}, func(_ string, tp ledger.TopicPartition, next int64) { p.next[tp] = next })
	if err != nil {
		return err
	}
	for !p.done() {
		if err := p.step(ctx); err != nil || p.got.Crashed {
			return err
		}
	}
	p.got.Complete = true
	return nil
}

// done says whether all has been sent, and all of it that is committed was processed.
func (p *processor) done() bool {
	if p.run.settled.Load() < p.run.opts.Records {
		return false
	}
	t := &p.run.transactions
	t.mu.Lock()
	defer t.mu.Unlock()
	for tp, last := range t.committed {
		if tp.Topic == p.o.From && p.next[tp] <= last {
			return false
		}
	}
	return true
}

// step processes what one poll gives.
func (p *processor) step(ctx context.Context) error {
	records, err := p.client.Poll(ctx, p.o.Batch, 500*time.Millisecond)
	if err != nil || len(records) == 0 {
		return err
	}
	ends := p.read(records)
	if err := p.client.Begin(); err != nil {
		return err
	}
	t := p.p.ids.BeginTransaction()
	var sent Transacted
	sent.Errors = map[string]int64{}
	p.produce(ctx, records, &sent)
	ended := p.got.Committed + p.got.Aborted
	if p.o.CrashAfter > 0 && ended >= int64(p.o.CrashAfter) {
		t.Aborted() // it is never asked to commit; who comes next has it aborted
		p.got.Crashed = true
		return nil
	}
	abort := p.o.AbortEvery > 0 && (ended+1)%int64(p.o.AbortEvery) == 0
	switch p.run.end(ctx, p.name, p.client.Producer, t, abort, p.o.Timeout) {
	case kafka.TxnCommitted.String():
		p.got.Committed++
		p.got.Records += int64(len(records))
		for tp, next := range ends {
			p.next[tp] = next
		}
		return nil
	case kafka.TxnAborted.String():
		p.got.Aborted++
		return nil
	default:
		p.got.Unknown++
		return errAnew
	}
}

// read tells the ledger what was given. After an abort it is given again, so each poll is a session of its own.
func (p *processor) read(records []kafka.Record) (next map[ledger.TopicPartition]int64) {
	next = map[ledger.TopicPartition]int64{}
	for i := range records {
		one := &records[i]
		tp := ledger.TopicPartition{Topic: one.Topic, Partition: one.Partition}
		if _, met := next[tp]; !met {
			p.p.reader.Assign(tp, -1)
		}
		p.p.reader.Read(tp, ledger.Record{
			Offset: one.Offset, Timestamp: one.Timestamp, Key: one.Key, Value: one.Value, Headers: toLedger(nil, one.Headers),
			LeaderEpoch: one.LeaderEpoch,
		})
		next[tp] = one.Offset + 1
	}
	return next
}

// produce sends one output for each record, to the partition of its source.
func (p *processor) produce(ctx context.Context, from []kafka.Record, sent *Transacted) {
	records, serials := make([]kafka.Record, len(from)), make([]ledger.Serial, len(from))
	for i := range from {
		source := &from[i]
		made := p.p.ids.Make(source.Key, len(source.Value))
		serials[i] = made.Serial
		tp := ledger.TopicPartition{Topic: source.Topic, Partition: source.Partition}
		p.p.tracked.Derived(tp, source.Offset, p.p.ids, made.Serial)
		records[i] = kafka.Record{
			Topic: p.o.To, Partition: source.Partition, Key: made.Key, Value: made.Value, Headers: toClient(made.Headers),
		}
	}
	p.run.sendTracked(ctx, p.client.Producer, p.o.Timeout, records, serials, sent)
}

// eachCommitted visits how far groups have committed.
func (r *Run) eachCommitted(ctx context.Context, groups []string, visit func(group string, tp ledger.TopicPartition, next int64)) error {
	admin, err := kafka.NewAdmin(r.config(nil))
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	for _, group := range groups {
		offsets, err := committedBy(ctx, admin, group)
		if err != nil {
			return err
		}
		for topic, partitions := range offsets {
			for partition, next := range partitions {
				visit(group, ledger.TopicPartition{Topic: topic, Partition: partition}, next)
			}
		}
	}
	return nil
}

// readTransactions reads what is committed, and asks how far processors have committed, where the run had transactions.
func (r *Run) readTransactions(ctx context.Context, patience time.Duration) error {
	if !r.transactions.begun() {
		return nil
	}
	for n := 1; n <= finalReads; n++ {
		name := fmt.Sprintf("final read %d of what is committed", n)
		if err := readCommitted(ctx, r.config(nil), r.ledger, name, r.opts.Topics, patience, r.opts.Stall); err != nil {
			return err
		}
	}
	r.transactions.mu.Lock()
	pipelines := r.transactions.pipelines
	r.transactions.mu.Unlock()
	return r.eachCommitted(ctx, slices.Sorted(maps.Keys(pipelines)), func(group string, tp ledger.TopicPartition, next int64) {
		pipelines[group].tracked.Consumed(tp, next)
	})
}
