package ledger

import "time"

// LogEnds are the ends of a log as one answer shows them; −1 where it does not.
type LogEnds struct {
	Start         int64 // log start offset
	LastStable    int64 // last stable offset
	HighWatermark int64 // one past the last record that may be read
}

// SawLog records what an answer, to a fetch or to ListOffsets, shows of the ends of a log. who names the client, asked is when the question
// was asked: right before it was sent. It feeds END_REGRESS. [EndQuery.Answered] and final reads feed it, too.
func (l *Ledger) SawLog(tp TopicPartition, who string, ends LogEnds, asked time.Time) {
	p, at := l.partition(tp), l.since(l.now())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.showEnds(who, ends, l.since(l.steady(asked)), at, l.asOfOld)
}

// since turns a time into nanoseconds of the ledger's life: by the monotonic clock, where the time has it.
func (l *Ledger) since(at time.Time) int64 { return int64(at.Sub(l.began)) }

// timeOf is the time that since made a number of.
func (l *Ledger) timeOf(at int64) time.Time { return l.began.Add(time.Duration(at)) }

// endKind is what an end of a log is called.
type endKind int

const (
	highWatermark endKind = iota
	lastStable
	logStart
	endKinds
)

func (k endKind) String() string {
	return [...]string{highWatermark: "high watermark", lastStable: "last stable offset", logStart: "log start offset"}[k]
}

// regression is an end that is lower than one shown before the question was asked.
type regression struct {
	kind   endKind
	who    string
	asked  int64
	value  int64
	before mark
}

// never excuses no low end.
func never(int64) bool { return false }

// showEnds compares ends that came at a time with what had been shown before they were asked for, unless they are excused; the caller
// holds the lock.
func (p *partition) showEnds(who string, ends LogEnds, asked, at int64, excused func(asked int64) bool) {
	values := [...]int64{highWatermark: ends.HighWatermark, lastStable: ends.LastStable, logStart: ends.Start}
	for kind, value := range values {
		if value < 0 {
			continue
		}
		p.showEnd(endKind(kind), who, value, asked, p.ends[kind].before(asked), excused)
		p.ends[kind].add(mark{at, value, who})
	}
}

func (p *partition) showEnd(kind endKind, who string, value, asked int64, before mark, excused func(asked int64) bool) {
	if value < before.value && !excused(asked) {
		p.regressions.add(regression{kind, who, asked, value, before})
	}
}
