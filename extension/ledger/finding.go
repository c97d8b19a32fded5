package ledger

import "time"

// Code names a rule. Codes are stable.
type Code string

// The rules of §7 of the design that are judged here.
const (
	LostAcked          Code = "LOST_ACKED"
	LostSuffix         Code = "LOST_SUFFIX"
	OffsetMismatch     Code = "OFFSET_MISMATCH"
	TwoAcks            Code = "TWO_ACKS"
	InconsistentOffset Code = "INCONSISTENT_OFFSET"
	Duplicate          Code = "DUPLICATE"
	Phantom            Code = "PHANTOM"
	AbortedRead        Code = "ABORTED_READ"
	CorruptRecord      Code = "CORRUPT"
	PollSkip           Code = "POLL_SKIP"
	PollBack           Code = "POLL_BACK"
	SendReorder        Code = "SEND_REORDER"
	StaleEnd           Code = "STALE_END"
	AckWithoutBytes    Code = "ACK_WITHOUT_BYTES"
	ObjectMismatch     Code = "OBJECT_MISMATCH"
	ErrorsSeen         Code = "ERRORS_SEEN"
	Partitioner        Code = "PARTITIONER"
	MetadataLie        Code = "METADATA_LIE"
	Stuck              Code = "STUCK"
)

// Aspects of METADATA_LIE.
const (
	aspectUnreachable = "unreachable"
	aspectAddress     = "address"
	aspectUnspread    = "unspread"
)

// Rule is a code and when it is broken. A rule with aspects stands once for each of them.
type Rule struct {
	Code       Code   `json:"code"`
	Aspect     string `json:"aspect,omitempty"`
	Definition string `json:"definition"`
}

// Name is the code, or "CODE/aspect" for an aspect.
func (r Rule) Name() Code { return aspectOf(r.Code, r.Aspect) }

func aspectOf(code Code, aspect string) Code {
	if aspect == "" {
		return code
	}
	return code + "/" + Code(aspect)
}

// Rules returns all rules that [Ledger.Judge] knows, in the order in which findings come.
func Rules() []Rule {
	return []Rule{
		{LostAcked, "", "an acked record is in none of two complete final reads"},
		{LostSuffix, "", "an acked record is in none of two complete final reads, and the log ends at or below its acked offset"},
		{OffsetMismatch, "", "an acked record is found at another offset than its ack said (0 and −1 included)"},
		{TwoAcks, "", "two records were acked at one offset of a partition, and neither is lost"},
		{InconsistentOffset, "", "two reads, readers or brokers show different records at one offset"},
		{Duplicate, "", "one record stands at two offsets (idempotent producer: FAIL; otherwise counted against the budget)"},
		{Phantom, "", "a record whose identity this run never sent"},
		{AbortedRead, "", "a definitely failed record is returned"},
		{CorruptRecord, "", "checksum, length, key, header or UUID-in-value differ from what was sent"},
		{PollSkip, "", "one reader, no rebalance or seek between: offsets jump over known records"},
		{PollBack, "", "one reader, no rebalance or seek between: offsets go back"},
		{SendReorder, "", "one producer and partition: acked order is not log order"},
		{StaleEnd, "", "a returned end offset does not cover an acked record that is there"},
		{AckWithoutBytes, "", "an ack precedes any successful object write that covers the record"},
		{ObjectMismatch, "", "the bucket and the log disagree: a record missing, extra or changed in the objects"},
		{ErrorsSeen, "", "the client saw errors where the contract promises none"},
		{Partitioner, "", "a keyed record is not where murmur2(key) mod partitions puts it"},
		{MetadataLie, aspectUnreachable, "a broker or leader that metadata names cannot be reached through the bootstrap address"},
		{MetadataLie, aspectAddress, "metadata shows another address than the single endpoint"},
		{MetadataLie, aspectUnspread, "one broker gets all record traffic while others idle"},
		{Stuck, "", "after the last disturbance has ended, a client or partition makes no progress"},
	}
}

// Finding is one broken rule with its evidence.
type Finding struct {
	Code      Code   `json:"code"`
	Aspect    string `json:"aspect,omitempty"` // of a rule that has several
	Topic     string `json:"topic,omitempty"`
	Partition int32  `json:"partition"` // −1 if it is not about one
	Offset    int64  `json:"offset"`    // −1 if it is not about one
	Record    string `json:"record,omitempty"`
	Producer  string `json:"producer,omitempty"`
	Sequence  int64  `json:"sequence"`         // −1 if it is not about one record of this run
	Time      string `json:"time,omitempty"`   // RFC 3339, microseconds, UTC
	Object    string `json:"object,omitempty"` // key in the bucket
	Reader    string `json:"reader,omitempty"`
	Detail    string `json:"detail"`
	// Count is how many more like this are folded into this line: repetitions, and in the last line of a rule those beyond
	// [JudgeOptions].MaxEvidence. The total of a rule is the sum of 1 + Count over its lines.
	Count int64 `json:"count,omitempty"`
}

// Rule is what was broken: the code, or "CODE/aspect" for an aspect.
func (f Finding) Rule() string { return string(aspectOf(f.Code, f.Aspect)) }

// DoubtCode names a reason for INCONCLUSIVE. Codes are stable.
type DoubtCode string

// The reasons for doubt.
const (
	FinalReadsMissing   DoubtCode = "FINAL_READS_MISSING"   // fewer than two final reads
	FinalReadIncomplete DoubtCode = "FINAL_READ_INCOMPLETE" // a final read did not reach the end of a partition
	AuditFailed         DoubtCode = "AUDIT_FAILED"          // the bucket could not be read
	AuditIncomplete     DoubtCode = "AUDIT_INCOMPLETE"      // … not all of it, or it cannot be compared in full
	PartitionsUnknown   DoubtCode = "PARTITIONS_UNKNOWN"    // PARTITIONER could not be judged
	StaleEndUnjudged    DoubtCode = "STALE_END_UNJUDGED"    // too many answers to judge STALE_END
	LedgerMisused       DoubtCode = "LEDGER_MISUSED"        // outcomes that contradict each other
	ForeseenMissed      DoubtCode = "FORESEEN_MISSED"       // fewer findings than a fault should have brought about
	StillDisturbed      DoubtCode = "STILL_DISTURBED"       // a disturbance had not ended
	StuckUnjudged       DoubtCode = "STUCK_UNJUDGED"        // too many readers to judge STUCK
)

// Doubt is one reason for INCONCLUSIVE.
type Doubt struct {
	Code DoubtCode `json:"code"`
	Text string    `json:"text"`
}

// JudgeOptions say what was promised.
type JudgeOptions struct {
	// PromisesNoErrors makes each client error, failed or unknown outcome a finding (ERRORS_SEEN).
	PromisesNoErrors bool
	// DuplicateBudget is how many duplicates of producers that are not idempotent are reported and not failed.
	DuplicateBudget int64
	// Partitions holds the true partition counts of the topics to which PARTITIONER applies. Each must have been given to
	// [Ledger.SetPartitions] before the final reads.
	Partitions map[string]int32
	// Endpoint is the one address that the target promises to show, "host:port" as metadata writes it; "": none is promised.
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
