package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	defaultLinger          = 5 * time.Millisecond
	defaultBatchSize       = 1_000_000 // below the broker's default max.message.bytes, 1,048,588
	defaultMaxBuffered     = 50_000
	defaultDeliveryTimeout = 2 * time.Minute
	closeTimeout           = 5 * time.Second
)

// ProducerOptions say how records are produced. The zero value is an idempotent producer with acks=all.
type ProducerOptions struct {
	Topic string // for records that name none
	Acks  string // "all" (default), "leader", "none" (acks)

	// DisableIdempotence turns the idempotent producer (enable.idempotence, KIP-98) off. Without acks=all it is off anyway.
	DisableIdempotence bool

	Compression string        // "none" (default), "gzip", "snappy", "lz4", "zstd" (compression.type)
	Linger      time.Duration // wait for a batch to fill; 0: the default 5ms (linger.ms); negative: none. Send never waits it out
	BatchSize   int           // bytes of a batch; default 1,000,000 (max.request.size, batch.size). A record beyond it is MESSAGE_TOO_LARGE

	// InFlight is the number of unanswered produce requests per broker (max.in.flight.requests.per.connection); default 1.
	// More than one makes reorder and duplicates legal. An idempotent producer has five, and takes no other number.
	InFlight    int
	MaxBuffered int // records; Send and SendAsync wait for room; default 50,000 (buffer.memory counts bytes)

	// DeliveryTimeout bounds how long a record may wait, retries included, give or take a sixteenth; default 2m
	// (delivery.timeout.ms). An idempotent
	// producer cannot give up a batch that may have been written, so it can wait longer: bound Send by its context.
	DeliveryTimeout time.Duration
	Partitioner     string // "murmur2" as Java (default), "crc32" as librdkafka, "roundrobin"
	AutoCreate      bool   // ask the broker to create a missing topic; default false
	Meter           Meter  // default: none

	// TransactionalID makes the producer transactional (transactional.id, KIP-98): all that it sends belongs to a transaction, between
	// Begin and Commit or Abort. Who comes later with the same one fences it, and aborts what it has left open.
	TransactionalID string
	// TransactionTimeout is how long a transaction may be open before the broker aborts it; default 40s (transaction.timeout.ms).
	TransactionTimeout time.Duration
}

// Producer sends records. It is safe for concurrent use.
type Producer struct {
	client *kgo.Client
	meter  Meter
	noAck  bool
	// alone is true when no second batch of a partition can be in flight unseen: a broker's refusal of one batch then
	// speaks for the records behind it as well, which franz-go fails with the same error.
	alone     bool
	disturbed *disturbance
	expiry    *expiry
	async     asyncMeter
	closed    atomic.Bool
	splitter  *splitter    // nil in a transactional producer: another one with its id would fence it
	txn       *transaction // nil unless it is transactional
}

// NewProducer checks the options and starts a producer. Nothing is sent before the first record.
func NewProducer(c Config, o ProducerOptions) (*Producer, error) {
	p, opts, err := newProducer(c, o)
	if err != nil {
		return nil, err
	}
	p.client, err = kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("kafka: producer: %w", err)
	}
	return p, nil
}

// newProducer gives a producer that lacks only its client, and the options of that.
func newProducer(c Config, o ProducerOptions) (*Producer, []kgo.Opt, error) {
	opts, err := c.Options()
	if err != nil {
		return nil, nil, err
	}
	own, err := o.kgo()
	if err != nil {
		return nil, nil, err
	}
	p := &Producer{
		meter: meterOr(o.Meter), noAck: o.Acks == "none", alone: o.idempotent() || o.InFlight <= 1,
		disturbed: new(disturbance), expiry: newExpiry(orDefault(o.DeliveryTimeout, defaultDeliveryTimeout)),
	}
	if o.TransactionalID == "" {
		p.splitter = newSplitter(c, o)
	} else {
		p.txn = &transaction{}
		own = append(own, o.transactional()...)
	}
	opts = append(opts, own...)
	return p, append(opts, kgo.WithHooks(p.disturbed, settling{p}), kgo.RetryBackoffFn(p.disturbed.backoff)), nil
}

// Check says what is wrong with the options, without starting anything.
func (o ProducerOptions) Check() error {
	_, err := o.kgo()
	return err
}

func (o ProducerOptions) idempotent() bool {
	return !o.DisableIdempotence && (o.Acks == "" || o.Acks == "all")
}

func (o ProducerOptions) kgo() ([]kgo.Opt, error) {
	acks, ok := map[string]kgo.Acks{"": kgo.AllISRAcks(), "all": kgo.AllISRAcks(), "leader": kgo.LeaderAck(), "none": kgo.NoAck()}[o.Acks]
	if !ok {
		return nil, fmt.Errorf("kafka: acks %q: want all, leader or none", o.Acks)
	}
	codec, ok := map[string]kgo.CompressionCodec{
		"": kgo.NoCompression(), "none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}[o.Compression]
	if !ok {
		return nil, fmt.Errorf("kafka: compression %q: want none, gzip, snappy, lz4 or zstd", o.Compression)
	}
	partitioner, err := newPartitioner(o.Partitioner)
	if err != nil {
		return nil, err
	}
	if err := o.ranges(); err != nil {
		return nil, err
	}
	opts := []kgo.Opt{
		kgo.DefaultProduceTopic(o.Topic), kgo.RequiredAcks(acks), kgo.ProducerBatchCompression(codec),
		kgo.RecordPartitioner(partitioner), kgo.ProducerLinger(max(orDefault(o.Linger, defaultLinger), 0)),
		kgo.ProducerBatchMaxBytes(int32(orDefault(o.BatchSize, defaultBatchSize))),
		kgo.MaxBufferedRecords(orDefault(o.MaxBuffered, defaultMaxBuffered)),
	}
	if o.AutoCreate {
		opts = append(opts, kgo.AllowAutoTopicCreation())
	}
	if !o.idempotent() {
		opts = append(opts, kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(orDefault(o.InFlight, 1)))
	}
	return opts, nil
}

const (
	minBatchSize    = 1 << 10
	maxBatchSize    = 100 << 20
	idempotentLimit = 5
)

func (o ProducerOptions) ranges() error {
	switch {
	case o.BatchSize != 0 && (o.BatchSize < minBatchSize || o.BatchSize > maxBatchSize):
		return fmt.Errorf("kafka: batchSize %d: want 1,024 to 104,857,600 bytes", o.BatchSize)
	case o.MaxBuffered < 0:
		return fmt.Errorf("kafka: maxBuffered %d: want at least 1 record", o.MaxBuffered)
	case o.DeliveryTimeout < 0 || o.DeliveryTimeout > 0 && o.DeliveryTimeout < time.Second:
		return fmt.Errorf("kafka: deliveryTimeout %v: want at least 1s", o.DeliveryTimeout)
	case o.Linger > time.Minute:
		return fmt.Errorf("kafka: linger %v: want at most 1m", o.Linger)
	case o.InFlight < 0:
		return fmt.Errorf("kafka: inFlight %d: want at least 1 request", o.InFlight)
	case o.InFlight > 0 && o.InFlight != idempotentLimit && o.idempotent():
		return fmt.Errorf("kafka: inFlight %d: an idempotent producer has 5 requests in flight (KIP-98); "+
			"turn idempotence off to choose another number", o.InFlight)
	}
	return o.checkTransactional()
}

// Retried says whether this producer ever lost a produce request or its answer, or paused to try again: only then can an
// ack come without an offset (the broker knew the batch from before).
func (p *Producer) Retried() bool { return p.disturbed.retried.Load() }

// Flush waits until everything handed over has settled, or the context ends.
func (p *Producer) Flush(ctx context.Context) error {
	if err := p.client.Flush(ctx); err != nil {
		return fmt.Errorf("kafka: flush: %w", err)
	}
	return nil
}

// Close sends what is left, for at most 5 seconds, and ends the producer. Records that had not settled by then settle with
// CLIENT_CLOSED, outcome Unknown unless they never entered a batch.
func (p *Producer) Close() error {
	if p.closed.Swap(true) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := p.client.Flush(ctx)
	p.client.Close()
	p.expiry.end()
	if p.splitter != nil {
		p.splitter.close()
	}
	if err != nil {
		return errors.New("kafka: producer closed with records that had not settled within 5s: their outcome is unknown")
	}
	return nil
}
