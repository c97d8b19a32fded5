package trust

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
	"k6suite/extension/saved"
)

// idleAfter is how long a broker that was added may go without records, while others get many.
const idleAfter = 3 * time.Second

// decide turns what the ledger, the scripts and the final phase know into the verdict. It does no I/O.
func (r *Run) decide(f facts, interrupted bool) (contract.Verdict, *saved.Run) {
	run := r.judged(f, interrupted)
	verdict, err := run.Judge()
	if err != nil {
		// A script that names what does not exist is found by its first test; there is nothing to judge by.
		in := run.Input
		verdict = contract.Verdict{
			Script: in.Script, Run: in.Run, Profile: in.Profile, System: in.System, Status: contract.Inconclusive,
			Doubts: []contract.Doubt{{Text: fmt.Sprintf("no verdict: %v", err)}},
		}
	}
	return verdict, run
}

// judged gathers all that the verdict rests on.
func (r *Run) judged(f facts, interrupted bool) *saved.Run {
	p := r.target.Profile
	for _, c := range r.secured.certificates() {
		r.ledger.Certificates(c)
	}
	measured := contract.Measured{
		FinalReads: f.finalReads, Restarted: f.restarted, Audit: f.audit, Spread: f.spread, Chaos: r.chaos(), Faults: r.faultReports(),
		TLS: r.secured.measured(),
	}
	var stormNotes []string
	measured.Storm, stormNotes = r.stormed()
	claims := p.Claims.Map()
	claims[contract.ClaimConnections] = p.Limits.Connections >= contract.ManyConnections
	options := ledger.JudgeOptions{
		PromisesNoErrors: true, // no scenario of normal operation excuses an error
		DuplicateBudget:  p.Limits.DuplicateBudget,
		Partitions:       f.partitions,
		Endpoint:         r.endpointPromised(),
		SpreadPromised:   r.spreadPromised(f),
		StuckAfter:       time.Duration(p.Limits.Stuck),
		RecoveryBound:    time.Duration(p.Limits.Recovery),
		Steady:           p.Claims.SingleEndpoint,
		IdleAfter:        idleAfter,
		Foreseen:         r.foreseen(),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	cut := r.stopped != nil || interrupted
	expectations := slices.Clone(r.expectations)
	if cut { // what a script then misses says nothing about the target
		expectations = slices.DeleteFunc(expectations, func(e contract.Expectation) bool { return !e.OK })
	}
	return &saved.Run{
		Ledger: r.ledger, Options: options, Cut: cut,
		Input: contract.Input{
			Script: r.opts.Script, Run: r.opts.RunID, Part: r.opts.Part, Profile: p.Name, System: p.System, Claims: claims, Unable: r.unable,
			Alone:   r.disturbances.alone(),
			Subject: contract.Subject{Version: p.Version, Brokers: r.brokersAtFirst(), Suite: commit, At: time.Now().UTC().Round(0)},
			Doubts:  slices.Clone(r.doubts), Expectations: expectations, Measured: measured, MinAcked: r.opts.Records,
			Notes: slices.Concat(r.target.notes(), stormNotes), LieHits: r.target.lieHits(),
		},
	}
}

// spreadPromised says whether every broker has to get a share of the traffic: each can lead a partition.
func (r *Run) spreadPromised(f facts) bool {
	return r.target.Profile.Claims.SingleEndpoint && int(r.partitions.Load()) >= len(f.spread)
}

// countPartitions asks how many partitions each topic really has, which is what the Java partitioner goes by.
func (r *Run) countPartitions(ctx context.Context) (map[string]int32, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*r.opts.Stall) // a target that fell silent would keep the client trying for minutes
	defer cancel()
	admin, err := kafka.NewAdmin(r.config(nil))
	if err != nil {
		return nil, err
	}
	defer func() { _ = admin.Close() }()
	topics, err := admin.DescribeTopics(ctx, r.opts.Topics...)
	if err != nil {
		return nil, fmt.Errorf("counting the partitions of %s: %w", strings.Join(r.opts.Topics, ", "), err)
	}
	counts := map[string]int32{}
	for _, topic := range topics {
		counts[topic.Topic] = int32(len(topic.Partitions))
	}
	return counts, nil
}
