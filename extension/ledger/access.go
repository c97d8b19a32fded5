package ledger

import (
	"sync"
	"time"
)

// AccessSeen is what became of one request of a principal, for [Ledger.SawAccess].
type AccessSeen struct {
	Who       string // the principal
	Operation string // what it asked for, such as "fetch"
	Resource  string // of what, such as "topic orders"
	Aspect    string // what a request out of scope would break: [AccessRead], [AccessWrite] or [AccessExistence]
	InScope   bool   // the principal may do this
	Outcome   AccessOutcome
	Detail    string // what was answered, or what happened instead
	// Effect says what shows that the request was carried out, whatever was answered; "" if nothing does, or nobody looked.
	Effect string
}

// Aspects of ACCESS_LEAK.
const (
	AccessRead      = "read"      // data, offsets or settings of others
	AccessWrite     = "write"     // a change to what belongs to others
	AccessExistence = "existence" // that something of others is there
)

// AccessOutcome is how a request ended.
type AccessOutcome string

// How a request may end.
const (
	AccessGranted      AccessOutcome = "granted"      // it did what was asked
	AccessDenied       AccessOutcome = "denied"       // by the error that says so, or by showing nothing where nothing may be shown
	AccessFailed       AccessOutcome = "failed"       // another error
	AccessTimedOut     AccessOutcome = "timed out"    // no answer in time
	AccessDisconnected AccessOutcome = "disconnected" // the connection ended instead of an answer
)

// unclear reports whether the outcome is no answer to the question whether the principal may.
func (o AccessOutcome) unclear() bool { return o != AccessGranted && o != AccessDenied }

// accessLog keeps what became of the requests. There are some hundred of them in a run.
type accessLog struct {
	mu   sync.Mutex
	seen bounded[accessAt]
}

type accessAt struct {
	AccessSeen
	at time.Time
}

// keptAccess bounds the requests in memory. One beyond it is a doubt.
const keptAccess = 1 << 16

// SawAccess records what became of a request that has to be granted or denied: ACCESS_LEAK, ACCESS_REFUSED and UNCLEAR_REFUSAL.
func (l *Ledger) SawAccess(a AccessSeen) {
	at := l.now()
	l.access.mu.Lock()
	defer l.access.mu.Unlock()
	l.access.seen.addUpTo(keptAccess, accessAt{a, at})
}

// AccessEvidence counts requests whose principals may, or may not, do what they asked for.
type AccessEvidence struct {
	Granted int64 `json:"granted"` // in scope, and done
	// Denied out of scope, by what they would have broken, where another principal was seen to do the same in its scope.
	Reads    int64 `json:"reads"`
	Writes   int64 `json:"writes"`
	Existing int64 `json:"existing"`
	// Unproven were denied, but nobody was seen to do the like: the target may deny it to everybody.
	Unproven int64 `json:"unproven"`
}

// evidence counts for a judgement.
func (a *accessLog) evidence() (e AccessEvidence) {
	a.mu.Lock()
	defer a.mu.Unlock()
	works := map[string]bool{}
	for _, s := range a.seen.kept {
		if s.InScope && s.Outcome == AccessGranted {
			works[s.Operation] = true
			e.Granted++
		}
	}
	for _, s := range a.seen.kept {
		switch {
		case s.InScope || s.Outcome != AccessDenied || s.Effect != "":
		case !works[s.Operation]:
			e.Unproven++
		case s.Aspect == AccessRead:
			e.Reads++
		case s.Aspect == AccessWrite:
			e.Writes++
		default:
			e.Existing++
		}
	}
	return e
}
