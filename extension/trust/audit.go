package trust

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
	"k6suite/extension/objectstore"
)

// auditBucket reads every segment of the topics directly from the bucket and hands its records to the ledger. A bucket that
// cannot be read is a doubt, which the ledger keeps; one whose objects are damaged is evidence.
func (r *Run) auditBucket(ctx context.Context, partitions map[string]int32) *contract.Audit {
	audit := r.ledger.NewAudit()
	var objects, size atomic.Int64
	err := r.readBucket(ctx, func(o objectstore.AuditObject, records []objectstore.Record) error {
		objects.Add(1)
		size.Add(o.Size)
		r.sawObject(&o, "", time.Now())
		take(audit, o, records, r.target)
		return nil
	})
	damaged := corruptions(err)
	for _, corrupt := range damaged {
		audit.Damaged(ledger.TopicPartition{Topic: corrupt.Topic, Partition: corrupt.Partition}, corrupt.Key, corrupt.Err.Error())
	}
	out := &contract.Audit{Objects: objects.Load(), Bytes: size.Load()}
	if err != nil && len(damaged) == 0 {
		audit.Fail(err.Error())
		return out
	}
	for topic, n := range partitions {
		for p := range n {
			audit.Complete(ledger.TopicPartition{Topic: topic, Partition: p})
		}
	}
	out.Complete = true
	return out
}

func (r *Run) readBucket(ctx context.Context, visit func(objectstore.AuditObject, []objectstore.Record) error) error {
	store, err := r.target.openBucket(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	r.lookAtHistory(ctx, store)
	_, err = objectstore.Audit(ctx, store, objectstore.AuditOptions{Topics: r.opts.Topics}, visit)
	if err != nil {
		return fmt.Errorf("auditing the bucket: %w", err)
	}
	return nil
}

// take hands one object and its records to the ledger.
func take(audit *ledger.Audit, o objectstore.AuditObject, records []objectstore.Record, target *Target) {
	tp := ledger.TopicPartition{Topic: o.Topic, Partition: o.Partition}
	audit.Object(ledger.Object{Key: o.Key, TP: tp, Base: o.Base, Last: o.Last, Written: target.firstWrite(o.Key)})
	var record ledger.Record
	for _, from := range records {
		if from.Control {
			continue
		}
		record.Offset, record.Timestamp, record.Key, record.Value = from.Offset, from.Timestamp, from.Key, from.Value
		record.Headers = toLedger(record.Headers[:0], from.Headers)
		audit.Read(tp, o.Key, record)
	}
}

// corruptions gives the damaged objects among the errors of an audit; none where the audit failed for another reason too.
func corruptions(err error) []*objectstore.CorruptError {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return nil
	}
	var out []*objectstore.CorruptError
	for _, one := range joined.Unwrap() {
		corrupt, ok := one.(*objectstore.CorruptError) //nolint:errorlint // one that wraps it may wrap another reason too
		if !ok {
			return nil
		}
		out = append(out, corrupt)
	}
	return out
}
