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
	Topic     string   `json:"topic"` // the first of Topics
	Topics    []string `json:"topics"`
	Reached   bool     `json:"reached"` // false: nothing answered, and the run will be INCONCLUSIVE
}

// Prepare is the preflight: reach the target through its first address alone, create the topics, and prove that the healthy
// path works by a tracked record to each partition and back. A target that cannot be reached is not an error of the
// script: the run goes on without traffic and is judged INCONCLUSIVE.
func (r *Run) Prepare(ctx context.Context) (Info, error) {
	ctx, done := r.whileRunning(ctx)
	defer done()
	info := Info{
		Brokers: []Broker{},
		Profile: r.target.Profile.Name, System: r.target.Profile.System, Metrics: append([]string{}, r.target.Metrics...),
		Topic: r.opts.Topics[0], Topics: r.opts.Topics,
	}
	if err := r.claimResults(); err != nil || r.unable != "" {
		return info, err
	}
	cfg := r.target.Kafka
	cfg.Brokers = cfg.Brokers[:1] // one bootstrap address must suffice
	r.watchCertificates(&cfg)
	info.Bootstrap = cfg.Brokers[0]

	contact, cancel := context.WithTimeout(ctx, time.Duration(r.target.Profile.Limits.Connect))
	defer cancel()
	asked := time.Now()
	probed, err := kafka.Probe(contact, cfg)
	if err != nil {
		r.stop(fmt.Errorf("profile %s: %w", r.target.Profile.Name, err))
		return info, nil
	}
	info.Reached = true
	r.saw(ctx, "preflight", asked, kafka.Shape{Brokers: probed.Brokers, Controller: probed.ControllerID})
	for _, b := range probed.Brokers {
		address := net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
		info.Brokers = append(info.Brokers, Broker{ID: b.ID, Address: address, Controller: b.ID == probed.ControllerID})
	}
	r.shown.Store(int64(len(probed.Brokers)))
	r.countBrokers(ctx)
	if r.target.Profile.Claims.ObjectStorage {
		bucket, err := r.target.openBucket(ctx)
		if err != nil {
			r.stop(err)
			return info, nil
		}
		bucket.Close()
	}
	if err := r.prepareTopics(ctx, cfg); err != nil {
		r.stop(fmt.Errorf("preflight on profile %s: %w", r.target.Profile.Name, err))
	}
	r.enter(Baseline)
	return info, nil
}

const resultsAdvice = "name a folder that can be written in K6_RESULTS"

// claimResults makes sure, before anything is sent, that the verdict can be saved, and removes one that an earlier run of the
// same id left, so that it is not taken for this one's.
func (r *Run) claimResults() error {
	dir := filepath.Join(r.opts.Results, r.opts.RunID)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("results folder: %w: %s", err, resultsAdvice)
	}
	for _, name := range []string{report.VerdictFile, report.FindingsFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("results of an earlier run %s: %w: %s", r.opts.RunID, err, resultsAdvice)
		}
	}
	probe := filepath.Join(dir, ".writable")
	err := os.WriteFile(probe, []byte(r.opts.RunID), 0o600)
	_ = os.Remove(probe)
	if err != nil {
		return fmt.Errorf("results folder: %w: %s", err, resultsAdvice)
	}
	return nil
}
