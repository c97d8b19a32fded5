package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Result is how one record's send ended.
type Result struct {
	Topic     string
	Partition int32     // -1: none was chosen
	Offset    int64     // -1: none was given, as after an error, with acks=none, or when Outcome is Suspicious
	Timestamp time.Time // of the record, as sent
	Outcome   Outcome
	Err       error // nil: acknowledged; with acks=none: handed to the network, outcome Unknown

	// ProducerID, ProducerEpoch are of the idempotent producer that sent the record; -1: none.
	ProducerID    int64
	ProducerEpoch int16
}

// slot is one record on its way. It is the record's context, so that franz-go carries it to our hooks; a Send has all its
// slots in one slice, so that a record costs no allocation of its own.
type slot struct {
	context.Context //nolint:containedctx // franz-go wants a record to carry one; this ends when the record has waited too long
	rec             kgo.Record
	since           time.Time // hand-over
	batched         int64     // the disturbance count when the record entered a batch
	index           int
	settled         bool
	done            func(*slot, Result)
}

// settling is the hook that turns a settled record into a Result.
type settling struct{ *Producer }

// OnProduceRecordPartitioned notes when a record enters a batch. franz-go holds the partition's lock, so no request has
// carried the record yet.
func (s settling) OnProduceRecordPartitioned(r *kgo.Record, _ int32) {
	if slot, ok := r.Context.(*slot); ok {
		slot.batched = s.disturbed.count.Load()
	}
}

// OnProduceRecordUnbuffered runs once per record, one record at a time, just before its promise.
func (s settling) OnProduceRecordUnbuffered(r *kgo.Record, err error) {
	if err != nil && s.txn != nil {
		s.txn.failed.Add(1)
	}
	if slot, ok := r.Context.(*slot); ok {
		slot.done(slot, s.settle(slot, err))
	}
}

// settle decides the outcome. A record whose partition was never chosen never entered a batch: it was not sent, whatever
// the error says. Else the error must prove it, and no earlier attempt may stand against the proof.
func (p *Producer) settle(s *slot, err error) Result {
	r := Result{
		Topic: s.rec.Topic, Partition: s.rec.Partition, Offset: s.rec.Offset, Timestamp: s.rec.Timestamp,
		ProducerID: s.rec.ProducerID, ProducerEpoch: s.rec.ProducerEpoch,
		Outcome: Classify(err, s.rec.Offset), Err: err,
	}
	switch {
	case err == nil && p.noAck: // franz-go makes up an offset: nobody answered
		r.Offset, r.Outcome = -1, Unknown
	case err == nil:
	case s.rec.Partition < 0, refusedByClient(err):
		r.Outcome = Failed
	case r.Outcome == Failed && (!p.alone || p.disturbed.count.Load() != s.batched):
		r.Outcome = Unknown
	}
	switch {
	case err == nil:
	case r.Topic == "":
		r.Offset, r.Err = -1, ErrNoTopic
	case s.Err() != nil && errors.Is(err, context.DeadlineExceeded):
		r.Offset, r.Err = -1, fmt.Errorf("%w (deliveryTimeout %v)", kgo.ErrRecordTimeout, p.expiry.timeout)
	default:
		r.Offset, r.Err = -1, explain(r.Topic, err)
	}
	return r
}

// explain adds what to do where Kafka's own words do not say it.
func explain(topic string, err error) error {
	switch name := ErrorName(err); name {
	case kerr.UnknownTopicOrPartition.Message, kerr.UnknownTopicID.Message:
		return fmt.Errorf("topic %q does not exist and was not created: create it first, or ask for it with autoCreate "+
			"where the broker allows that: %w", topic, err)
	default:
		return err
	}
}
