package ledger

import (
	"cmp"
	"sync"
	"time"
)

// ErrorSeen is a class of errors that the client saw.
type ErrorSeen struct {
	Kind OutcomeKind // Failed or Unknown, for errors of sends
	Who  string      // the reader or admin, for errors of others
	Name string      // the Kafka error name

	Abandoned bool // see [Outcome]
	Excused   bool // by a disturbance: see [Ledger.Disturb]
}

// unnamed stands for an error that came without a name.
const unnamed = "(no name)"

// errorTally counts one class of errors and keeps the first.
type errorTally struct {
	count  int64
	first  Serial
	sent   bool // first is a record
	at     time.Time
	detail string
	times  bounded[time.Time] // of errors of others than senders
}

type errorTallies struct {
	mu      sync.Mutex
	byClass map[ErrorSeen]*errorTally
	order   []ErrorSeen
}

// ClientError records an error that a reader or admin saw: who says which one, name is the Kafka error name (keep it one of few), and
// detail the whole error. It feeds ERRORS_SEEN and [Counts].
func (l *Ledger) ClientError(who, name, detail string) {
	at := l.now()
	excused := l.disturbances.excuses(name, time.Time{}, at)
	l.errors.add(ErrorSeen{Who: who, Name: cmp.Or(name, unnamed), Excused: excused}, errorTally{at: at, detail: detail})
}

func (t *errorTallies) add(class ErrorSeen, first errorTally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byClass == nil {
		t.byClass = make(map[ErrorSeen]*errorTally)
	}
	tally, ok := t.byClass[class]
	if !ok {
		tally = &first
		t.byClass[class] = tally
		t.order = append(t.order, class)
	}
	tally.count++
	if !first.sent {
		tally.times.add(first.at)
	}
}

// all visits the classes in the order in which they came up.
func (t *errorTallies) all(visit func(ErrorSeen, errorTally)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, class := range t.order {
		visit(class, *t.byClass[class])
	}
}
