package ledger

import "time"

// JudgeOptions say what was promised.
type JudgeOptions struct {
	// PromisesNoErrors makes each client error, failed or unknown outcome a finding (ERRORS_SEEN).
	PromisesNoErrors bool
	// DuplicateBudget is how many duplicates of producers that are not idempotent are reported and not failed.
	DuplicateBudget int64
	// Partitions holds the true partition counts of the topics to which PARTITIONER applies. Each must have been given to
	// [Ledger.SetPartitions] before the final reads.
	Partitions map[string]int32
	// Endpoint is the one address that the target promises to show, "host:port" just as metadata has it; "": none is promised.
	Endpoint string
	// SpreadPromised says that record traffic has to reach more than one broker: the target claims it, and the topic has at least
	// as many partitions as there are brokers.
	SpreadPromised bool
	// StuckAfter is how long a client or a partition may make no progress after the last heal; 30 s by default.
	StuckAfter time.Duration
	// Foreseen are findings that faults of this run must bring about. Entries of one code, topic and partition add up.
	Foreseen []Foreseen
	// MaxEvidence is how many findings of one rule are listed; the rest is folded into the last. 10 by default.
	MaxEvidence int
}

// Judgement is what [Ledger.Judge] came to.
type Judgement struct {
	Findings []Finding `json:"findings"`
	// Foreseen are findings that a fault was meant to bring about: they prove that the machine notices, and count against nobody.
	Foreseen []Finding `json:"foreseen"`
	Doubts   []Doubt   `json:"doubts"`
	Counts   Counts    `json:"counts"`
	Evidence Evidence  `json:"evidence"`
	// Notes are reported and not failed: unknown records that are present, records late for a group, duplicates within budget, holes.
	Notes []string `json:"notes"`
}
