package trust

import (
	"context"
	"fmt"

	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// askGroups asks, when all is over, what the groups of the run have committed.
func (r *Run) askGroups(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	admin, err := kafka.NewAdmin(r.config(nil))
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	r.mu.Lock()
	names := make([]string, 0, len(r.groups))
	for name, g := range r.groups {
		if g.consumers.Load() {
			names = append(names, name)
		}
	}
	r.mu.Unlock()
	for _, group := range names {
		questions := r.ledger.AskAllCommitted(group, "final question")
		if len(questions) == 0 {
			continue // nothing was committed
		}
		committed, err := committedBy(ctx, admin, group)
		if err != nil {
			return err
		}
		for tp, question := range questions {
			question.Answered(committedAt(committed, tp))
		}
	}
	return nil
}

// committedBy asks what a group has committed.
func committedBy(ctx context.Context, admin *kafka.Admin, group string) (kafka.Offsets, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	offsets, err := admin.CommittedOffsets(ctx, group)
	if err != nil {
		return nil, fmt.Errorf("asking what group %s has committed: %w", group, err)
	}
	return offsets, nil
}

// committedAt is -1 where nothing is committed.
func committedAt(offsets kafka.Offsets, tp ledger.TopicPartition) int64 {
	if next, ok := offsets[tp.Topic][tp.Partition]; ok {
		return next
	}
	return -1
}
