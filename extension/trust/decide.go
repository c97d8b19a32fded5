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
)

// idleAfter is how long a broker that was added may go without records, while others get many.
const idleAfter = 3 * time.Second

// decide turns what the ledger, the scripts and the final phase know into the verdict. It does no I/O.
func (r *Run) decide(f facts, interrupted bool) contract.Verdict {
	p := r.target.Profile
	for _, c := range r.secured.certificates() {
		r.ledger.Certificates(c)
	}
	judgement := r.ledger.Judge(ledger.JudgeOptions{
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
	})
	measured := measured(judgement, f)
	measured.Chaos, measured.Faults, measured.Recoveries = r.chaos(), r.faultReports(), contract.RecoveriesOf(judgement.Recoveries)
	var stormNotes []string
	measured.Storm, stormNotes = r.stormed()
	measured.TLS = r.secured.measured()
	claims := p.Claims.Map()
	claims[contract.ClaimConnections] = p.Limits.Connections >= contract.ManyConnections
	r.mu.Lock()
	defer r.mu.Unlock()
	expectations := r.expectations
	if r.stopped != nil || interrupted { // what a script then misses says nothing about the target
		expectations = slices.DeleteFunc(slices.Clone(expectations), func(e contract.Expectation) bool { return !e.OK })
	}
	in := contract.Input{
		Script: r.opts.Script, Run: r.opts.RunID, Profile: p.Name, System: p.System, Claims: claims, Unable: r.unable,
		Alone:    r.disturbances.alone(),
		Subject:  contract.Subject{Version: p.Version, Brokers: r.brokersAtFirst(), Suite: commit, At: time.Now().UTC()},
		Findings: judgement.Findings, Foreseen: judgement.Foreseen, Doubts: r.doubts, Expectations: expectations,
		Measured: measured, MinAcked: r.opts.Records,
		Notes: slices.Concat(r.target.notes(), judgement.Notes, stormNotes), LieHits: r.target.lieHits(),
	}
	if r.stopped == nil && !interrupted {
		for _, d := range judgement.Doubts {
			in.Doubts = append(in.Doubts, contract.Doubt{Text: d.Text})
		}
	}
	verdict, err := contract.Judge(in)
	if err != nil {
		// A script that names what does not exist is found by its first test; there is nothing to judge by.
		return contract.Verdict{
			Script: r.opts.Script, Run: r.opts.RunID, Profile: p.Name, System: p.System, Status: contract.Inconclusive,
			Doubts: []contract.Doubt{{Text: fmt.Sprintf("no verdict: %v", err)}},
		}
	}
	return verdict
}

// spreadPromised says whether every broker has to get a share of the traffic: each can lead a partition.
func (r *Run) spreadPromised(f facts) bool {
	return r.target.Profile.Claims.SingleEndpoint && int(r.partitions.Load()) >= len(f.spread)
}

func measured(j ledger.Judgement, f facts) contract.Measured {
	c, e := j.Counts, j.Evidence
	m := contract.Measured{
		Sent: c.Sent, Acked: c.Acked + c.Suspicious, Failed: c.Failed, Unknown: c.Unknown, Errors: c.Errors,
		LiveRead: c.Read, FinalReads: f.finalReads, Read: c.Found, Found: e.AckedFound, Duplicates: c.Duplicated,
		Ordered: e.Ordered, Keyed: e.Keyed, Covered: e.Covered, Restarted: f.restarted, Audit: f.audit,
		ForeseenLost: e.ForeseenLost, ForeseenDuplicates: e.ForeseenDuplicates, MetadataSeen: e.MetadataSeen, Spread: f.spread,
		Healed: e.Heals, AckedDisturbed: e.AckedDisturbed, AckedAfterHeal: e.AckedAfterHeal, ReadAfterHeal: e.ReadAfterHeal,
		PartitionsWritten: e.PartitionsWritten, PartitionsHealed: e.PartitionsHealed, Access: e.Access,
		Transactions: e.Transactions,
	}
	if m.Audit != nil {
		m.Audit.Records, m.Audit.Acked = e.InObjects, e.AckedInObjects
	}
	return m
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
