package trust

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
)

// checkTopic refuses a topic that is none of the run; call is what names it.
func (r *Run) checkTopic(call, topic string) error {
	if !slices.Contains(r.opts.Topics, topic) {
		return fmt.Errorf("%s: topic %q is none of the run: %s", call, topic, strings.Join(r.opts.Topics, ", "))
	}
	return nil
}

// prepareTopics creates the topics, or has their first records create them, and runs the positive control on each.
func (r *Run) prepareTopics(ctx context.Context, cfg kafka.Config) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	former, err := r.formerTopic(ctx, cfg)
	switch {
	case err != nil:
		return err
	case r.opts.Part.Of > 1 && !r.opts.AutoCreate:
		if err := r.joinTopics(ctx, cfg); err != nil {
			return err
		}
	case former != "" && !r.opts.Shared && r.opts.Part.Of <= 1:
		return fmt.Errorf("topic %s is there already, perhaps from an earlier run %s: give another K6_RUN_ID, delete the topic, "+
			"or say in the script that it shares the topic (sharesTopic)", former, r.opts.RunID)
	case former != "":
		if err := r.adoptTopics(ctx); err != nil {
			return err
		}
	case r.opts.AutoCreate && r.target.Profile.Claims.AutoCreation:
		if err := r.autoCreate(ctx, cfg); err != nil {
			return err
		}
	default:
		if err := r.createTopics(ctx, cfg); err != nil {
			return err
		}
	}
	if err := r.everyoneReachable(ctx, cfg); err != nil {
		return err
	}
	for _, topic := range r.opts.Topics {
		for partition := range r.partitions.Load() {
			if err := r.control(ctx, cfg, topic, partition); err != nil {
				return err
			}
		}
	}
	return r.controlRead(ctx, cfg)
}

// formerTopic names a topic that is there before the run, "" if none is. Its records would pass for the run's own where both have the
// same id.
func (r *Run) formerTopic(ctx context.Context, cfg kafka.Config) (string, error) {
	admin, err := kafka.NewAdmin(cfg)
	if err != nil {
		return "", err
	}
	defer func() { _ = admin.Close() }()
	for _, topic := range r.opts.Topics {
		_, err = admin.DescribeTopics(ctx, topic)
		switch {
		case errors.Is(err, kerr.UnknownTopicOrPartition):
		case err != nil:
			return "", err
		default:
			return topic, nil
		}
	}
	return "", nil
}

// adoptTopics takes the topics as they are: all of them must be there.
func (r *Run) adoptTopics(ctx context.Context) error {
	counts, err := r.countPartitions(ctx)
	if err != nil {
		return err
	}
	r.partitions.Store(counts[r.opts.Topics[0]])
	return nil
}

func (r *Run) createTopics(ctx context.Context, cfg kafka.Config) error {
	admin, err := kafka.NewAdmin(cfg)
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	for _, topic := range r.opts.Topics {
		err := admin.CreateTopic(ctx, kafka.TopicSpec{
			Topic: topic, Partitions: r.opts.Partitions, Replication: r.target.Profile.Topics.ReplicationFactor,
		})
		if err != nil && (r.opts.Part.Of <= 1 || !errors.Is(err, kerr.TopicAlreadyExists)) {
			return err
		}
	}
	return nil
}

// autoCreate has the first record of each topic create it.
func (r *Run) autoCreate(ctx context.Context, cfg kafka.Config) error {
	for _, topic := range r.opts.Topics {
		if err := r.control(ctx, cfg, topic, kafka.AnyPartition); err != nil {
			return err
		}
	}
	counts, err := r.countPartitions(ctx)
	if err != nil {
		return err
	}
	r.partitions.Store(counts[r.opts.Topics[0]])
	return nil
}

// control sends one tracked record of the positive control.
func (r *Run) control(ctx context.Context, cfg kafka.Config, topic string, partition int32) error {
	sent, err := r.Produce(ctx, controlVU, ProduceOptions{Topic: topic, Partition: &partition, control: &cfg})
	if err != nil {
		return err
	}
	if sent.Acked != 1 {
		return fmt.Errorf("a record to %s/%d was not acknowledged: %v", topic, partition, sent.Errors)
	}
	return nil
}

// controlRead reads the records of the positive control back.
func (r *Run) controlRead(ctx context.Context, cfg kafka.Config) error {
	read, err := r.Consume(ctx, controlVU, ConsumeOptions{Timeout: 20 * time.Second, Until: UntilAcked, control: &cfg})
	if err != nil {
		return err
	}
	if !read.Complete {
		r.doubt(contract.Doubt{Requirements: []string{"F1.1"}, Text: fmt.Sprintf(
			"the positive control read %d records back, and missed %d", read.Records, read.Missing)})
		return nil
	}
	if !r.scenario.JudgesRequirement("F1.1") {
		return nil
	}
	partitions := int(r.partitions.Load()) * len(r.opts.Topics)
	return r.Expect(contract.Expectation{
		Requirement: "F1.1", What: "a client that knows one address reaches every partition", OK: true,
		Evidence: fmt.Sprintf("bootstrap %s: records to and from each of %d partitions", cfg.Brokers[0], partitions),
	})
}
