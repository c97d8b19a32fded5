package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Spot names a place in a log for [Admin.ListOffsets].
type Spot struct {
	At        string // "earliest" (log start), "latest" (high watermark), "stable" (last stable offset), "timestamp"
	Timestamp int64  // milliseconds, for "timestamp": the first record at or after it
}

// ListOffsets asks each partition of the topics where the spot is. With a timestamp after the last record it gives the end
// of the log. Every partition that the topics have is in the answer, or there is an error.
func (a *Admin) ListOffsets(ctx context.Context, spot Spot, topics ...string) (Offsets, error) {
	if len(topics) == 0 {
		return Offsets{}, nil // kadm would take none for all
	}
	list, err := a.lister(spot)
	if err != nil {
		return nil, err
	}
	described, err := a.DescribeTopics(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("kafka: list offsets: %w", err)
	}
	list = list.elected()
	answer, err := list(ctx, topics...)
	if err == nil && !covers(answer, described) {
		time.Sleep(adminMetadataAge) // kadm found the partitions in metadata of a moment ago
		answer, err = list(ctx, topics...)
	}
	if err != nil {
		return nil, fmt.Errorf("kafka: list offsets: %w", err)
	}
	out := Offsets{}
	var failed PartitionErrors
	for _, t := range described {
		for _, p := range t.Partitions {
			offset, err := listed(answer, t.Topic, p.Partition)
			failed.add(t.Topic, p.Partition, err)
			out.set(t.Topic, p.Partition, offset)
		}
	}
	return out, failed.join("list offsets")
}

type listOffsets func(context.Context, ...string) (kadm.ListedOffsets, error)

const (
	// electionBound is how long a new leader may not know yet where its log ends.
	electionBound = 5 * time.Second
	// electionLook is how often it is asked.
	electionLook = 50 * time.Millisecond
)

// elected asks again while a leader that was just elected does not know yet where its log ends. Java's clients do that for who asks them
// (KIP-207), and franz-go does it for other errors of an election, not for this one.
func (list listOffsets) elected() listOffsets {
	return func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error) {
		ask := func(ctx context.Context) (kadm.ListedOffsets, error) { return list(ctx, topics...) }
		return again(ctx, electionLook, electionBound, ask, func(answer kadm.ListedOffsets, err error) bool {
			return err == nil && errors.Is(answer.Error(), kerr.OffsetNotAvailable)
		})
	}
}

func (a *Admin) lister(spot Spot) (listOffsets, error) {
	switch spot.At {
	case "earliest":
		return a.admin.ListStartOffsets, nil
	case "latest":
		return a.admin.ListEndOffsets, nil
	case "stable":
		return a.admin.ListCommittedOffsets, nil
	case "timestamp":
		return func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error) {
			return a.admin.ListOffsetsAfterMilli(ctx, spot.Timestamp, topics...)
		}, nil
	default:
		return nil, fmt.Errorf("kafka: list offsets at %q: want earliest, latest, stable or timestamp", spot.At)
	}
}

func covers(answer kadm.ListedOffsets, topics []Topic) bool {
	for _, t := range topics {
		for _, p := range t.Partitions {
			if _, ok := answer.Lookup(t.Topic, p.Partition); !ok {
				return false
			}
		}
	}
	return true
}
