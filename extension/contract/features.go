package contract

import "slices"

// features are the functional requirements, F1.1 to F8.7.
func features() []Requirement {
	return slices.Concat(addresses(), protocol(), durability(), statelessness(), scaling(), storage(), access(), delivery())
}

func addresses() []Requirement {
	return []Requirement{
		{ID: "F1.1", Title: "one bootstrap address suffices", Rules: rules("METADATA_LIE/unreachable", "CONNECTION_LIMIT")},
		{
			ID: "F1.2", Title: "metadata never shows broker addresses", Claims: claims(ClaimSingleEndpoint),
			Rules: rules("METADATA_LIE/address"), proof: oneAddress,
		},
		{ID: "F1.3", Title: "works with TLS", Claims: claims(ClaimTLS), Rules: rules("BAD_CERTIFICATE"), proof: encrypted},
		{
			ID: "F1.4", Title: "connections spread over brokers", Claims: claims(ClaimSingleEndpoint),
			Rules: rules("METADATA_LIE/unspread"), proof: spread,
		},
	}
}

func protocol() []Requirement {
	return []Requirement{
		{ID: "F2.1", Title: "produce", Rules: rules("OFFSET_MISMATCH", "TWO_ACKS", "ERRORS_SEEN", "ABORTED_READ"), proof: produced},
		{
			ID: "F2.2", Title: "consume", proof: consumed,
			Rules: rules("POLL_SKIP", "POLL_BACK", "CORRUPT", "INCONSISTENT_OFFSET", "PHANTOM", "STALE_END", "REWRITE", "END_REGRESS",
				"EPOCH_REGRESS"),
		},
		{ID: "F2.3", Title: "topics created by hand and automatically"},
		{
			ID: "F2.4", Title: "groups: consume, commit, rebalance", Claims: claims(ClaimGroups),
			Rules: rules("GROUP_REGRESS", "GROUP_SKIP", "GROUP_DOUBLE"),
		},
		{ID: "F2.5", Title: "order per partition", Rules: rules("SEND_REORDER", "KEY_REORDER", "REALTIME_ORDER"), proof: ordered},
		{ID: "F2.6", Title: "partition by key as Java does", Rules: rules("PARTITIONER"), proof: partitioned},
	}
}

func durability() []Requirement {
	return []Requirement{
		{
			ID: "F3.1", Title: "each acked record is in object storage", Claims: claims(ClaimObjectStorage),
			Rules: rules("ACK_WITHOUT_BYTES", "ACK_IN_OUTAGE", "LOST_ACKED", "LOST_SUFFIX", "REWRITE"), proof: durable,
		},
		{ID: "F3.2", Title: "survives restart", Rules: rules("LOST_ACKED", "LOST_SUFFIX", "REWRITE"), proof: survivedRestart},
		{ID: "F3.3", Title: "survives kill", Rules: rules("LOST_ACKED", "LOST_SUFFIX", "REWRITE"), proof: survivedKill},
		{ID: "F3.4", Title: "no loss in normal operation", Rules: rules("LOST_ACKED", "LOST_SUFFIX", "REWRITE"), proof: complete},
		{ID: "F3.5", Title: "no duplicates in normal operation", Rules: rules("DUPLICATE"), proof: unique},
	}
}

func statelessness() []Requirement {
	stateless, behindOne := claims(ClaimStateless), claims(ClaimStateless, ClaimSingleEndpoint)
	return []Requirement{
		{ID: "F4.1", Title: "on a kill nothing is lost", Rules: rules("LOST_ACKED", "LOST_SUFFIX", "REWRITE"), Claims: stateless, proof: keptAll},
		{
			ID: "F4.2", Title: "on a kill no client error beyond TCP retry", Claims: behindOne, others: true,
			Rules: rules("ERRORS_SEEN", "ABORTED_READ"), proof: withoutErrors,
		},
		{ID: "F4.3", Title: "on a kill no rebalance", Claims: behindOne, others: true, proof: undisturbed, breach: rebalanced},
		{ID: "F4.4", Title: "on a kill no metadata change", Rules: rules("METADATA_LIE/changed"), Claims: behindOne, proof: steady},
		{
			ID: "F4.5", Title: "a replacement serves at once", Claims: stateless,
			Rules: rules("STUCK", "SLOW_RECOVERY", "METADATA_LIE/dead"), proof: replaced,
		},
		{
			ID: "F4.6", Title: "a paused broker that wakes up cannot ack or overwrite", Claims: stateless, others: true,
			Rules: rules("REWRITE", "INCONSISTENT_OFFSET", "TWO_ACKS", "LOST_ACKED", "LOST_SUFFIX"), proof: woke,
		},
	}
}

func scaling() []Requirement {
	elastic := claims(ClaimElastic)
	return []Requirement{
		{
			ID: "F5.1", Title: "scaling without reconnection", Claims: elastic,
			Rules: rules("ERRORS_SEEN", "ABORTED_READ"), proof: connected, breach: reconnected,
		},
		{ID: "F5.2", Title: "scaling without client change", Claims: elastic, proof: unchanged},
		{
			ID: "F5.3", Title: "scaling without visible metadata change", Claims: elastic,
			Rules: rules("METADATA_LIE/changed"), proof: scaledSteadily,
		},
		{ID: "F5.4", Title: "new brokers get traffic", Rules: rules("METADATA_LIE/idle"), Claims: elastic, proof: addedBusy},
		{ID: "F5.5", Title: "throughput rises with brokers", Claims: elastic},
	}
}

func storage() []Requirement {
	stored := claims(ClaimObjectStorage)
	return []Requirement{
		{ID: "F6.1", Title: "Kafka data equals bucket data", Rules: rules("OBJECT_MISMATCH"), Claims: stored, proof: bucketEqual},
		{ID: "F6.2", Title: "the bucket can be read directly", Claims: stored, proof: bucketRead},
		{
			ID: "F6.3", Title: "slow storage means latency, not loss", Claims: stored,
			Rules: rules("LOST_ACKED", "LOST_SUFFIX", "REWRITE", "STUCK"), proof: late,
		},
		{
			ID: "F6.4", Title: "storage errors become backpressure, not loss", Claims: stored,
			Rules: rules("LOST_ACKED", "LOST_SUFFIX", "REWRITE", "ACK_IN_OUTAGE", "STUCK", "ERRORS_SEEN"), proof: backpressure,
		},
	}
}

func access() []Requirement {
	controlled := claims(ClaimACLs)
	return []Requirement{
		{
			ID: "F7.1", Title: "no read outside one's scope", Claims: controlled,
			Rules: rules("ACCESS_LEAK/read"), proof: readsRefused,
		},
		{
			ID: "F7.2", Title: "no write outside one's scope", Claims: controlled,
			Rules: rules("ACCESS_LEAK/write"), proof: writesRefused,
		},
		{
			ID: "F7.3", Title: "a clean refusal", Claims: controlled,
			Rules: rules("UNCLEAR_REFUSAL", "ACCESS_REFUSED"), proof: refusedCleanly,
		},
		{
			ID: "F7.4", Title: "no leak between tenants", Claims: controlled,
			Rules: rules("ACCESS_LEAK", "PHANTOM"), proof: tenantsApart,
		},
	}
}

func delivery() []Requirement {
	groups, transactions := claims(ClaimGroups), claims(ClaimTransactions)
	return []Requirement{
		{
			ID: "F8.1", Title: "at-least-once across a consumer crash", Claims: groups,
			Rules: rules("GROUP_SKIP", "GROUP_REGRESS"),
		},
		{ID: "F8.2", Title: "idempotent producer", Rules: rules("DUPLICATE", "SEND_REORDER", "KEY_REORDER"), Claims: claims(ClaimIdempotence)},
		{
			ID: "F8.3", Title: "transactions are atomic and isolated", Claims: transactions,
			Rules: rules("ABORTED_READ", "UNCOMMITTED_READ", "TORN_TXN"), proof: isolated,
		},
		{
			ID: "F8.4", Title: "exactly-once consume-transform-produce", Claims: claims(ClaimTransactions, ClaimGroups),
			Rules: rules("EOS_DOUBLE"), proof: exactlyOnce,
		},
		{ID: "F8.5", Title: "offset reset earliest, latest, none", Rules: rules("OFFSET_RESET"), Claims: groups},
		{ID: "F8.6", Title: "lag equals end minus committed", Claims: groups},
		{
			ID: "F8.7", Title: "each partition has one owner in a group; more members than partitions idle", Claims: groups,
			Rules: rules("GROUP_DOUBLE"),
		},
	}
}
