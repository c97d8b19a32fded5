package ledger

import (
	"cmp"
	"sync"
	"time"
)

// committed is what is known of the committed offset of a group and partition.
type committed struct {
	mu      sync.Mutex
	highest int64 // committed and answered so; −1 if nothing was
	at      time.Time
	by      string

	shown   int64 // the greatest that was answered to a question; −1 if none was
	shownAt time.Time
	asker   string

	tried bool  // somebody has tried to commit
	floor int64 // the group had no offset and was sent here: of what lies below, OFFSET_RESET tells
}

// committedPlace names a committed offset.
type committedPlace struct {
	group string
	tp    TopicPartition
}

func (p committedPlace) compare(other committedPlace) int {
	return cmp.Or(cmp.Compare(p.group, other.group), p.tp.compare(other.tp))
}

// committedLog keeps the committed offsets of all groups, and those that went back.
type committedLog struct {
	places lockedMap[committedPlace, *committed] // of which something was committed or asked

	mu      sync.Mutex
	regress bounded[groupRegress]
}

// groupRegress is a committed offset that is lower than one that had been answered before it was asked for.
type groupRegress struct {
	committedPlace
	who           string
	value         int64 // −1: nothing is committed
	highest       int64
	by            string
	committed     time.Time
	asked, answer time.Time
}

// Committed says that a member of a group has committed the offset of the next record that it wants to read, and was answered without an
// error. Members only go forward.
func (l *Ledger) Committed(group, member string, tp TopicPartition, next int64) {
	c := l.committed.at(group, tp)
	c.mu.Lock()
	defer c.mu.Unlock()
	if next > c.highest {
		c.highest, c.at, c.by = next, l.now(), member
	}
}

func (l *committedLog) at(group string, tp TopicPartition) *committed {
	return l.places.get(committedPlace{group, tp}, func() *committed { return &committed{highest: -1, shown: -1} })
}

// CommittedQuestion is a question for the committed offset of a group that is under way.
type CommittedQuestion struct {
	ledger *Ledger
	groupRegress
}

// AskCommitted notes what was committed when somebody asks for the committed offset of a group.
func (l *Ledger) AskCommitted(group, who string, tp TopicPartition) CommittedQuestion {
	c := l.committed.at(group, tp)
	c.mu.Lock()
	defer c.mu.Unlock()
	return CommittedQuestion{l, groupRegress{
		committedPlace: committedPlace{group, tp}, who: who, highest: c.highest, by: c.by, committed: c.at, asked: l.now(),
	}}
}

// Answered records the answer; −1: nothing is committed. It feeds GROUP_REGRESS and GROUP_SKIP.
func (q CommittedQuestion) Answered(next int64) {
	q.ledger.committed.at(q.group, q.tp).answered(next, q.who, q.ledger.now())
	if next >= q.highest {
		return
	}
	q.value, q.answer = next, q.ledger.now()
	q.ledger.committed.mu.Lock()
	defer q.ledger.committed.mu.Unlock()
	q.ledger.committed.regress.add(q.groupRegress)
}

func (c *committed) answered(next int64, who string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if next > c.shown {
		c.shown, c.asker, c.shownAt = next, who, at
	}
}

// AskAllCommitted is AskCommitted for all partitions of which a commit of the group is known.
func (l *Ledger) AskAllCommitted(group, who string) map[TopicPartition]CommittedQuestion {
	questions := map[TopicPartition]CommittedQuestion{}
	for at := range l.committed.places.all() {
		if at.group == group {
			questions[at.tp] = l.AskCommitted(group, who, at.tp)
		}
	}
	return questions
}
