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
	who    string
	end    int64
	before int // position in the ack times when the question was asked
	at     time.Time
}

// AskEnd notes what had been acked when the question for the end offset is asked. who names the client or the kind of question.
func (l *Ledger) AskEnd(tp TopicPartition, who string) EndQuery {
	p := l.partition(tp)
	p.mu.Lock()
	defer p.mu.Unlock()
	return EndQuery{ledger: l, part: p, who: who, before: p.acks.cut(), highest: p.highest}
}

// Answered records the end offset that the question was answered with, which is one past the last record (the high
// watermark, not the last stable offset). A negative one is no answer.
func (q EndQuery) Answered(end int64) {
	if end < 0 || q.highest < end {
		return
	}
	q.part.mu.Lock()
	defer q.part.mu.Unlock()
	q.part.answeredStale(staleAnswer{who: q.who, end: end, before: q.before, at: q.ledger.now()})
}

// maxStale bounds the answers that are kept for judgement.
const maxStale = 4096

// answeredStale keeps the answer for judgement.
func (p *partition) answeredStale(a staleAnswer) {
	if len(p.stale) == maxStale {
		p.staleBeyond++
		return
	}
	p.stale = append(p.stale, a)
}
