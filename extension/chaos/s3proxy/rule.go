package s3proxy

import (
	"k6suite/extension/internal/strictjson"
)

// Action is what a rule does to the requests that it matches, or to their answers.
type Action string

// The actions. "Before" and "after" are seen from the object storage: before, it has not heard of the request; after, it has answered,
// and what it was asked to do is done.
const (
	// Delay holds a request before it is sent on, or with When "after" its answer, for Delay ± Jitter. Like one that is long on its way,
	// a request is sent on though its client may have given up in the meantime, as far as it has arrived.
	Delay Action = "delay"
	// Throttle lets the bodies of matching requests and answers pass with BytesPerSecond, all connections together.
	Throttle Action = "throttle"
	// Error answers with Status and Code: in place of the object storage, or with When "after" in place of a success of it.
	Error Action = "error"
	// Reset resets the client's connection, at the stage At.
	Reset Action = "reset"
	// Lost has the request done, and closes the connection in place of the answer that it was a success.
	Lost Action = "lost"
	// Late does what is asked Delay ± Jitter later, whether its client still waits or not. With Status, or Code, the client is answered
	// so at once; else not at all: its connection hangs until it gives up, or the fault ends. When the fault ends, what is pending is
	// done at once; when the proxy closes, it never is. A request with a body of more than 64 MiB, which would have to be kept,
	// is no match.
	Late Action = "late"
	// Truncate ends the body of a successful GetObject after Bytes, or after a Fraction, with the connection: the answer still says how
	// long it should have been.
	Truncate Action = "truncate"
	// Corrupt changes one byte in the body of a successful GetObject.
	Corrupt Action = "corrupt"
	// Stale leaves out of listings what was not there when the fault began, or with Delay, that long ago. It knows what was written
	// through this proxy; what was deleted since stays out, too.
	Stale Action = "stale"
	// Refuse resets the connection when the request arrives, as if nobody was there.
	Refuse Action = "refuse"
	// Blackhole takes everything in and never answers; when the fault ends, the connection is reset.
	Blackhole Action = "blackhole"
)

// Time is when a rule acts.
type Time string

// The times.
const (
	Before Time = "before"
	After  Time = "after"
)

// Stage is where a Reset cuts the connection.
type Stage string

// The stages. Up to AtBody, the object storage has never heard of the whole request.
const (
	AtConnect  Stage = "connect"  // nothing of the request is sent on
	AtHeaders  Stage = "headers"  // a part of its header is
	AtBody     Stage = "body"     // its header and half of its body are; a request without a body is no match
	AtResponse Stage = "response" // it is done; the client gets the answer's header and half of its body, or if it has none, half a header
)

// Rule is one fault of object storage: which requests, and what becomes of them. All selectors that are given must match.
//
//nolint:recvcheck // to read it changes it
type Rule struct {
	// Storage are operations of S3, such as "PutObject", or groups: "GET", "PUT" (with CopyObject and PostObject), "HEAD", "DELETE",
	// "LIST", "multipart", "read" (all that change nothing), "write" (all that do), "*". In JSON one name, or a list.
	Storage Names `json:"storage"`
	// Key is a glob for the object's key, and for the prefix of a listing: * any run of characters (slashes, too), ? one, [a-c] one
	// of these.
	Key string `json:"key,omitempty"`
	// Bucket is a glob.
	Bucket string `json:"bucket,omitempty"`
	// Source is a glob for who asks: one of the client's IP address, the same with port, its User-Agent, and the id of the access key
	// that it signs with has to match.
	Source string `json:"source,omitempty"`

	// Action is what to do.
	Action Action `json:"action"`
	// When of Delay and Error. Default: "before".
	When Time `json:"when,omitempty"`
	// Delay and Jitter of Delay and Late: a time between Delay − Jitter and Delay + Jitter. Delay of Stale: how old listings are.
	Delay  Duration `json:"delay,omitzero"`
	Jitter Duration `json:"jitter,omitzero"`
	// BytesPerSecond of Throttle.
	BytesPerSecond int64 `json:"bytesPerSecond,omitempty"`
	// Status of Error and Late: that of HTTP, 300 to 599. Default: what S3 answers with Code.
	Status int `json:"status,omitempty"`
	// Code of Error and Late: that of S3, such as "SlowDown". Default: the one that S3 has for Status.
	Code string `json:"code,omitempty"`
	// At of Reset.
	At Stage `json:"at,omitempty"`
	// Bytes of Truncate: how many pass. An answer that has no more is no match.
	Bytes int64 `json:"bytes,omitempty"`
	// Fraction of Truncate: the part that passes, in (0, 1). Default: 0.5.
	Fraction float64 `json:"fraction,omitempty"`

	// Probability with which a match is acted on, in (0, 1]. Default: 1.
	Probability float64 `json:"probability,omitempty"`
	// Times is how many matches are acted on; then the fault ends. Default: no bound.
	Times int64 `json:"times,omitempty"`
	// Nth has every nth match acted on: the nth, the 2·nth, and so on. Default: 1.
	Nth int64 `json:"nth,omitempty"`
	// Seed of what is left to chance. The same seed decides the same on the same requests. Default: 1.
	Seed int64 `json:"seed,omitempty"`
	// For is how long the fault lasts. Default: until it is stopped.
	For Duration `json:"for,omitzero"`
}

// Names are one or several names; in JSON one string, or a list.
type Names []string

// Duration is a time.Duration that is written as "200ms" or "1m30s".
type Duration = strictjson.Duration

// Outage reports whether no write of any object can succeed as long as the fault is active: it acts on every request that can
// write one, whoever sends it, and has none of them done.
func (r Rule) Outage() bool {
	all := func(glob string) bool { return glob == "" || glob == "*" }
	if !all(r.Key) || !all(r.Bucket) || !all(r.Source) || r.Times != 0 || r.Nth > 1 || r.Probability != 0 && r.Probability != 1 {
		return false
	}
	m, err := r.compile()
	if err != nil {
		return false
	}
	for _, o := range objectWriters() {
		if !m.operation(o) {
			return false
		}
	}
	switch r.Action {
	case Refuse, Blackhole:
		return true
	case Error:
		return r.When != After
	case Reset:
		return r.At == AtConnect || r.At == AtHeaders
	}
	return false
}
