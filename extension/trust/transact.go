package trust

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// TransactOptions say what one transaction sends, and how it ends.
type TransactOptions struct {
	Topic   string        // one of the run; default: its first
	Records int           // how many, over all partitions in turn; default 1
	Size    int           // bytes of a value; default 200
	Abort   bool          // it is aborted, not committed
	Hold    time.Duration // how long it stays open once its records are acked
	Timeout time.Duration // how long to wait for acks, and for its end; default 60s
	Meter   kafka.Meter   // of the client, if this call makes it; default: none
}

// Transacted is what became of one transaction.
type Transacted struct {
	Outcome string           `json:"outcome"` // committed, aborted, or unknown; "" if nothing was sent
	Acked   int64            `json:"acked"`
	Failed  int64            `json:"failed"`
	Unknown int64            `json:"unknown"`
	Errors  map[string]int64 `json:"errors"` // by Kafka error name
	Stopped string           `json:"stopped"`
}

// longestTransaction is for how long a transaction may be open before the broker aborts it: a busy machine must not be taken for a crash.
const longestTransaction = 5 * time.Minute

// transactions are the transactional traffic of a run.
type transactions struct {
	mu        sync.Mutex
	writers   map[int64]*transactor // by virtual user
	committed map[ledger.TopicPartition]int64
	pipelines map[string]*pipeline // by group
	any       bool
}

// transactor is a transactional producer with its identity in the ledger. Its lock makes one transaction follow the other.
type transactor struct {
	name   string
	mu     sync.Mutex
	ids    *ledger.Producer
	client *kafka.Producer
}

// Transact sends tracked records in one transaction of a virtual user, and ends it. An error means that nothing was sent; what happened to
// the records and to the transaction is in the result and in the ledger.
func (r *Run) Transact(ctx context.Context, vu int64, o TransactOptions) (Transacted, error) {
	out := Transacted{Errors: map[string]int64{}}
	if why := r.Stopped(); why != nil {
		out.Stopped = why.Error()
		return out, nil
	}
	if err := r.defaultsOf(&o); err != nil {
		return out, err
	}
	ctx, done, err := r.whileTraffic(ctx)
	if err != nil {
		return out, err
	}
	defer done()
	w, err := r.transactor(vu, o)
	if err != nil {
		return out, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.client.Begin(); err != nil {
		r.clientError(w.name, kafka.ErrorName(err), err)
		return out, err
	}
	t := w.ids.BeginTransaction()
	ends := w.send(ctx, r, o, &out)
	hold(ctx, o.Hold)
	out.Outcome = r.end(ctx, w.name, w.client, t, o.Abort, o.Timeout)
	if out.Outcome == kafka.TxnCommitted.String() {
		r.transactions.reached(ends)
	}
	r.settled.Add(int64(o.Records))
	return out, nil
}

func (r *Run) defaultsOf(o *TransactOptions) error {
	if o.Topic == "" {
		o.Topic = r.opts.Topics[0]
	}
	if err := r.checkTopic("transact", o.Topic); err != nil {
		return err
	}
	o.Records = max(o.Records, 1)
	if o.Size == 0 {
		o.Size = 200
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	return nil
}

// transactor finds or makes the transactional producer of a virtual user.
func (r *Run) transactor(vu int64, o TransactOptions) (*transactor, error) {
	t := &r.transactions
	t.mu.Lock()
	defer t.mu.Unlock()
	if w := t.writers[vu]; w != nil {
		return w, nil
	}
	name := fmt.Sprintf("transactions of vu %d", vu)
	client, err := kafka.NewProducer(r.config(nil), kafka.ProducerOptions{
		TransactionalID: fmt.Sprintf("k6suite-%s-vu-%d", r.opts.RunID, vu), TransactionTimeout: longestTransaction,
		Meter: o.Meter, MaxBuffered: buffered,
	})
	if err != nil {
		return nil, fmt.Errorf("making a transactional producer: %w", err)
	}
	ids := r.ledger.NewProducer(ledger.ProducerOptions{Name: name, Idempotent: true, Ordered: true})
	w := &transactor{name: name, client: client, ids: ids}
	if t.writers == nil {
		t.writers = map[int64]*transactor{}
	}
	t.writers[vu], t.any = w, true
	return w, nil
}

// send sends the records of one transaction and settles each. It gives the greatest offset by partition.
func (w *transactor) send(ctx context.Context, r *Run, o TransactOptions, out *Transacted) map[ledger.TopicPartition]int64 {
	partitions := max(r.partitions.Load(), 1)
	records, serials := make([]kafka.Record, o.Records), make([]ledger.Serial, o.Records)
	for i := range records {
		made := w.ids.Make(nil, o.Size)
		serials[i] = made.Serial
		records[i] = kafka.Record{Topic: o.Topic, Partition: int32(i) % partitions, Value: made.Value, Headers: toClient(made.Headers)}
	}
	return r.sendTracked(ctx, w.client, o.Timeout, records, serials, out)
}

// sendTracked sends records, waits for their outcomes, and tells the ledger. It gives the greatest acked offset by partition.
func (r *Run) sendTracked(
	ctx context.Context, client *kafka.Producer, timeout time.Duration, records []kafka.Record, serials []ledger.Serial, out *Transacted,
) map[ledger.TopicPartition]int64 {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began := time.Now()
	results, _ := client.Send(ctx, records) // what each record met is in its result
	ends := map[ledger.TopicPartition]int64{}
	for i, result := range results {
		kind, name := r.settle(serials[i], began, client.Retried(), ctx.Err() != nil, result)
		switch kind {
		case ledger.Acked, ledger.Suspicious:
			out.Acked++
			tp := ledger.TopicPartition{Topic: result.Topic, Partition: result.Partition}
			ends[tp] = max(ends[tp], result.Offset)
		case ledger.Failed:
			out.Failed++
		case ledger.Unknown:
			out.Unknown++
		}
		if name != "" {
			out.Errors[name]++
		}
	}
	return ends
}

// hold lets a transaction stay open.
func hold(ctx context.Context, how time.Duration) {
	if how <= 0 {
		return
	}
	over := time.NewTimer(how)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done():
	}
}

// end ends a transaction and tells the ledger: that a commit is asked for before it is, and what came of it.
func (r *Run) end(
	ctx context.Context, who string, client *kafka.Producer, t *ledger.Transaction, abort bool, timeout time.Duration,
) string {
	// An end that is given up half-way is of unknown outcome, so the end of the traffic does not end it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	if abort {
		t.Aborted() // no commit was asked for, whatever becomes of the abort
		if err := client.Abort(ctx); err != nil {
			r.clientError(who, kafka.ErrorName(err), err)
		}
		return kafka.TxnAborted.String()
	}
	t.Committing()
	outcome, err := client.Commit(ctx)
	switch outcome {
	case kafka.TxnCommitted:
		t.Committed()
	case kafka.TxnAborted:
		t.Aborted()
	case kafka.TxnUnknown:
	}
	if err != nil && !errors.Is(err, kafka.ErrNotCommitted) {
		r.clientError(who, kafka.ErrorName(err), err)
	}
	return outcome.String()
}

// reached notes how far what is committed reaches.
func (t *transactions) reached(ends map[ledger.TopicPartition]int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.committed == nil {
		t.committed = map[ledger.TopicPartition]int64{}
	}
	for tp, offset := range ends {
		t.committed[tp] = max(t.committed[tp], offset)
	}
}

// close ends the transactional producers, together, so that a dead target costs the time of one.
func (t *transactions) close() {
	t.mu.Lock()
	writers := t.writers
	t.writers = nil
	t.mu.Unlock()
	var closing sync.WaitGroup
	for _, w := range writers {
		closing.Go(func() { _ = w.client.Close() })
	}
	closing.Wait()
}

func (t *transactions) begun() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.any
}
