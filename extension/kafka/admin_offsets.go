package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
)

// Spot names a place in a log for [Admin.ListOffsets].
type Spot struct {
	At        string // "earliest" (log start), "latest" (high watermark), "stable" (last stable offset), "timestamp"
	Timestamp int64  // milliseconds, for "timestamp": the first record at or after it
}

// ListOffsets asks each partition of the topics where the spot is. With a timestamp after the last record it gives the end
// of the log.
func (a *Admin) ListOffsets(ctx context.Context, spot Spot, topics ...string) (Offsets, error) {
	var (
		answer kadm.ListedOffsets
		err    error
	)
	if len(topics) == 0 {
		return Offsets{}, nil // kadm would take none for all
	}
	switch spot.At {
	case "earliest":
		answer, err = a.admin.ListStartOffsets(ctx, topics...)
	case "latest":
		answer, err = a.admin.ListEndOffsets(ctx, topics...)
	case "stable":
		answer, err = a.admin.ListCommittedOffsets(ctx, topics...)
	case "timestamp":
		answer, err = a.admin.ListOffsetsAfterMilli(ctx, spot.Timestamp, topics...)
	default:
		return nil, fmt.Errorf("kafka: list offsets at %q: want earliest, latest, stable or timestamp", spot.At)
	}
	if err != nil {
		return nil, fmt.Errorf("kafka: list offsets: %w", err)
	}
	out := Offsets{}
	var failed PartitionErrors
	answer.Each(func(o kadm.ListedOffset) {
		failed.add(o.Topic, o.Partition, explain(o.Topic, o.Err))
		if o.Err == nil {
			out.set(o.Topic, o.Partition, o.Offset)
		}
	})
	return out, failed.join("list offsets")
}
