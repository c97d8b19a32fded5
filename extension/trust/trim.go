package trust

import (
	"context"

	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// Trim deletes the records below these offsets, of which nobody expects anything any more, and gives where the logs begin then.
func (r *Run) Trim(ctx context.Context, before kafka.Offsets) (kafka.Offsets, error) {
	if err := r.opts.needsOneInstance("deleted records"); err != nil {
		return nil, err
	}
	if why := r.Stopped(); why != nil {
		return kafka.Offsets{}, nil
	}
	ctx, done, err := r.whileTraffic(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	for topic, partitions := range before {
		if err := r.checkTopic("trim", topic); err != nil {
			return nil, err
		}
		for partition, offset := range partitions {
			r.ledger.Trimmed(ledger.TopicPartition{Topic: topic, Partition: partition}, offset) // from here on it may be gone
		}
	}
	admin, err := r.theAdmin()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return admin.DeleteRecords(ctx, before)
}
