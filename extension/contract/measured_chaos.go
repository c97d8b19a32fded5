package contract

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k6suite/extension/ledger"
)

// Chaos is what faults on brokers and on storage did in a run. Counts of brokers count each time.
type Chaos struct {
	Kills     int64 `json:"kills,omitempty"`     // brokers that were killed, those of KilledAll included
	KilledAll int64 `json:"killedAll,omitempty"` // how often no broker was left
	Restarts  int64 `json:"restarts,omitempty"`  // brokers that were started again under load, whatever had ended them
	Pauses    int64 `json:"pauses,omitempty"`    // brokers that were frozen and resumed

	Scaled []int         `json:"scaled,omitempty"` // how many brokers there were, from the first number on: 1, 3, 1
	Added  []AddedBroker `json:"added,omitempty"`  // brokers that scaling added

	StorageSlowed int64 `json:"storageSlowed,omitempty"` // requests to storage that were delayed or throttled
	StorageFailed int64 `json:"storageFailed,omitempty"` // requests to storage that were refused, lost or spoilt
	Outages       int64 `json:"outages,omitempty"`       // how often storage took no write at all

	Rebalances  *int64       `json:"rebalances,omitempty"`  // of groups while a broker was away and another lived; nil: not measured
	Connections *Connections `json:"connections,omitempty"` // of clients; nil: not measured
	Excused     int64        `json:"excused,omitempty"`     // errors of clients that a fault excuses
}

// AddedBroker is a broker that was added, with the requests for records that it got.
type AddedBroker struct {
	ID       int32 `json:"id"`
	Requests int64 `json:"requests"`
}

// Connections are those that clients have opened.
type Connections struct {
	Before int64 `json:"before"` // up to the end of the baseline
	During int64 `json:"during"` // after it, by clients that were there before
}

// PartitionRecovery sums up how one partition recovered from the interruptions of a run.
type PartitionRecovery struct {
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
	Times     int     `json:"times"`     // interruptions after which records were sent to it
	Recovered int     `json:"recovered"` // those among them after which one of these was acked
	Worst     float64 `json:"worst"`     // seconds from an interruption to the first of these acks, the longest
	After     string  `json:"after"`     // what the interruption of the longest one was
}

// RecoveriesOf sums up by partition, the slowest first.
func RecoveriesOf(all []ledger.Recovery) []PartitionRecovery {
	byPart := map[ledger.TopicPartition]*PartitionRecovery{}
	for _, r := range all {
		p := byPart[r.TP]
		if p == nil {
			p = &PartitionRecovery{Topic: r.TP.Topic, Partition: r.TP.Partition, After: r.What}
			byPart[r.TP] = p
		}
		p.Times++
		if !r.Recovered {
			continue
		}
		if p.Recovered++; r.Took.Seconds() > p.Worst {
			p.Worst, p.After = r.Took.Seconds(), r.What
		}
	}
	var out []PartitionRecovery
	for _, p := range byPart {
		out = append(out, *p)
	}
	slices.SortFunc(out, slowestFirst)
	return out
}

func slowestFirst(a, b PartitionRecovery) int {
	return cmp.Or(cmp.Compare(b.Worst, a.Worst), strings.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
}

// FaultReport says what one fault did.
type FaultReport struct {
	Script string    `json:"script,omitempty"` // of several
	Number int       `json:"number"`           // of the run's faults, from 1 on
	Spec   string    `json:"spec"`             // as it was asked for, in JSON
	Hits   int64     `json:"hits"`
	Took   []string  `json:"took,omitempty"` // what it hit: brokers, objects, partitions
	Began  time.Time `json:"began,omitzero"`
	Ended  time.Time `json:"ended,omitzero"`
	Err    string    `json:"err,omitempty"` // what went wrong with it
}

// Seconds is how long it lasted, 0 if that is not known.
func (f FaultReport) Seconds() float64 {
	if f.Began.IsZero() || f.Ended.IsZero() {
		return 0
	}
	return f.Ended.Sub(f.Began).Seconds()
}

// plus adds what two runs did. Of how often something was not measured nothing is known.
func (c Chaos) plus(other Chaos) Chaos {
	sum := Chaos{
		Kills: c.Kills + other.Kills, KilledAll: c.KilledAll + other.KilledAll, Restarts: c.Restarts + other.Restarts,
		Pauses: c.Pauses + other.Pauses, StorageSlowed: c.StorageSlowed + other.StorageSlowed,
		StorageFailed: c.StorageFailed + other.StorageFailed, Outages: c.Outages + other.Outages, Excused: c.Excused + other.Excused,
		Rebalances: c.Rebalances, Connections: c.Connections,
	}
	if other.Rebalances != nil {
		n := *other.Rebalances
		if c.Rebalances != nil {
			n += *c.Rebalances
		}
		sum.Rebalances = &n
	}
	if other.Connections != nil {
		both := *other.Connections
		if c.Connections != nil {
			both.Before += c.Connections.Before
			both.During += c.Connections.During
		}
		sum.Connections = &both
	}
	return sum
}

// deaths says how often brokers were away, "" if none was.
func (c Chaos) deaths() string {
	var parts []string
	add := func(n int64, did string) {
		if n > 0 {
			parts = append(parts, times(n, "broker")+" "+did)
		}
	}
	add(c.Kills, "killed")
	add(c.Restarts, "started again")
	add(c.Pauses, "frozen and resumed")
	if c.KilledAll > 0 {
		parts = append(parts, "all of them dead at once "+times(c.KilledAll, "time"))
	}
	return strings.Join(parts, ", ")
}

// scaled says how many brokers there were, "" if that did not grow.
func (c Chaos) scaled() string {
	grown := false
	texts := make([]string, len(c.Scaled))
	for i, n := range c.Scaled {
		grown = grown || i > 0 && n > c.Scaled[i-1]
		texts[i] = fmt.Sprint(n)
	}
	if !grown {
		return ""
	}
	return strings.Join(texts, " → ") + " brokers"
}

// times writes "1 broker", "3 brokers".
func times(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return count(n) + " " + word + "s"
}
