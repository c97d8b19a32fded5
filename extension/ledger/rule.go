package ledger

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
	KeyReorder         Code = "KEY_REORDER"
	StaleEnd           Code = "STALE_END"
	AckWithoutBytes    Code = "ACK_WITHOUT_BYTES"
	ObjectMismatch     Code = "OBJECT_MISMATCH"
	ErrorsSeen         Code = "ERRORS_SEEN"
	Partitioner        Code = "PARTITIONER"
	MetadataLie        Code = "METADATA_LIE"
	Stuck              Code = "STUCK"
	Rewrite            Code = "REWRITE"
	AckInOutage        Code = "ACK_IN_OUTAGE"
	SlowRecovery       Code = "SLOW_RECOVERY"
	EndRegress         Code = "END_REGRESS"
	RealtimeOrder      Code = "REALTIME_ORDER"
	EpochRegress       Code = "EPOCH_REGRESS"
	GroupRegress       Code = "GROUP_REGRESS"
	GroupSkip          Code = "GROUP_SKIP"
	GroupDouble        Code = "GROUP_DOUBLE"
	OffsetReset        Code = "OFFSET_RESET"
	ConnectionLimit    Code = "CONNECTION_LIMIT"
	ResourceLeak       Code = "RESOURCE_LEAK"
	BadCertificate     Code = "BAD_CERTIFICATE"
	AccessLeak         Code = "ACCESS_LEAK"
	AccessRefused      Code = "ACCESS_REFUSED"
	UnclearRefusal     Code = "UNCLEAR_REFUSAL"
	UncommittedRead    Code = "UNCOMMITTED_READ"
	TornTxn            Code = "TORN_TXN"
	EOSDouble          Code = "EOS_DOUBLE"
)

// Aspects of METADATA_LIE.
const (
	aspectUnreachable = "unreachable"
	aspectAddress     = "address"
	aspectUnspread    = "unspread"
	aspectChanged     = "changed"
	aspectDead        = "dead"
	aspectIdle        = "idle"
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
		{Rewrite, "", "what an offset held changed after it had been read or acked"},
		{Duplicate, "", "one record stands at two offsets (idempotent producer: FAIL; otherwise counted against the budget)"},
		{Phantom, "", "a record whose identity this run never sent"},
		{AbortedRead, "", "a definitely failed record is returned, or one of an aborted transaction as committed"},
		{UncommittedRead, "", "a record is returned as committed whose transaction nobody has asked to commit"},
		{TornTxn, "", "some records of a committed transaction are not shown to readers of what is committed"},
		{EOSDouble, "", "consume-transform-produce: the output of a source record is not there exactly once"},
		{CorruptRecord, "", "checksum, length, key, header or UUID-in-value differ from what was sent"},
		{PollSkip, "", "one reader, no rebalance or seek between: offsets jump over known records"},
		{PollBack, "", "one reader, no rebalance or seek between: offsets go back"},
		{SendReorder, "", "one producer and partition: acked order is not log order"},
		{KeyReorder, "", "records of one key, in one partition: acked order is not log order"},
		{RealtimeOrder, "", "a was acked before the send of b began, same partition, yet a stands at the greater offset"},
		{StaleEnd, "", "a returned end offset does not cover an acked record that is there"},
		{EndRegress, "", "a high watermark, last stable or log start offset is lower than one shown before it was asked for"},
		{EpochRegress, "", "the leader epoch decreases along the log"},
		{GroupRegress, "", "a committed offset goes back or is lost"},
		{GroupSkip, "", "below a committed offset lies a record that no member of the group was ever given"},
		{GroupDouble, "", "two members of a group own one partition in one generation"},
		{OffsetReset, "", "a reader without an offset is not sent to the earliest or latest one, or is told of one that nobody committed"},
		{AckWithoutBytes, "", "an ack precedes any successful object write that covers the record"},
		{AckInOutage, "", "a record first sent during a total write outage of object storage is acked in it"},
		{ObjectMismatch, "", "the bucket and the log disagree: a record missing, extra or changed in the objects; an object overwritten"},
		{ErrorsSeen, "", "the client saw errors where the contract promises none"},
		{Partitioner, "", "a keyed record is not where murmur2(key) mod partitions puts it"},
		{MetadataLie, aspectUnreachable, "a broker or leader that metadata names cannot be reached through the bootstrap address"},
		{MetadataLie, aspectAddress, "metadata shows another address than the single endpoint"},
		{MetadataLie, aspectUnspread, "one broker gets all record traffic while others idle"},
		{MetadataLie, aspectChanged, "what a single endpoint shows of brokers, controller or leaders changed"},
		{MetadataLie, aspectDead, "metadata shows a broker that has been dead for longer than the bound"},
		{MetadataLie, aspectIdle, "a broker that was added gets no record traffic"},
		{Stuck, "", "after the last disturbance has ended, a client or partition makes no progress"},
		{SlowRecovery, "", "a partition takes longer than the bound to recover"},
		{ConnectionLimit, "", "fewer connections than promised are let in, answered, kept, or can be opened again after a storm of them"},
		{ResourceLeak, "", "connections, open files or memory of the target are not back within the bound after a storm of connections"},
		{
			BadCertificate, "",
			"an address shows some clients a certificate that they can take, and others one that is expired, foreign, or for another host",
		},
		{AccessLeak, AccessRead, "a principal got data, offsets or settings that it may not see"},
		{AccessLeak, AccessWrite, "a principal changed what it may not change"},
		{AccessLeak, AccessExistence, "a principal was shown that something is there of which it may know nothing"},
		{AccessRefused, "", "a principal was refused what it may do"},
		{UnclearRefusal, "", "a principal was not told that it may not: no answer, a lost connection, or another error"},
	}
}
