package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var errNoGroup = errors.New("kafka: commit: the consumer has no group: name one to commit offsets")

// Commit commits the given offsets, each the next one to read, or, with nil, the positions of all owned partitions that
// moved since the last commit: what Poll has returned, never what it only holds. It returns what was committed. Offsets of
// partitions that this member does not own are refused: committing them could turn another member's progress back.
func (c *Consumer) Commit(ctx context.Context, offsets Offsets) (Offsets, error) {
	if c.options.Group == "" {
		return nil, errNoGroup
	}
	toCommit, err := c.committable(offsets)
	if err != nil || len(toCommit) == 0 {
		return Offsets{}, err
	}
	var failed error
	c.client.CommitOffsetsSync(ctx, epochOffsets(toCommit),
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
			failed = commitError(resp, err)
		})
	if failed != nil {
		return nil, failed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for topic, partitions := range toCommit {
		for partition, offset := range partitions {
			if place := c.owned[topic][partition]; place != nil {
				place.committed = offset
			}
		}
	}
	return toCommit, nil
}

func (c *Consumer) committable(offsets Offsets) (Offsets, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := Offsets{}
	if offsets == nil {
		for topic, partitions := range c.owned {
			for partition, place := range partitions {
				if place.position >= 0 && place.position != place.committed {
					out.set(topic, partition, place.position)
				}
			}
		}
		return out, nil
	}
	for topic, partitions := range offsets {
		for partition, offset := range partitions {
			if offset < 0 {
				return nil, fmt.Errorf("kafka: commit: %s partition %d: offset %d: want 0 or more", topic, partition, offset)
			}
			if c.owned[topic][partition] == nil {
				return nil, fmt.Errorf("kafka: commit: %s partition %d is not assigned to this member", topic, partition)
			}
			out.set(topic, partition, offset)
		}
	}
	return out, nil
}

func commitError(resp *kmsg.OffsetCommitResponse, err error) error {
	if err != nil {
		return fmt.Errorf("kafka: commit: %w", err)
	}
	var failed PartitionErrors
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			failed.add(t.Topic, p.Partition, kerr.ErrorForCode(p.ErrorCode))
		}
	}
	return failed.join("commit")
}

// Position gives the next offset that Poll can return, per owned partition; -1 where nothing was returned yet from a start
// that is only known by name.
func (c *Consumer) Position() Offsets {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := Offsets{}
	for topic, partitions := range c.owned {
		for partition, place := range partitions {
			out.set(topic, partition, place.position)
		}
	}
	return out
}

// Lag gives, per owned partition, the records between the position and the end of the log as ListOffsets answers now (the
// last stable offset with read_committed). Where no position is known yet, it counts from the committed or start offset.
func (c *Consumer) Lag(ctx context.Context) (Offsets, error) {
	position := c.Position()
	topics := make([]string, 0, len(position))
	for topic := range position {
		topics = append(topics, topic)
	}
	if len(topics) == 0 {
		return Offsets{}, nil
	}
	list := c.admin.ListEndOffsets
	if c.options.ReadCommitted {
		list = c.admin.ListCommittedOffsets
	}
	ends, err := list(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("kafka: lag: %w", err)
	}
	if err := c.resolveUnknown(ctx, position, ends); err != nil {
		return nil, err
	}
	out := Offsets{}
	for topic, partitions := range position {
		for partition, at := range partitions {
			end, err := listed(ends, topic, partition)
			if err != nil {
				return nil, fmt.Errorf("kafka: lag: end of %s partition %d: %w", topic, partition, err)
			}
			out.set(topic, partition, max(end-at, 0))
		}
	}
	return out, nil
}

// resolveUnknown replaces positions that are only known by name by what that name stands for now.
func (c *Consumer) resolveUnknown(ctx context.Context, position Offsets, ends kadm.ListedOffsets) error {
	for topic, partitions := range position {
		for partition, at := range partitions {
			if at >= 0 {
				continue
			}
			from := ends
			var err error
			switch c.options.Start.At {
			case "latest":
			case "timestamp":
				from, err = c.admin.ListOffsetsAfterMilli(ctx, c.options.Start.Timestamp.UnixMilli(), topic)
			default:
				from, err = c.admin.ListStartOffsets(ctx, topic)
			}
			if err != nil {
				return fmt.Errorf("kafka: lag: start of %s: %w", topic, err)
			}
			start, err := listed(from, topic, partition)
			if err != nil {
				return fmt.Errorf("kafka: lag: start of %s partition %d: %w", topic, partition, err)
			}
			position[topic][partition] = start
		}
	}
	return nil
}

var errUnanswered = errors.New("the broker did not answer for it")

func listed(offsets kadm.ListedOffsets, topic string, partition int32) (int64, error) {
	o, ok := offsets.Lookup(topic, partition)
	switch {
	case !ok:
		return -1, errUnanswered
	case o.Err != nil:
		return -1, explain(topic, o.Err)
	default:
		return o.Offset, nil
	}
}

// Seek moves positions; the next Poll returns records from there. Records that were read and not returned are dropped and
// read again. It refuses partitions that the consumer does not read.
func (c *Consumer) Seek(offsets Offsets) error {
	c.polling.Lock() // a Poll on the way out must not move the position back
	defer c.polling.Unlock()
	c.mu.Lock()
	for topic, partitions := range offsets {
		for partition, offset := range partitions {
			if c.owned[topic][partition] == nil {
				c.mu.Unlock()
				return fmt.Errorf("kafka: seek: %s partition %d is not assigned to this consumer", topic, partition)
			}
			if offset < 0 {
				c.mu.Unlock()
				return fmt.Errorf("kafka: seek: %s partition %d: offset %d: want 0 or more", topic, partition, offset)
			}
		}
	}
	c.mu.Unlock()
	c.client.SetOffsets(epochOffsets(offsets))
	c.mu.Lock()
	defer c.mu.Unlock()
	for topic, partitions := range offsets {
		for partition, offset := range partitions {
			if place := c.owned[topic][partition]; place != nil {
				place.position = offset
			}
		}
	}
	return nil
}

// Pause stops returning records of these partitions until Resume; the member keeps them.
func (c *Consumer) Pause(partitions Partitions) { c.client.PauseFetchPartitions(partitions) }

// Resume undoes Pause.
func (c *Consumer) Resume(partitions Partitions) { c.client.ResumeFetchPartitions(partitions) }

func epochOffsets(offsets Offsets) map[string]map[int32]kgo.EpochOffset {
	out := make(map[string]map[int32]kgo.EpochOffset, len(offsets))
	for topic, partitions := range offsets {
		out[topic] = make(map[int32]kgo.EpochOffset, len(partitions))
		for partition, offset := range partitions {
			out[topic][partition] = kgo.EpochOffset{Epoch: -1, Offset: offset}
		}
	}
	return out
}

func (o Offsets) set(topic string, partition int32, offset int64) {
	if o[topic] == nil {
		o[topic] = map[int32]int64{}
	}
	o[topic][partition] = offset
}
