package trust

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// ProduceOptions say what one call sends.
type ProduceOptions struct {
	Topic       string        // one of the run; default: its first
	Records     int           // how many; default 1
	Size        int           // bytes of a value; default 200, never less than the envelope
	Keys        int           // keys to choose from in turn; 0: no key
	Partition   *int32        // explicit partition; nil: the partitioner chooses
	Shared      bool          // all virtual users send through one client
	Compression string        // none, gzip, snappy, lz4, zstd; default none
	BatchSize   int           // bytes of a batch; default 16384, as Java's batch.size
	LoseAnswers int           // so many answers never reach the client, whose connection ends when one comes; default 0
	Timeout     time.Duration // how long to wait for the acks of this call; default 60s
	Meter       kafka.Meter   // of the client, if this call makes it; default: none

	control *kafka.Config // the positive control connects by this
	unasked bool          // part of a flow: nothing is asked after it
}

// Produced counts the outcomes of one call.
type Produced struct {
	Acked      int64            `json:"acked"`
	Suspicious int64            `json:"suspicious"` // among Acked: without an offset
	Failed     int64            `json:"failed"`
	Unknown    int64            `json:"unknown"` // may or may not have been written, unanswered ones included
	Errors     map[string]int64 `json:"errors"`  // by Kafka error name
	Lost       int64            `json:"lost"`    // answers that the client did not get, so that it sent again what was written
	Stopped    string           `json:"stopped"` // why nothing was sent
}

// Virtual users that k6 does not know.
const (
	allVUs    int64 = -1 // a client that all share
	controlVU int64 = -2 // the positive control
)

type clientKey struct {
	vu          int64
	compression string
	batchSize   int
	deaf        bool // it loses answers
}

type producerKey struct {
	client   clientKey
	vu       int64
	keyed    bool
	explicit bool
}

// trackedProducer is one identity in the ledger on a client. Its lock makes the order of sequence numbers the order in
// which the client gets the records.
type trackedProducer struct {
	name   string
	mu     sync.Mutex
	ids    *ledger.Producer
	client *kafka.Producer
	deaf   *deafness // nil: it gets all answers
}

// Produce sends tracked records on behalf of a virtual user and waits for their acknowledgements. An error means that
// nothing was sent; what happened to sent records is in the result and, record by record, in the ledger.
func (r *Run) Produce(ctx context.Context, vu int64, o ProduceOptions) (Produced, error) {
	if why := r.Stopped(); why != nil {
		return Produced{Stopped: why.Error()}, nil
	}
	if o.Topic == "" {
		o.Topic = r.opts.Topics[0]
	}
	if err := r.checkTopic("produce", o.Topic); err != nil {
		return Produced{}, err
	}
	if o.Records == 0 {
		o.Records = 1
	}
	if o.Size == 0 {
		o.Size = 200
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.BatchSize == 0 {
		o.BatchSize = 16 << 10
	}
	ctx, done, err := r.whileTraffic(ctx)
	if err != nil {
		return Produced{}, err
	}
	defer done()
	p, err := r.producer(vu, o)
	if err != nil {
		return Produced{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()

	tally := newTally(o.Records)
	p.deaf.lose(o.LoseAnswers)
	p.send(ctx, r, o, tally)
	select {
	case <-tally.done:
	case <-ctx.Done():
	}
	if o.control == nil && !o.unasked {
		r.ask(ctx, p.name)
	}
	got := tally.result()
	got.Lost = r.heard(p, o.LoseAnswers)
	return got, nil
}

// buffered is how many records may wait in a client: more cost memory and win nothing.
const buffered = 10_000

// handful is how many records are made before they are handed to the client together.
const handful = 256

// send hands the records of one call to the client, in the order of their sequence numbers.
func (p *trackedProducer) send(ctx context.Context, r *Run, o ProduceOptions, tally *tally) {
	p.mu.Lock()
	defer p.mu.Unlock()
	keys := keysOf(o.Keys)
	for from := 0; from < o.Records; from += handful {
		if ctx.Err() != nil {
			return // what was not handed over was never sent, and is not in the ledger
		}
		p.sendSome(ctx, r, o, tally, keys, from)
	}
}

// sendSome makes the next records and hands them over.
func (p *trackedProducer) sendSome(ctx context.Context, r *Run, o ProduceOptions, tally *tally, keys [][]byte, from int) {
	n := min(handful, o.Records-from)
	partition := kafka.AnyPartition
	if o.Partition != nil {
		partition = *o.Partition
	}
	records, serials := make([]kafka.Record, n), make([]ledger.Serial, n)
	headers := make([]kafka.Header, n)
	for i := range n {
		made := p.ids.Make(keys[(from+i)%len(keys)], o.Size)
		serials[i] = made.Serial
		headers[i] = kafka.Header(made.Headers[0]) // a record that the ledger makes has one
		records[i] = kafka.Record{
			Topic: o.Topic, Partition: partition, Key: made.Key, Value: made.Value, Headers: headers[i : i+1 : i+1],
		}
	}
	tally.sent.Add(int64(n))
	r.unsettled.Add(n)
	began := time.Now()
	p.client.SendAsync(ctx, records, func(i int, result kafka.Result) {
		givenUp := ctx.Err() != nil && errors.Is(result.Err, ctx.Err()) // by the caller, before it went out
		tally.count(r.settle(serials[i], began, p.client.Retried(), givenUp, result))
		if o.control == nil {
			r.settled.Add(1)
		}
		r.unsettled.Done()
	})
}

// keysOf gives the keys that records use in turn; without any, the one that is no key.
func keysOf(n int) [][]byte {
	if n == 0 {
		return [][]byte{nil}
	}
	keys := make([][]byte, n)
	for i := range keys {
		keys[i] = strconv.AppendInt([]byte("key-"), int64(i), 10)
	}
	return keys
}

// settle tells the ledger what became of a record; began is zero where nobody knows when it was sent. One that we gave up, because its
// call, the script or the run ended, says nothing about the target.
func (r *Run) settle(serial ledger.Serial, began time.Time, retried, givenUp bool, result kafka.Result) (ledger.OutcomeKind, string) {
	outcome := ledger.Outcome{
		Serial: serial, TP: ledger.TopicPartition{Topic: result.Topic, Partition: result.Partition},
		Offset: result.Offset, Began: began, At: ackedAt(time.Now()),
	}
	if result.Err != nil {
		outcome.Error = kafka.ErrorName(result.Err)
		closed := errors.Is(result.Err, kgo.ErrClientClosed)
		outcome.Abandoned = givenUp || closed || errors.Is(result.Err, context.Canceled)
		if closed {
			r.cutOff.Add(1)
		}
	}
	switch result.Outcome {
	case kafka.OK:
		outcome.Kind = ledger.Acked
	case kafka.Suspicious:
		outcome.Kind, outcome.Retried = ledger.Suspicious, retried
	case kafka.Failed:
		outcome.Kind = ledger.Failed
	default:
		outcome.Kind = ledger.Unknown
	}
	r.ledger.Settle(outcome)
	if result.Outcome == kafka.OK || result.Outcome == kafka.Suspicious {
		r.acked.Add(1)
	}
	return outcome.Kind, outcome.Error
}

// ackedAt rounds the time of an ack up to a millisecond: acks of one batch then share their place in the ledger, and none
// seems earlier than it was, which could make an honest target guilty.
func ackedAt(now time.Time) time.Time { return now.Truncate(time.Millisecond).Add(time.Millisecond) }

// producer finds or makes the identity, and its client, that a virtual user sends with.
func (r *Run) producer(vu int64, o ProduceOptions) (*trackedProducer, error) {
	client := clientKey{vu: vu, compression: o.Compression, batchSize: o.BatchSize, deaf: o.LoseAnswers > 0}
	if o.Shared {
		client.vu = allVUs
	}
	key := producerKey{client: client, vu: vu, keyed: o.Keys > 0, explicit: o.Partition != nil}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.clients == nil {
		return nil, errJudging
	}
	if p := r.producers[key]; p != nil {
		return p, nil
	}
	idempotent := r.target.Profile.Claims.Idempotence
	c := r.clients[client]
	if c == nil {
		config := r.config(o.control)
		if client.deaf {
			r.deaf[client] = &deafness{dial: config.Dialer}
			config.Dialer = r.deaf[client].open
		}
		var err error
		c, err = kafka.NewProducer(config, kafka.ProducerOptions{
			DisableIdempotence: !idempotent, // one request in flight then, so that order still holds
			Compression:        o.Compression, BatchSize: o.BatchSize, MaxBuffered: buffered, AutoCreate: r.opts.AutoCreate, Meter: o.Meter,
		})
		if err != nil {
			return nil, fmt.Errorf("making a producer: %w", err)
		}
		r.clients[client] = c
	}
	name := fmt.Sprintf("producer of vu %d", vu)
	p := &trackedProducer{name: name, client: c, deaf: r.deaf[client], ids: r.ledger.NewProducer(ledger.ProducerOptions{
		Name: name, Idempotent: idempotent, Ordered: true, Keyed: key.keyed && !key.explicit,
	})}
	r.producers[key] = p
	return p, nil
}

// tally counts the outcomes of one call as they come.
type tally struct {
	want    int64
	sent    atomic.Int64
	settled atomic.Int64
	done    chan struct{}

	mu     sync.Mutex
	counts Produced
}

func newTally(records int) *tally {
	return &tally{want: int64(records), done: make(chan struct{}), counts: Produced{Errors: map[string]int64{}}}
}

func (t *tally) count(kind ledger.OutcomeKind, name string) {
	t.mu.Lock()
	switch kind {
	case ledger.Acked:
		t.counts.Acked++
	case ledger.Suspicious:
		t.counts.Acked++
		t.counts.Suspicious++
	case ledger.Failed:
		t.counts.Failed++
	default:
		t.counts.Unknown++
	}
	if name != "" {
		t.counts.Errors[name]++
	}
	t.mu.Unlock()
	if t.settled.Add(1) == t.want {
		close(t.done)
	}
}

// result counts what is not settled by now as unknown; it may still be settled in the ledger later.
func (t *tally) result() Produced {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.counts
	out.Errors = make(map[string]int64, len(t.counts.Errors))
	for name, n := range t.counts.Errors {
		out.Errors[name] = n
	}
	out.Unknown += t.sent.Load() - t.settled.Load()
	return out
}
