package kafkaproxy

import (
	"k6suite/extension/internal/strictjson"
)

// Action is what a rule does to the messages that it matches.
type Action string

// The actions. A message is a request or a response; a batch is what a Produce request, or a Fetch response, has of one partition.
const (
	// Drop takes records away. Produce: the producer gets a success with plausible offsets, and the records never reach a broker.
	// Fetch: the reader goes past them.
	Drop Action = "drop"
	// Swallow leaves a request without an answer: not sent on, or with On "response" sent on and applied. Its connection hangs from
	// then on, as with a broker that stopped answering, until the client gives up; when the fault ends, it is reset.
	Swallow Action = "swallow"
	// Delay holds a message, and those behind it, for Delay ± Jitter.
	Delay Action = "delay"
	// Duplicate writes records twice: behind the original batch, a copy of it as a producer without idempotence sends it, outside of
	// transactions. So no broker takes it for a retry.
	Duplicate Action = "duplicate"
	// Error answers with an error code: what a rule matches by topic and partition, or else the whole message. With On "response" the
	// request is sent on and applied first.
	Error Action = "error"
	// Disconnect resets the connection: before a request is sent on, or in place of its answer.
	Disconnect Action = "disconnect"
	// Blackhole loses everything on a connection from its first match on: both ways, or only what goes in the direction of On. When
	// the fault ends, the connection is reset.
	Blackhole Action = "blackhole"
	// Throttle lets matching messages pass with BytesPerSecond, all connections together.
	Throttle Action = "throttle"
	// Reorder holds a Produce request until the next one of its connection to the same partition has overtaken it, or for a second.
	Reorder Action = "reorder"
	// Corrupt spoils records, as What says: on their way to the broker, or in what one reader gets.
	Corrupt Action = "corrupt"
)

// Direction is where a rule acts.
type Direction string

// The directions.
const (
	OnRequest  Direction = "request"
	OnResponse Direction = "response"
)

// Damage is what Corrupt does.
type Damage string

// The kinds of damage.
const (
	// SpoilValue changes one byte of one value; the batch is in order.
	SpoilValue Damage = "value"
	// SpoilChecksum makes the checksum (CRC32-C) of a batch wrong. A broker refuses it.
	SpoilChecksum Damage = "checksum"
)

// Rule is one fault on the wire: which messages, and what becomes of them. All selectors that are given must match. The zero values
// of selectors match everything that the action can act on.
//
//nolint:recvcheck // to read it changes it
type Rule struct {
	// API are names of Kafka APIs as kmsg has them: "Produce", "Fetch", "OffsetCommit". In JSON one name, or a list.
	API Names `json:"api,omitempty"`
	// Topic is a glob: * any run of characters, ? one, [a-c] one of these. A message about several topics matches if one does.
	Topic string `json:"topic,omitempty"`
	// Partition is a partition's number.
	Partition *int32 `json:"partition,omitempty"`
	// Group is a glob for the consumer group that a request names.
	Group string `json:"group,omitempty"`
	// ClientID is a glob for the client.id.
	ClientID string `json:"clientId,omitempty"`
	// Broker is a node id. Behind a single endpoint, rules with it act on the way to that broker, all others at the client's side.
	Broker *int32 `json:"broker,omitempty"`
	// On is "request" or "response". Default: "response" for Fetch, whose records travel there, and "request" for all others;
	// Blackhole: both.
	On Direction `json:"on,omitempty"`
	// Key and Value are regular expressions (RE2) that a record of Produce or Fetch has to match. Drop and Duplicate then act on the
	// matching records of a batch only.
	Key   string `json:"key,omitempty"`
	Value string `json:"value,omitempty"`

	// Action is what to do.
	Action Action `json:"action"`
	// Delay and Jitter of Delay: each message is held for a time between Delay − Jitter and Delay + Jitter.
	Delay  Duration `json:"delay,omitzero"`
	Jitter Duration `json:"jitter,omitzero"`
	// Error of Error: a name of the Kafka protocol, such as "NOT_LEADER_OR_FOLLOWER". In JSON the name, or the code.
	Error ErrorName `json:"error,omitempty"`
	// BytesPerSecond of Throttle.
	BytesPerSecond int64 `json:"bytesPerSecond,omitempty"`
	// What of Corrupt. Default: "value".
	What Damage `json:"what,omitempty"`

	// Probability with which a match is acted on, in (0, 1]. Default: 1.
	Probability float64 `json:"probability,omitempty"`
	// Times is how many matches are acted on; then the fault ends. Of Drop, Duplicate, Corrupt, and of Error for Produce and Fetch, a
	// match is a batch; of all others, a message. Default: no bound.
	Times int64 `json:"times,omitempty"`
	// Nth has every nth match acted on: the nth, the 2·nth, and so on. Default: 1.
	Nth int64 `json:"nth,omitempty"`
	// Seed of what is left to chance. The same seed decides the same on the same traffic. Default: 1.
	Seed int64 `json:"seed,omitempty"`
	// For is how long the fault lasts. Default: until it is stopped.
	For Duration `json:"for,omitzero"`
}

// Names are one or several names; in JSON one string, or a list.
type Names []string

// ErrorName is the name of an error of the Kafka protocol; in JSON the name, or its code.
type ErrorName string

// Duration is a time.Duration that is written as "200ms" or "1m30s".
type Duration = strictjson.Duration
