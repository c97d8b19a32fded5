package ledger

import "time"

// EndQuery is a question for the end of a log that is under way.
type EndQuery struct {
	ledger  *Ledger
	part    *partition
	who     string
	before  int // position in the partition's ack times
	highest int64
}

// staleAnswer is an answer that may not cover a record acked before the question: it depends on whether that record was found.
type staleAnswer struct {
	who     string
	end     int64
	highest int64 // greatest offset acked before the question
	before  int
	at      time.Time
}

// AskEnd notes what had been acked when the question for the end offset is asked. who names the client or the kind of question.
func (l *Ledger) AskEnd(tp TopicPartition, who string) EndQuery {
	p := l.partition(tp)
	p.mu.Lock()
	defer p.mu.Unlock()
	return EndQuery{ledger: l, part: p, who: who, before: p.acks.cut(), highest: p.highest}
}

// Answered records the end offset that the question was answered with, which is one past the last record. A negative one is no answer.
func (q EndQuery) Answered(end int64) {
	if end < 0 || q.highest < end {
		return
	}
	q.part.mu.Lock()
	defer q.part.mu.Unlock()
	q.part.answeredStale(staleAnswer{who: q.who, end: end, highest: q.highest, before: q.before, at: q.ledger.now()})
}

// answeredStale keeps the answer for judgement. A source that gives the same low end again and again is kept once a question.
func (p *partition) answeredStale(a staleAnswer) {
	if len(p.stale) < 16*keptEvidence {
		p.stale = append(p.stale, a)
	}
}
