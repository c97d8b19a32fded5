package contract

import "slices"

// nonFunctional are the non-functional requirements, NFR1.1 to NFR5.4.
func nonFunctional() []Requirement {
	return slices.Concat(resilience(), consistency(), scale(), availability(), observability())
}

func resilience() []Requirement {
	return []Requirement{
		{ID: "NFR1.1", Title: "broker failure: 0 lost", Rules: rules("LOST_ACKED", "LOST_SUFFIX", "REWRITE"), proof: keptAll},
		{
			ID: "NFR1.2", Title: "broker failure: 0 client errors", Rules: rules("ERRORS_SEEN", "ABORTED_READ"),
			Claims: claims(ClaimStateless, ClaimSingleEndpoint), others: true, proof: withoutErrors,
		},
		{ID: "NFR1.3", Title: "broker failure: recovery within the bound", Rules: rules("SLOW_RECOVERY", "STUCK"), proof: recoveredInTime},
		{
			ID: "NFR1.4", Title: "slow storage: 0 corrupted", Claims: claims(ClaimObjectStorage),
			Rules: rules("CORRUPT", "OBJECT_MISMATCH"), proof: uncorrupted,
		},
		{ID: "NFR1.5", Title: "full recovery", Rules: rules("STUCK", "RESOURCE_LEAK"), proof: recovered},
	}
}

func consistency() []Requirement {
	return []Requirement{
		{ID: "NFR2.1", Title: "0 duplicates", Rules: rules("DUPLICATE"), proof: unique},
		{ID: "NFR2.2", Title: "0 missing", Rules: rules("LOST_ACKED", "LOST_SUFFIX", "REWRITE"), proof: complete},
		{
			ID: "NFR2.3", Title: "100 % UUID match", proof: matched,
			Rules: rules("CORRUPT", "PHANTOM", "LOST_ACKED", "LOST_SUFFIX", "REWRITE", "ABORTED_READ"),
		},
		{
			ID: "NFR2.4", Title: "Kafka equals bucket", Claims: claims(ClaimObjectStorage),
			Rules: rules("OBJECT_MISMATCH"), proof: bucketEqual,
		},
		{
			ID: "NFR2.5", Title: "strict order per partition", proof: ordered,
			Rules: rules("SEND_REORDER", "KEY_REORDER", "REALTIME_ORDER", "POLL_BACK"),
		},
	}
}

func scale() []Requirement {
	elastic := claims(ClaimElastic)
	return []Requirement{
		{
			ID: "NFR3.1", Title: "1 to N brokers without errors", Claims: elastic,
			Rules: rules("ERRORS_SEEN", "ABORTED_READ"), proof: scaledWithoutErrors,
		},
		{ID: "NFR3.2", Title: "throughput grows with brokers", Claims: elastic},
		{ID: "NFR3.3", Title: "scaling with 0 reconnections", Claims: elastic, proof: connected, breach: reconnected},
		{
			ID: "NFR3.4", Title: "10,000 connections or more", Claims: claims(ClaimConnections),
			Rules: rules("CONNECTION_LIMIT", "RESOURCE_LEAK"), proof: manyConnections,
		},
		{ID: "NFR3.5", Title: "100,000 records a run or more", total: true, proof: manyRecords},
	}
}

func availability() []Requirement {
	return []Requirement{
		{
			ID: "NFR4.1", Title: "rolling upgrade: 0 errors", Claims: claims(ClaimSingleEndpoint), others: true,
			Rules: rules("ERRORS_SEEN", "ABORTED_READ"), proof: upgradedWithoutErrors,
		},
		{
			ID: "NFR4.2", Title: "replacement of a broker: 0 errors", Claims: claims(ClaimSingleEndpoint), others: true,
			Rules: rules("ERRORS_SEEN", "ABORTED_READ"), proof: replacedWithoutErrors,
		},
		{
			ID: "NFR4.3", Title: "scale-out: 0 errors", Claims: claims(ClaimElastic),
			Rules: rules("ERRORS_SEEN", "ABORTED_READ"), proof: scaledWithoutErrors,
		},
		{ID: "NFR4.4", Title: "traffic never stops", Rules: rules("STUCK"), others: true, proof: flowing},
	}
}

func observability() []Requirement {
	return []Requirement{
		{ID: "NFR5.1", Title: "every record countable by UUID", proof: countable},
		{ID: "NFR5.2", Title: "errors counted by class", proof: classified},
		{ID: "NFR5.3", Title: "bucket state verifiable", Claims: claims(ClaimObjectStorage), proof: bucketRead},
		{ID: "NFR5.4", Title: "distribution over brokers measurable", Claims: claims(ClaimMetrics), proof: spread},
	}
}
