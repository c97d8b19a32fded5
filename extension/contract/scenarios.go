package contract

import (
	"slices"
	"strings"
)

// common is what every correctness scenario judges: whatever it does, its records are tracked, read twice and audited.
const common = "F1.1 F1.2 F2.1 F2.2 F2.5 F3.1 F3.2 F3.4 F3.5 F6.1 F6.2 NFR2.1 NFR2.2 NFR2.3 NFR2.4 NFR2.5 NFR5.1 NFR5.2 NFR5.3"

// restartNeeds: outside chaos scenarios a restart is only judged by starting every broker empty before the final reads.
func restartNeeds() map[string][]string { return map[string][]string{"F3.2": claims(ClaimStateless)} }

func connectivity() []Scenario {
	const title = "connectivity"
	return []Scenario{
		{
			ID: "S1", Title: title, Script: "diagnose", Stage: StagePR, Exists: true, MinAcked: 10,
			Load: "1 VU; metadata, connection, produce, consume", Judges: ids("F1.1 F1.2 F1.3 F2.1 F2.2 F3.4"),
		},
		{
			ID: "S1", Title: title, Script: "smoke_metrics", Stage: StagePR, Exists: true, MinAcked: 200,
			Load: "1 VU; the metrics endpoint of each broker", Judges: ids("F1.1 F1.2 F2.1 F2.2 F3.4 NFR5.4"),
		},
	}
}

func correctness() []Scenario {
	return []Scenario{
		smoke("smoke_single", 1000, "1 producer, then 1 consumer", "F1.3 F1.4 F2.6"),
		smoke("smoke_concurrent", 2000, "5 producers and 5 consumers at once", "F1.4 F2.6"),
		smoke("smoke_shared", 1600, "VUs that share one client", "F1.4 F2.6"),
		smoke("smoke_topic_autocreate", 500, "topics created by hand and by the first produce", "F2.3"),
		smoke("smoke_multi_producer_single_consumer", 2000, "8 producers, 1 consumer", "F2.6"),
		smoke("smoke_consumer_group", 2000, "a group of 2 members, of which one leaves", "F1.4 F2.4 F2.6"),
		smoke("produce_consume", 100_000, "100 × 1,000 records over 10 partitions", "F1.4 F2.6 NFR3.5"),
	}
}

func smoke(script string, minAcked int64, load, also string) Scenario {
	return Scenario{
		ID: "S3", Title: "correctness", Script: script, Stage: StagePR, Exists: true, MinAcked: minAcked,
		Load: load, Judges: ids(common + " " + also), needs: restartNeeds(),
	}
}

// deliveries are the scenarios of what is delivered once, at most once, at least once, and to whom.
func deliveries() []Scenario {
	const title = "delivery semantics"
	return []Scenario{
		{
			ID: "S9", Title: title, Script: "delivery_semantics", Stage: StageMain, Exists: true, MinAcked: 500,
			Load: "answers to a producer lost, so that it sends again; members that crash having committed after or before they processed; " +
				"groups without an offset, and with one that was deleted",
			Judges: ids("F2.4 F8.1 F8.2 F8.5 F8.6"),
		},
		{
			ID: "S9", Title: title, Script: "transactions", Stage: StageMain, Exists: true, MinAcked: 500,
			Load:   "commits and aborts by several producers, a consume-transform-produce whose processor crashes, readers of both isolation levels",
			Judges: ids("F8.3 F8.4"),
		},
		{
			ID: "S9", Title: title, Script: "consumer_groups", Stage: StageMain, Exists: true, MinAcked: 500,
			Load:   "more members than partitions, a member that crashes, storms of members that join and leave, eager, cooperative and KIP-848",
			Judges: ids("F1.1 F2.1 F2.2 F2.4 F2.5 F3.4 F3.5 F8.6 F8.7 NFR2.1 NFR2.2 NFR2.5"),
		},
	}
}

// storms are the scenarios of very many clients.
func storms() []Scenario {
	return []Scenario{
		{
			ID: "S2", Title: "connection storm", Script: "connection_storm", Stage: StageRelease, Exists: true, MinAcked: 500,
			Load:   "1,000 then 10,000 connections, random close and reopen, half-open and slow ones, beside steady traffic",
			Judges: ids("F1.1 F1.3 F1.4 F2.1 F2.2 F3.4 NFR1.5 NFR2.2 NFR3.4 NFR4.4"),
		},
	}
}

// permissions are the scenarios whose clients are not all the same.
func permissions() []Scenario {
	return []Scenario{{
		ID: "S8", Title: "permissions", Script: "permission_boundary", Stage: StageRelease, Exists: true, MinAcked: 3,
		Load:   "principals inside and outside their scope: every operation on what is theirs, and on what is not",
		Judges: ids("F7.1 F7.2 F7.3 F7.4"),
	}}
}

// chaos are the scenarios whose faults act on brokers and on storage.
func chaos() []Scenario {
	return []Scenario{
		{
			ID: "S4", Title: "broker death", Script: "chaos_broker", Stage: StageMain, Exists: true, MinAcked: 500,
			Load: "continuous traffic with readers of every kind; brokers killed at random and replaced, one frozen and one added where that " +
				"can be, then all killed at once",
			Judges: ids("F1.2 F2.2 F3.2 F3.3 F4.1 F4.2 F4.3 F4.4 F4.5 NFR1.1 NFR1.2 NFR1.3 NFR1.5 NFR4.2 NFR4.4"),
		},
		{
			ID: "S4", Title: "zombie", Script: "zombie", Stage: StageMain, Exists: true, MinAcked: 500,
			Load:   "a leader is frozen beyond any lease, others take over, and it wakes up",
			Judges: ids("F4.1 F4.6 NFR1.1 NFR1.5 NFR2.1 NFR2.2 NFR2.5 NFR4.4"),
		},
		{
			ID: "S4", Title: "failover", Script: "failover", Stage: StageMain, Exists: true, MinAcked: 500,
			Load:   "followers of a partition frozen while records are written, its leader killed, the followers resumed, the leader back",
			Judges: ids("F3.3 F4.1 NFR1.1 NFR1.5 NFR2.1 NFR2.2 NFR2.3 NFR2.5 NFR4.4"),
		},
		{
			ID: "S4", Title: "random chaos", Script: "chaos_random", Stage: StageMain, Exists: true, MinAcked: 200,
			Load:   "brokers, storage and the wire disturbed by a plan from a seed, several faults at once",
			Judges: ids("F3.1 F3.4 F4.1 F6.1 NFR1.1 NFR1.5 NFR2.1 NFR2.2 NFR2.3 NFR2.5 NFR4.4"),
		},
		{
			ID: "S5", Title: "storage slowness", Script: "objectstore_slow", Stage: StageMain, Exists: true, MinAcked: 500,
			Load:   "storage late, then at a trickle, then with more and more errors; several producers on one partition",
			Judges: ids("F3.1 F6.1 F6.3 F6.4 NFR1.4 NFR1.5 NFR2.1 NFR2.2 NFR2.3 NFR2.5"),
		},
		{
			ID: "S6", Title: "scale-out", Script: "scaleout", Stage: StageRelease, Exists: true, MinAcked: 500,
			Load:   "1 to 3 brokers and back under load",
			Judges: ids("F1.4 F5.1 F5.2 F5.3 F5.4 F5.5 NFR3.1 NFR3.2 NFR3.3 NFR4.3 NFR5.4"),
		},
		{
			ID: "S7", Title: "rolling upgrade", Script: "rolling_upgrade", Stage: StageRelease, Exists: true, MinAcked: 500,
			Load: "every broker stopped and started again, one after the other, under load", Judges: ids("F3.2 F4.1 F4.2 NFR1.5 NFR4.1 NFR4.4"),
		},
	}
}

// faults are the scenarios whose faults act on the wire.
func faults() []Scenario {
	return []Scenario{
		{
			ID: "S10", Title: "message faults", Script: "message_faults", Stage: StageMain, Exists: true, MinAcked: 1000,
			Load:   "drop, delay, duplicate, error, disconnect by topic through the Kafka proxy",
			Judges: ids("F2.1 F2.2 F3.4 F3.5 NFR2.1 NFR2.2 NFR2.3 NFR5.1"),
		},
		{
			ID: "S10", Title: "network partition", Script: "network_partition", Stage: StageMain, Exists: true, MinAcked: 1000,
			Load:   "clients cut off from one broker, one way, and from all but one; then healed",
			Judges: ids("F2.1 F2.2 F3.4 F3.5 NFR1.5 NFR2.1 NFR2.2 NFR4.4"),
		},
	}
}

// ids splits a list of ids and puts them in the order of Requirements.
func ids(list string) []string {
	wanted := strings.Fields(list)
	var out []string
	for _, r := range Requirements() {
		if slices.Contains(wanted, r.ID) {
			out = append(out, r.ID)
		}
	}
	return out
}
