package trust

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// Start implements kafka.StartListener: it asks where the log begins, or ends, as a client does that has no committed offset, and tells the
// ledger the answer.
func (l *liveReader) Start(ctx context.Context, uncommitted kafka.Partitions) (kafka.Offsets, error) {
	out := kafka.Offsets{}
	if l.o.OffsetReset == "" || l.o.OffsetReset == ledger.ResetNone {
		return out, nil
	}
	ctx, done := l.run.whileRunning(ctx)
	defer done()
	for topic, partitions := range uncommitted {
		positions := map[int32]int64{}
		for _, partition := range partitions {
			positions[partition] = -1
		}
		sent, err := l.askReset(ctx, topic, positions)
		if err != nil {
			return nil, err
		}
		out[topic] = sent
		l.mu.Lock()
		for partition, at := range sent {
			l.began[ledger.TopicPartition{Topic: topic, Partition: partition}] = at
		}
		l.mu.Unlock()
	}
	return out, nil
}

// askReset asks where the reader is to begin in these partitions. A position is what it was told is out of range, −1 where nothing is
// committed.
func (l *liveReader) askReset(ctx context.Context, topic string, positions map[int32]int64) (map[int32]int64, error) {
	admin, err := l.run.theAdmin()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	questions := map[int32]ledger.ResetQuestion{}
	for partition, position := range positions {
		questions[partition] = l.run.ledger.AskReset(ledger.Reset{
			Group: l.o.Group, Reader: l.name, TP: ledger.TopicPartition{Topic: topic, Partition: partition}, Policy: l.o.OffsetReset,
			Position: position,
		})
	}
	answers, err := admin.ListOffsets(ctx, kafka.Spot{At: l.o.OffsetReset}, topic)
	if err != nil {
		return nil, fmt.Errorf("asking for the %s offsets of %s: %w", l.o.OffsetReset, topic, err)
	}
	out := map[int32]int64{}
	for partition, question := range questions {
		at, ok := answers[topic][partition]
		if !ok {
			return nil, fmt.Errorf("asking for the %s offset of %s/%d: it was not in the answer", l.o.OffsetReset, topic, partition)
		}
		question.Answered(at)
		out[partition] = at
		l.resets.Add(1)
		l.shared.begins(ledger.TopicPartition{Topic: topic, Partition: partition}, at)
	}
	return out, nil
}

// misplaced deals with what a poll says of a reader whose offset reset was chosen: that it has no offset, or one that is not in the log.
func (l *liveReader) misplaced(ctx context.Context, err error) bool {
	fetch, ok := errors.AsType[*kafka.FetchError](err)
	if !ok || l.o.OffsetReset == "" {
		return false
	}
	outside := fetch.Name == kerr.OffsetOutOfRange.Message
	if l.o.OffsetReset == ledger.ResetNone {
		if outside || fetch.Name == "NO_OFFSET" {
			l.got.Refused = fetch.Error()
		}
		return l.got.Refused != ""
	}
	if !outside {
		return false
	}
	tp := ledger.TopicPartition{Topic: fetch.Topic, Partition: fetch.Partition}
	if l.outOfRange[tp]++; l.outOfRange[tp] == 2 {
		return true // it may be of a fetch that was under way when the first one was answered
	}
	sent, err := l.askReset(ctx, tp.Topic, map[int32]int64{tp.Partition: l.client.Position()[tp.Topic][tp.Partition]})
	if err == nil {
		l.mu.Lock()
		l.ids.Assign(tp, sent[tp.Partition])
		l.mu.Unlock()
		err = l.client.Seek(kafka.Offsets{tp.Topic: sent})
	}
	if err != nil && ctx.Err() == nil {
		l.failed(err)
	}
	return true
}

// begins notes where a group was sent that had no offset: it has nothing to read below.
func (g *readerGroup) begins(at ledger.TopicPartition, offset int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.positions[at] = max(g.positions[at], offset)
	g.sent++
	g.tell()
}

// ResetsSeen waits until a group was sent somewhere, for it had no offset to go on from, so many times, each partition counted: what is
// sent from then on comes after that. It reports false when that does not happen in time, or the run has stopped.
func (r *Run) ResetsSeen(ctx context.Context, group string, resets int, timeout time.Duration) bool {
	return r.groupSeen(ctx, group, timeout, func(g *readerGroup) bool { return g.sent >= resets })
}
