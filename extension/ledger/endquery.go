package ledger

import "time"

// EndQuery is a question for the end of a log that is under way.
type EndQuery struct {
	ledger  *Ledger
	part    *partition
	who     string
	before  int // position in the partition's ack times
	highest int64
	asked   int64
	shown   mark // the greatest end that had been answered before
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
	p, asked := l.partition(tp), l.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	return EndQuery{
		ledger: l, part: p, who: who, before: p.acks.cut(), highest: p.highest,
		asked: l.since(asked), shown: p.ends[highWatermark].latest(),
	}
}

// Answered records the end offset that the question was answered with, which is one past the last record (the high
// watermark, not the last stable offset). A negative one is no answer. It feeds STALE_END and END_REGRESS.
func (q EndQuery) Answered(end int64) {
	if end < 0 {
		return
	}
	p, at := q.part, q.ledger.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.showEnd(highWatermark, q.who, end, q.asked, q.shown, q.ledger.asOfOld)
	p.ends[highWatermark].add(mark{q.ledger.since(at), end, q.who})
	if q.highest >= end && !q.ledger.disturbances.zombies.mayAnswer(q.ledger.timeOf(q.asked), q.ledger.disturbances.grace) {
		p.answeredStale(staleAnswer{who: q.who, end: end, before: q.before, at: at})
	}
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
