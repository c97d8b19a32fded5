package trust

import (
	"context"
	"errors"
	"fmt"

	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// checkDelivery says what is wrong with the options that decide what is delivered how often.
func (o ConsumeOptions) checkDelivery() error {
	switch {
	case o.Group == "" && (o.CommitFirst || o.OffsetReset != ""):
		return errors.New("consume: commit and offsetReset are for members of a group: name it")
	case o.OffsetReset != "" && o.Committed:
		return errors.New("consume: where the end of what is committed lies is not judged: leave out the offset reset or read_committed")
	case o.CommitFirst && o.Crash && o.Records == 0:
		return errors.New("consume: say after how many records a member crashes that commits first (records)")
	}
	return nil
}

// portion is how many records one poll may give, 0 for any number. Who crashes has committed some before, and who commits first has few
// of them at stake.
func (l *liveReader) portion() int {
	switch {
	case l.o.Crash && l.o.Records > 0:
		return int(max(1, min(l.o.Records/4, 1000)))
	case l.o.CommitFirst:
		return 100
	}
	return 0
}

// progress commits. By default that follows the processing, so that a crash leaves records processed and not committed; who commits first
// leaves records committed and not processed.
func (l *liveReader) progress(ctx context.Context, records []kafka.Record, enough bool) {
	switch {
	case l.o.CommitFirst && len(records) == 0:
	case l.o.CommitFirst:
		switch {
		case !l.commit(ctx, true):
			l.shared.unprocessed(records) // it may not be processed: who gets it next is to do it
		case l.o.Crash && enough:
			l.got.Unprocessed = int64(len(records))
		}
	case l.o.Crash && enough:
		l.got.Uncommitted = l.pending.Load()
	default:
		l.commit(ctx, l.o.Crash)
	}
}

// again notes that the record which was just read had been processed by the group before.
func (l *liveReader) again(tp ledger.TopicPartition) {
	if l.shared.pardoned(tp, l.record.Offset) {
		return
	}
	if l.got.Again++; l.got.Again <= evidenceOfAgain {
		l.got.Repeated = append(l.got.Repeated,
			fmt.Sprintf("%s/%d@%d record %s", tp.Topic, tp.Partition, l.record.Offset, l.run.ledger.UUID(l.record)))
	}
}

// evidenceOfAgain is how many records are named that came again.
const evidenceOfAgain = 5

// unprocessed notes records that a member was given and did not process, for it could not commit them first.
func (g *readerGroup) unprocessed(records []kafka.Record) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range records {
		g.dropped[recordPlace{ledger.TopicPartition{Topic: records[i].Topic, Partition: records[i].Partition}, records[i].Offset}] = true
	}
}

// pardoned says that nobody has processed what was given before, and forgets it: now somebody does.
func (g *readerGroup) pardoned(tp ledger.TopicPartition, offset int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := recordPlace{tp, offset}
	was := g.dropped[at]
	delete(g.dropped, at)
	return was
}

// recordPlace is where a record stands.
type recordPlace struct {
	tp     ledger.TopicPartition
	offset int64
}
