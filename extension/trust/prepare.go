package trust

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
	"k6suite/extension/report"
)

// Broker is one broker as metadata names it.
type Broker struct {
	ID         int32  `json:"id"`
	Address    string `json:"address"`
	Controller bool   `json:"controller"`
}

// Info is what preflight found out about the target; scripts get it as setup data.
type Info struct {
	Profile   string   `json:"profile"`
	System    string   `json:"system"`
	Bootstrap string   `json:"bootstrap"` // the one address that preflight used
	Brokers   []Broker `json:"brokers"`
	Metrics   []string `json:"metrics"`
	Topic     string   `json:"topic"`
	Reached   bool     `json:"reached"` // false: nothing answered, and the run will be INCONCLUSIVE
}

// Prepare is the preflight: reach the target through its first address alone, create the topic, and prove that the healthy
// path works by a tracked record to each partition and back. A target that cannot be reached is not an error of the
// script: the run goes on without traffic and is judged INCONCLUSIVE.
func (r *Run) Prepare(ctx context.Context) (Info, error) {
	ctx, done := r.whileRunning(ctx)
	defer done()
	info := Info{
		Brokers: []Broker{},
		Profile: r.target.Profile.Name, System: r.target.Profile.System, Metrics: append([]string{}, r.target.Metrics...), Topic: r.opts.Topic,
	}
	if err := r.claimResults(); err != nil {
		return info, err
	}
	cfg := r.target.Kafka
	cfg.Brokers = cfg.Brokers[:1] // one bootstrap address must suffice
	info.Bootstrap = cfg.Brokers[0]

	contact, cancel := context.WithTimeout(ctx, time.Duration(r.target.Profile.Limits.Connect))
	defer cancel()
	probed, err := kafka.Probe(contact, cfg)
	if err != nil {
		r.stop(fmt.Errorf("profile %s: %w", r.target.Profile.Name, err))
		return info, nil
	}
	info.Reached = true
	for _, b := range probed.Brokers {
		address := net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
		info.Brokers = append(info.Brokers, Broker{ID: b.ID, Address: address, Controller: b.ID == probed.ControllerID})
	}
	if r.target.Profile.Claims.ObjectStorage {
		bucket, err := r.target.openBucket(ctx)
		if err != nil {
			r.stop(err)
			return info, nil
		}
		bucket.Close()
	}
	if err := r.prepareTopic(ctx, cfg); err != nil {
		r.stop(fmt.Errorf("preflight on profile %s: %w", r.target.Profile.Name, err))
	}
	return info, nil
}

// prepareTopic creates the topic, or has the first record create it, and runs the positive control.
func (r *Run) prepareTopic(ctx context.Context, cfg kafka.Config) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	partitions := r.opts.Partitions
	if err := r.refuseFormerTopic(ctx, cfg); err != nil {
		return err
	}
	if r.opts.AutoCreate && r.target.Profile.Claims.AutoCreation {
		if err := r.control(ctx, cfg, kafka.AnyPartition); err != nil {
			return err
		}
		var err error
		if partitions, err = r.countPartitions(ctx); err != nil {
			return err
		}
		r.partitions.Store(partitions)
	} else if err := r.createTopic(ctx, cfg); err != nil {
		return err
	}
	for partition := range partitions {
		if err := r.control(ctx, cfg, partition); err != nil {
			return err
		}
	}
	return r.controlRead(ctx, cfg, partitions)
}

// claimResults makes sure, before anything is sent, that the verdict can be saved, and removes one that an earlier run of the
// same id left, so that it is not taken for this one's.
func (r *Run) claimResults() error {
	const advice = "name a folder that can be written in K6_RESULTS"
	dir := filepath.Join(r.opts.Results, r.opts.RunID)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("results folder: %w: %s", err, advice)
	}
	for _, name := range []string{report.VerdictFile, report.FindingsFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("results of an earlier run %s: %w: %s", r.opts.RunID, err, advice)
		}
	}
	probe := filepath.Join(dir, ".writable")
	err := os.WriteFile(probe, []byte(r.opts.RunID), 0o600)
	_ = os.Remove(probe)
	if err != nil {
		return fmt.Errorf("results folder: %w: %s", err, advice)
	}
	return nil
}

// refuseFormerTopic fails where the topic is there before the run: its records would pass for the run's own where both have
// the same id.
func (r *Run) refuseFormerTopic(ctx context.Context, cfg kafka.Config) error {
	admin, err := kafka.NewAdmin(cfg)
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	_, err = admin.DescribeTopics(ctx, r.opts.Topic)
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("topic %s is there already, perhaps from an earlier run %s: give another K6_RUN_ID, or delete the topic",
		r.opts.Topic, r.opts.RunID)
}

func (r *Run) createTopic(ctx context.Context, cfg kafka.Config) error {
	admin, err := kafka.NewAdmin(cfg)
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	return admin.CreateTopic(ctx, kafka.TopicSpec{
		Topic: r.opts.Topic, Partitions: r.opts.Partitions, Replication: r.target.Profile.Topics.ReplicationFactor,
	})
}

// control sends one tracked record of the positive control.
func (r *Run) control(ctx context.Context, cfg kafka.Config, partition int32) error {
	sent, err := r.Produce(ctx, controlVU, ProduceOptions{Partition: &partition, control: &cfg})
	if err != nil {
		return err
	}
	if sent.Acked != 1 {
		return fmt.Errorf("a record to %s/%d was not acknowledged: %v", r.opts.Topic, partition, sent.Errors)
	}
	return nil
}

// controlRead reads the records of the positive control back.
func (r *Run) controlRead(ctx context.Context, cfg kafka.Config, partitions int32) error {
	read, err := r.Consume(ctx, controlVU, ConsumeOptions{Timeout: 20 * time.Second, Until: UntilAcked, control: &cfg})
	if err != nil {
		return err
	}
	if !read.Complete {
		r.doubt(contract.Doubt{Requirements: []string{"F1.1"}, Text: fmt.Sprintf(
			"the positive control read %d records back, and missed %d", read.Records, read.Missing)})
		return nil
	}
	return r.Expect(contract.Expectation{
		Requirement: "F1.1", What: "a client that knows one address reaches every partition", OK: true,
		Evidence: fmt.Sprintf("bootstrap %s: records to and from each of %d partitions", cfg.Brokers[0], partitions),
	})
}
