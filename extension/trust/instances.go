package trust

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"k6suite/extension/kafka"
)

// TestID names what all k6 instances of a test share: the run's own id where one runs it all.
func (o *Options) TestID() string {
	if o.Part.Of > 1 {
		return o.Part.Test
	}
	return o.RunID
}

// needsOneInstance refuses what only the instance that does it would know of, so that the others would judge its traces wrongly.
func (o *Options) needsOneInstance(what string) error {
	if o.Part.Of <= 1 {
		return nil
	}
	return fmt.Errorf("%s: %s are not judged over several k6 instances: run the script by one, without --execution-segment", o.Script, what)
}

// othersPatience is how long nothing comes before a reader takes it that other instances send no more: what they lost never comes.
const othersPatience = 10 * time.Second

// allSent says whether the records that the run announced have got an outcome. What other instances sent counts once the group has seen it,
// and their positive controls are among that.
func (l *liveReader) allSent() bool {
	o := &l.run.opts
	settled := l.run.settled.Load()
	if o.Part.Of <= 1 || settled >= o.Records {
		return settled >= o.Records
	}
	controls := int64((o.Part.Of-1)*len(o.Topics)) * int64(l.run.partitions.Load())
	return settled+l.run.ledger.ReadOfSiblings(l.group) >= o.Records+controls || l.shared.quiet() > othersPatience
}

// joinTopics creates the topics, or takes those that another instance of the test has created.
func (r *Run) joinTopics(ctx context.Context, cfg kafka.Config) error {
	if err := r.createTopics(ctx, cfg); err != nil {
		return err
	}
	counts, err := r.countPartitions(ctx)
	for errors.Is(err, kerr.UnknownTopicOrPartition) && ctx.Err() == nil { // not every broker has heard of it yet
		time.Sleep(100 * time.Millisecond)
		counts, err = r.countPartitions(ctx)
	}
	if err != nil {
		return err
	}
	for topic, count := range counts {
		if count != r.opts.Partitions && !r.opts.Shared {
			return fmt.Errorf("topic %s has %d partitions, not %d: another instance of test %s runs another script, or it is of an earlier run: "+
				"give another K6_RUN_ID", topic, count, r.opts.Partitions, r.opts.Part.Test)
		}
	}
	return nil
}
