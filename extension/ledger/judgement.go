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
	// RecoveryBound is how long a partition may take to recover from an interruption, and how long metadata may show a broker that is
	// dead; 5 s by default.
	RecoveryBound time.Duration
	// Steady says that what metadata shows of brokers, controller and leaders must never change: all are behind a single endpoint.
	Steady bool
	// IdleAfter is how long a broker that was added may be left without record traffic; RecoveryBound by default.
	IdleAfter time.Duration
	// Foreseen are findings that faults of this run must bring about. Entries of one code, topic and partition add up.
	Foreseen []Foreseen
	// MaxEvidence is how many findings of one rule are listed; the rest is folded into the last. 10 by default.
	MaxEvidence int
}

func (o *JudgeOptions) setDefaults() {
	if o.MaxEvidence <= 0 {
		o.MaxEvidence = 10
	}
	if o.StuckAfter <= 0 {
		o.StuckAfter = 30 * time.Second
	}
	if o.RecoveryBound <= 0 {
		o.RecoveryBound = 5 * time.Second
	}
	if o.IdleAfter <= 0 {
		o.IdleAfter = o.RecoveryBound
	}
}

// Judgement is what [Ledger.Judge] came to.
type Judgement struct {
	Findings []Finding `json:"findings"`
	// Foreseen are findings that a fault was meant to bring about: they prove that the machine notices, and count against nobody.
	Foreseen []Finding `json:"foreseen"`
	Doubts   []Doubt   `json:"doubts"`
	Counts   Counts    `json:"counts"`
	Evidence Evidence  `json:"evidence"`
	// Recoveries say how each partition that got records recovered from each interruption, in the order of time.
	Recoveries []Recovery `json:"recoveries"`
	// Notes are reported and not failed: unknown records that are present, records late for a group, duplicates within budget, holes.
	Notes []string `json:"notes"`
}

// Recovery is how one partition recovered from one interruption.
type Recovery struct {
	What   string         `json:"what"` // what interrupted it
	TP     TopicPartition `json:"tp"`
	Origin time.Time      `json:"origin"` // when it was interrupted or, where nobody could recover earlier, restored
	// Took is the time from Origin to the first ack of a record whose send began after it; 0 if there was none.
	Took time.Duration `json:"took"`
	// Waited is how long records of the partition waited for an ack between Origin and that first ack, without the time in which a
	// disturbance excused errors: the part of Took that counts for SLOW_RECOVERY. Nobody waits where nothing is sent.
	Waited    time.Duration `json:"waited"`
	Recovered bool          `json:"recovered"` // false: no record that was sent after Origin was ever acked
}
