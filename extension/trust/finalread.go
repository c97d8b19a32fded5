package trust

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// finalRead reads topics from their start to their end with a client of its own and hands every record to the ledger. The end
// of a partition is the greatest of what ListOffsets answers, of the high watermark in Fetch responses and of the highest
// acked offset; past it the reader goes on until a fetch is empty.
type finalRead struct {
	client *kgo.Client // fetches
	asker  *kgo.Client // asks for ends
	read   completeRead
	topics []string

	// patience is how long an acked offset beyond the end may stay away before the end is believed: lost is not late.
	patience time.Duration
	// stall is how long to wait for the next record below the end before a partition is given up as incomplete.
	stall time.Duration

	partitions map[ledger.TopicPartition]*finalPartition
}

type finalPartition struct {
	tp        ledger.TopicPartition
	log       partitionLog
	ends      ledger.Ends
	highest   int64 // highest acked offset, -1 for none
	position  int64
	done      bool
	record    ledger.Record // reused for every record of the partition
	lastMoved time.Time
}

// completeRead is the ledger's side of a read: of all that is there, or of what is committed.
type completeRead interface {
	Begin(tp ledger.TopicPartition, start ledger.Ends)
	End(tp ledger.TopicPartition, end ledger.Ends)
}

// partitionLog takes the records of one partition.
type partitionLog interface{ Read(record *ledger.Record) }

func (f *finalRead) log(tp ledger.TopicPartition) partitionLog {
	if read, committed := f.read.(*ledger.CommittedRead); committed {
		return read.Log(tp)
	}
	return f.read.(*ledger.FinalRead).Log(tp)
}

// target is the offset up to which the partition must be read before its end is probed.
func (p *finalPartition) target() int64 { return max(p.ends.Listed, p.ends.HighWatermark) }

// readAll makes one complete final read of the topics. An error means that the target could not be read at all; a partition that could
// not be read to its end is told to the ledger, which turns it into a doubt.
func readAll(ctx context.Context, cfg kafka.Config, l *ledger.Ledger, name string, topics []string, patience, stall time.Duration) error {
	return readAs(ctx, cfg, l, l.NewFinalRead(name), name, topics, patience, stall)
}

// readCommitted makes one complete read of what is committed.
func readCommitted(
	ctx context.Context, cfg kafka.Config, l *ledger.Ledger, name string, topics []string, patience, stall time.Duration,
) error {
	return readAs(ctx, cfg, l, l.NewCommittedRead(name), name, topics, patience, stall, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
}

func readAs(
	ctx context.Context, cfg kafka.Config, l *ledger.Ledger, read completeRead, name string, topics []string, patience, stall time.Duration,
	isolation ...kgo.Opt,
) error {
	opts, err := cfg.Options()
	if err != nil {
		return err
	}
	asker, err := kgo.NewClient(opts...) // its questions must not queue behind fetches that wait for records
	if err != nil {
		return err
	}
	defer asker.Close()
	client, err := kgo.NewClient(append(slices.Concat(opts, isolation),
		kgo.FetchMaxWait(20*time.Millisecond), // a partition at its end must not keep its broker's others waiting
		kgo.KeepControlRecords(),              // they move the position to the true end of the log
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
	)...)
	if err != nil {
		return err
	}
	defer client.Close()
	f := &finalRead{
		client: client, asker: asker, read: read, topics: topics,
		patience: patience, stall: stall, partitions: map[ledger.TopicPartition]*finalPartition{},
	}
	if err := f.begin(ctx, l); err != nil {
		return fmt.Errorf("%s of %s: %w", name, strings.Join(topics, ", "), err)
	}
	return f.run(ctx)
}

// begin asks for the ends of all partitions and starts to fetch them from the log start.
func (f *finalRead) begin(ctx context.Context, l *ledger.Ledger) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	starts, err := listed(kadm.NewClient(f.asker).ListStartOffsets(ctx, f.topics...))
	if err != nil {
		return fmt.Errorf("listing the log starts: %w", err)
	}
	ends, err := listed(kadm.NewClient(f.asker).ListEndOffsets(ctx, f.topics...))
	if err != nil {
		return fmt.Errorf("listing the end offsets: %w", err)
	}
	add := map[string]map[int32]kgo.Offset{}
	for _, topic := range f.topics {
		if len(starts[topic]) == 0 {
			return fmt.Errorf("topic %s has no partitions", topic)
		}
		if len(ends[topic]) != len(starts[topic]) {
			return fmt.Errorf("ends of %d partitions of %s were listed, and starts of %d", len(ends[topic]), topic, len(starts[topic]))
		}
		add[topic] = map[int32]kgo.Offset{}
	}
	starts.Each(func(start kadm.ListedOffset) {
		end, _ := ends.Lookup(start.Topic, start.Partition)
		p := &finalPartition{
			tp:        ledger.TopicPartition{Topic: start.Topic, Partition: start.Partition},
			ends:      ledger.Ends{LogStart: start.Offset, Listed: end.Offset, HighWatermark: -1},
			highest:   -1,
			position:  start.Offset,
			lastMoved: time.Now(),
		}
		if offset, ok := l.HighestAcked(p.tp); ok {
			p.highest = offset
		}
		f.partitions[p.tp] = p
		f.read.Begin(p.tp, p.ends)
		p.log = f.log(p.tp)
		add[start.Topic][start.Partition] = kgo.NewOffset().At(start.Offset)
	})
	f.client.AddConsumePartitions(add)
	return nil
}

// run polls until every partition is read to its end, or gives up those that do not move.
func (f *finalRead) run(ctx context.Context) error {
	for {
		if f.finished() {
			return f.end(ctx)
		}
		poll, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		fetches := f.client.PollFetches(poll)
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f.take(fetches)
		if err := f.settle(ctx); err != nil {
			return err
		}
	}
}

func (f *finalRead) finished() bool {
	for _, p := range f.partitions {
		if !p.done {
			return false
		}
	}
	return true
}

// take hands one poll to the ledger, partitions in parallel.
func (f *finalRead) take(fetches kgo.Fetches) {
	var group sync.WaitGroup
	fetches.EachPartition(func(fetched kgo.FetchTopicPartition) {
		p := f.partitions[ledger.TopicPartition{Topic: fetched.Topic, Partition: fetched.Partition}]
		if p == nil {
			return
		}
		p.ends.HighWatermark = max(p.ends.HighWatermark, fetched.HighWatermark)
		if len(fetched.Records) > 0 {
			group.Go(func() { p.take(fetched.Records) })
		}
	})
	group.Wait()
}

func (p *finalPartition) take(records []*kgo.Record) {
	for _, r := range records {
		p.position = r.Offset + 1
		if r.Attrs.IsControl() {
			continue
		}
		fill(&p.record, r)
		p.log.Read(&p.record)
	}
	p.lastMoved = time.Now()
}

// fill makes a ledger record of a client record without allocating: the ledger keeps nothing of it.
func fill(to *ledger.Record, r *kgo.Record) {
	to.Offset, to.Timestamp, to.Key, to.Value, to.LeaderEpoch = r.Offset, r.Timestamp, r.Key, r.Value, r.LeaderEpoch
	to.Headers = to.Headers[:0]
	for _, h := range r.Headers {
		to.Headers = append(to.Headers, ledger.Header{Key: h.Key, Value: h.Value})
	}
}

// settle looks past the end of each partition that is read up to it, and gives up those that have stalled below it.
func (f *finalRead) settle(ctx context.Context) error {
	var group errgroup.Group
	for _, p := range f.partitions {
		quiet := time.Since(p.lastMoved)
		switch {
		case p.done, p.position < p.target() && quiet < f.stall:
		case p.position <= p.highest && quiet < f.patience:
		default:
			group.Go(func() error { return f.probe(ctx, p, quiet) })
		}
	}
	return group.Wait()
}

// probe looks past what has been read with one plain fetch: an empty answer at the end is the end of the log. An empty answer
// below it is no end: whatever is missing there may only be late, so the read is incomplete. Errors, as of a leader that
// moves, are tried again for as long as a stalled read may wait.
func (f *finalRead) probe(ctx context.Context, p *finalPartition, quiet time.Duration) error {
	bounded, cancel := context.WithTimeout(ctx, f.stall)
	defer cancel()
	answer, err := fetchAt(bounded, f.asker, p.tp.Topic, p.tp.Partition, p.position)
	switch {
	case err == nil:
	case quiet < f.stall && ctx.Err() == nil:
		return nil
	default:
		return fmt.Errorf("fetching past the end of %s: %w", p.tp, err)
	}
	p.ends.HighWatermark = max(p.ends.HighWatermark, answer.highWatermark)
	more := answer.records || p.position < p.target()
	if more && quiet < f.stall {
		return nil // the client is about to bring it
	}
	p.ends.Reached, p.ends.EmptyAtEnd = p.position, !more
	p.done = true
	return nil
}

// end asks for the ends once more and closes the partitions. An answer from before the read would look stale where a record
// came late.
func (f *finalRead) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	ends, err := listed(kadm.NewClient(f.asker).ListEndOffsets(ctx, f.topics...))
	if err != nil {
		return fmt.Errorf("listing the end offsets after the read: %w", err)
	}
	for _, p := range f.partitions {
		p.ends.Listed = -1
		if end, ok := ends.Lookup(p.tp.Topic, p.tp.Partition); ok {
			p.ends.Listed = end.Offset
		}
		f.read.End(p.tp, p.ends)
	}
	return nil
}

// listed makes one error of all that an answer may hold.
func listed(offsets kadm.ListedOffsets, err error) (kadm.ListedOffsets, error) {
	if err == nil {
		err = offsets.Error()
	}
	return offsets, err
}
