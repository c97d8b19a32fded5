package ledger

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
	TwoAcksUnjudged     DoubtCode = "TWO_ACKS_UNJUDGED"     // too many acks of one offset to judge TWO_ACKS
	StuckUnjudged       DoubtCode = "STUCK_UNJUDGED"        // too many readers to judge STUCK
	StormLate           DoubtCode = "STORM_LATE"            // who opened connections did not get to run, so that he may have been late himself
	LedgerNotSpilled    DoubtCode = "LEDGER_NOT_SPILLED"    // what does not fit into memory could not be written to a file, or not be read
	AccessUnproven      DoubtCode = "ACCESS_UNPROVEN"       // something that is allowed did not work, so that refusals of it prove nothing
)

// Doubt is one reason for INCONCLUSIVE.
type Doubt struct {
	Code DoubtCode `json:"code"`
	Text string    `json:"text"`
}
