package ledger

// Excuse says which errors of clients a disturbance excuses from ERRORS_SEEN. No other rule is ever excused.
type Excuse int

// The excuses, from none to all.
const (
	NoErrors        Excuse = iota // none: the target promises that clients notice nothing, such as the death of some of its brokers
	RetriableErrors               // those that Kafka calls retriable, and timeouts: backpressure, such as of slow storage
	AllErrors                     // all: nothing can be promised, such as on a wire that is cut, or while no broker lives
)

// backpressure tells whether an error, by its name, asks the client to try again, or is one of time: Kafka's retriable errors that
// concern records, groups and metadata (org.apache.kafka.common.errors.RetriableException), and the client's own timeouts.
func backpressure(name string) bool {
	switch name {
	case "REQUEST_TIMED_OUT", "RECORD_TIMEOUT", "RECORD_RETRIES", "CONNECTION_TIMEOUT", "DEADLINE_EXCEEDED",
		"CORRUPT_MESSAGE", "UNKNOWN_TOPIC_OR_PARTITION", "LEADER_NOT_AVAILABLE", "NOT_LEADER_FOR_PARTITION", "BROKER_NOT_AVAILABLE",
		"REPLICA_NOT_AVAILABLE", "NETWORK_EXCEPTION", "COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE", "NOT_COORDINATOR",
		"NOT_ENOUGH_REPLICAS", "NOT_ENOUGH_REPLICAS_AFTER_APPEND", "NOT_CONTROLLER", "KAFKA_STORAGE_ERROR", "FETCH_SESSION_ID_NOT_FOUND",
		"INVALID_FETCH_SESSION_EPOCH", "LISTENER_NOT_FOUND", "FENCED_LEADER_EPOCH", "UNKNOWN_LEADER_EPOCH", "OFFSET_NOT_AVAILABLE",
		"PREFERRED_LEADER_NOT_AVAILABLE", "ELIGIBLE_LEADERS_NOT_AVAILABLE", "UNSTABLE_OFFSET_COMMIT", "THROTTLING_QUOTA_EXCEEDED",
		"UNKNOWN_TOPIC_ID", "INCONSISTENT_TOPIC_ID", "FETCH_SESSION_TOPIC_ID_ERROR":
		return true
	}
	return false
}
