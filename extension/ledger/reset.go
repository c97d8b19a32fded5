package ledger

import (
	"sync"
	"time"
)

// Where a reader begins that has no offset to go on from (Kafka's auto.offset.reset).
const (
	ResetEarliest = "earliest"
	ResetLatest   = "latest"
	ResetNone     = "none"
)

// Reset is a reader of a group that has no offset to go on from in a partition.
type Reset struct {
	Group, Reader string
	TP            TopicPartition
	Policy        string // ResetEarliest or ResetLatest
	Position      int64  // what it was told is out of range; −1: nothing is committed
}

// resets are the places at which readers were told to begin.
type resets struct {
	mu       sync.Mutex
	told     []resetTold // at most maxResets
	beyond   int64
	invented bounded[inventedCommit]
}

// maxResets bounds what is kept for judgement: each holds a number for every producer.
const maxResets = 4096

// resetTold is a reset that was answered.
type resetTold struct {
	Reset
	answered int64
	at       time.Time
	highest  int64    // greatest offset acked before it was asked; −1: none
	trimmed  int64    // the script had deleted no more than what is below
	next     []uint64 // by index of a producer: what is below was made before the answer
}

// inventedCommit is a committed offset that a reader was told of, though nobody has committed one.
type inventedCommit struct {
	committedPlace
	policy, reader string
	offset         int64
	at             time.Time
}

// ResetQuestion is a question for where a log begins, or ends, under way.
type ResetQuestion struct {
	ledger  *Ledger
	reset   Reset
	highest int64
	turn    int64
	calm    bool
}

// AskReset notes what had been acked when a reader asks where it is to begin.
func (l *Ledger) AskReset(r Reset) ResetQuestion {
	highest, _ := l.HighestAcked(r.TP)
	return ResetQuestion{l, r, highest, l.disturbances.turns.Load(), l.disturbances.active.Load() == 0}
}

// Answered records the offset that the reader was told. What lies below is not owed to the group any more, for GROUP_SKIP. It feeds
// OFFSET_RESET, unless something was disturbed meanwhile.
func (q ResetQuestion) Answered(offset int64) {
	l := q.ledger
	c := l.committed.at(q.reset.Group, q.reset.TP)
	c.mu.Lock()
	c.floor = max(c.floor, offset)
	c.mu.Unlock()
	if !q.calm || l.disturbances.turns.Load() != q.turn {
		return
	}
	told := resetTold{Reset: q.reset, answered: offset, at: l.now(), highest: q.highest, trimmed: l.trimmedTo(q.reset.TP)}
	if q.reset.Policy == ResetLatest {
		for _, p := range l.producers.Load().all {
			told.next = append(told.next, p.next.Load())
		}
	}
	l.resets.mu.Lock()
	defer l.resets.mu.Unlock()
	if len(l.resets.told) == maxResets {
		l.resets.beyond++
		return
	}
	l.resets.told = append(l.resets.told, told)
}

// trimmedTo is how far the script has begun to delete.
func (l *Ledger) trimmedTo(tp TopicPartition) int64 {
	p := l.partition(tp)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trimmed
}

// Committing says that a member is about to commit: from here on the group may have a committed offset, whatever is answered.
func (l *Ledger) Committing(group string, tp TopicPartition) {
	c := l.committed.at(group, tp)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tried = true
}

// ToldCommitted says that a reader that has a policy for offsets that are missing was told of one. Whoever commits for the group has to say
// so before: see [Ledger.Committing].
func (l *Ledger) ToldCommitted(group, reader, policy string, tp TopicPartition, offset int64) {
	c := l.committed.at(group, tp)
	c.mu.Lock()
	tried := c.tried
	c.mu.Unlock()
	if tried || offset < 0 || l.disturbances.active.Load() > 0 || l.instances > 1 {
		return // with several instances, a member in another one may have committed
	}
	l.resets.mu.Lock()
	defer l.resets.mu.Unlock()
	l.resets.invented.add(inventedCommit{committedPlace{group, tp}, policy, reader, offset, l.now()})
}
