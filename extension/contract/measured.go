package contract

import (
	"fmt"
	"strconv"

	"k6suite/extension/ledger"
)

// Measured is what a run saw, in records unless said otherwise. Nothing counts as held that is not measured here or expected
// by the script: zero means "not looked at", and a requirement that rests on it is INCONCLUSIVE.
type Measured struct {
	Sent    int64 `json:"sent"`    // handed to a producer
	Acked   int64 `json:"acked"`   // acknowledged, suspicious ones included
	Failed  int64 `json:"failed"`  // definitely not written
	Unknown int64 `json:"unknown"` // may or may not have been written

	// Errors counts what clients saw by the Kafka error's name, one for each send that was not acked; nil: nobody counted.
	Errors map[string]int64 `json:"errors"`

	LiveRead   int64 `json:"liveRead"`   // read by tracked readers while traffic flowed
	FinalReads int   `json:"finalReads"` // complete fresh reads after traffic had stopped
	Read       int64 `json:"read"`       // records with an identity of this run that the final reads agree on
	Found      int64 `json:"found"`      // acked records among them
	Duplicates int64 `json:"duplicates"` // second copies, within the profile's budget
	Ordered    int64 `json:"ordered"`    // records whose place in the log was compared with the order of their acks
	Keyed      int64 `json:"keyed"`      // keyed records whose partition was compared with the Java partitioner's
	Covered    int64 `json:"covered"`    // acks that were compared with the log of object writes
	Restarted  int   `json:"restarted"`  // brokers that were killed and started empty before the final reads

	ForeseenLost       int64 `json:"foreseenLost"`       // acked records that faults were meant to lose, and lost
	ForeseenDuplicates int64 `json:"foreseenDuplicates"` // second copies that faults were meant to make, and made

	MetadataSeen int64                          `json:"metadataSeen"`     // metadata answers compared with the promised endpoint
	Spread       map[int32]ledger.BrokerTraffic `json:"spread,omitempty"` // record traffic by broker, idle ones included; nil: not measured

	Healed            int64 `json:"healed"`            // how often the last disturbance ended
	AckedDisturbed    int64 `json:"ackedDisturbed"`    // acked while a disturbance was active
	AckedAfterHeal    int64 `json:"ackedAfterHeal"`    // acked, and sent after the last heal
	ReadAfterHeal     int64 `json:"readAfterHeal"`     // read by tracked readers after the last heal
	PartitionsWritten int64 `json:"partitionsWritten"` // partitions that the run wrote to
	PartitionsHealed  int64 `json:"partitionsHealed"`  // among them: with a record sent and acked after the last heal

	Transactions ledger.TransactionEvidence `json:"transactions,omitzero"` // of producers, and of consume-transform-produce

	Access ledger.AccessEvidence `json:"access,omitzero"` // requests of principals that may, and that may not

	Audit *Audit `json:"audit"` // nil: the bucket was not read

	Chaos      `json:"chaos,omitzero"` // what faults on brokers and on storage did
	Faults     []FaultReport           `json:"faults,omitempty"`     // in the order in which they began
	Recoveries []PartitionRecovery     `json:"recoveries,omitempty"` // of the partitions that were interrupted, the slowest first
	Storm      *Storm                  `json:"storm,omitempty"`      // of connections; nil: there was none
	TLS        *TLS                    `json:"tls,omitempty"`        // of the run's connections; nil: none was TLS
}

// Audit is what reading the bucket directly gave.
type Audit struct {
	Complete bool  `json:"complete"` // every object of the run's topics was read and understood
	Objects  int64 `json:"objects"`
	Bytes    int64 `json:"bytes"`
	Records  int64 `json:"records"` // records with an identity of this run
	Acked    int64 `json:"acked"`   // acked records among them
}

// breach says what was measured that breaks a requirement, "" if nothing was.
type breach func(m Measured) string

// proof says by what a requirement held, or, where too little was measured, what is missing.
type proof func(m Measured) (evidence string, held bool)

const neededFinalReads = 2

func produced(m Measured) (string, bool) {
	switch {
	case m.Acked == 0:
		return "no record was acked", false
	case m.Found == 0 || m.FinalReads < neededFinalReads:
		return finalReadsMissing(m, "no acked record was found again"), false
	}
	return fmt.Sprintf("%s of %s records acked; all that were found stand at the offsets of their acks", count(m.Acked), count(m.Sent)), true
}

func consumed(m Measured) (string, bool) {
	if m.FinalReads < neededFinalReads || m.Read == 0 {
		return finalReadsMissing(m, "no record was read"), false
	}
	return fmt.Sprintf("%d complete final reads agree on %s records; %s read while traffic flowed",
		m.FinalReads, count(m.Read), count(m.LiveRead)), true
}

func ordered(m Measured) (string, bool) {
	if m.Ordered == 0 {
		return "no record's place in the log was compared with the order of the acks", false
	}
	return count(m.Ordered) + " records stand in the order in which they were sent", true
}

func partitioned(m Measured) (string, bool) {
	if m.Keyed == 0 {
		return "no keyed record was compared with the Java partitioner", false
	}
	return count(m.Keyed) + " keyed records are where murmur2 of their key puts them", true
}

func complete(m Measured) (string, bool) {
	switch {
	case m.FinalReads < neededFinalReads:
		return finalReadsMissing(m, ""), false
	case m.Acked == 0:
		return "no record was acked", false
	case m.Found+m.ForeseenLost != m.Acked:
		return fmt.Sprintf("%s of %s acked records accounted for in the final reads%s", count(m.Found), count(m.Acked), m.lossAside()), false
	}
	return fmt.Sprintf("%s of %s acked records found in %d complete final reads%s",
		count(m.Found), count(m.Acked), m.FinalReads, m.lossAside()), true
}

func matched(m Measured) (string, bool) {
	text, held := complete(m)
	if !held {
		return text, false
	}
	return fmt.Sprintf("%s of %s acked UUIDs found, header, value and checksum as sent%s",
		count(m.Found), count(m.Acked), m.lossAside()), true
}

func unique(m Measured) (string, bool) {
	if m.FinalReads < neededFinalReads || m.Read == 0 {
		return finalReadsMissing(m, "no record was read"), false
	}
	aside := ""
	if m.ForeseenDuplicates > 0 {
		aside = fmt.Sprintf("; %s foreseen duplicates aside", count(m.ForeseenDuplicates))
	}
	if m.Duplicates > m.ForeseenDuplicates {
		return fmt.Sprintf("%s duplicates among %s records, within the profile's budget%s",
			count(m.Duplicates-m.ForeseenDuplicates), count(m.Read), aside), true
	}
	if aside != "" {
		return fmt.Sprintf("no other of %s records stands twice%s", count(m.Read), aside), true
	}
	return fmt.Sprintf("none of %s records stands twice", count(m.Read)), true
}

func survivedRestart(m Measured) (string, bool) {
	text, held := complete(m)
	switch {
	case m.Restarted > 0:
		return fmt.Sprintf("after %d brokers were killed and started empty: %s", m.Restarted, text), held
	case m.Restarts > 0:
		return m.deaths() + ": " + text, held
	}
	return "no broker was restarted before the final reads", false
}

func manyRecords(m Measured) (string, bool) {
	const wanted = 100_000
	return fmt.Sprintf("%s records acked, %s wanted", count(m.Acked), count(wanted)), m.Acked >= wanted
}

func finalReadsMissing(m Measured, otherwise string) string {
	if m.FinalReads >= neededFinalReads {
		return otherwise
	}
	return fmt.Sprintf("%d of %d complete final reads were made", m.FinalReads, neededFinalReads)
}

// lossAside says how many acked records are missing on purpose.
func (m Measured) lossAside() string {
	if m.ForeseenLost == 0 {
		return ""
	}
	return fmt.Sprintf("; %s foreseen losses aside", count(m.ForeseenLost))
}

// count writes 100000 as 100,000.
func count(n int64) string {
	text := strconv.FormatInt(n, 10)
	first := len(text) % 3
	if n < 0 || first == 0 {
		first += 3
	}
	for i := first; i < len(text); i += 4 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
