package ledger

import (
	"cmp"
	"time"
)

// OutcomeKind is what became of a send.
type OutcomeKind uint8

// The kinds of outcome (§5 of the design). Nothing is guessed: what may or may not have been written is Unknown.
const (
	Acked      OutcomeKind = iota // no error, and an offset
	Suspicious                    // no error, but offset −1
	Failed                        // an error that proves that nothing was written
	Unknown                       // any other error
)

// Outcome of one send, for [Ledger.Settle].
type Outcome struct {
	Serial Serial
	// Kind; Acked with a negative Offset is taken as Suspicious.
	Kind   OutcomeKind
	TP     TopicPartition
	Offset int64
	// Began is when the send began: when the record was handed to the client. If zero, it is not known: the record takes no part in
	// STUCK then, and of a disturbance only the time of its error can excuse it.
	Began time.Time
	// At is when the client learnt it; now, if zero.
	At time.Time
	// Error is the Kafka error name, say REQUEST_TIMED_OUT; for Failed and Unknown.
	Error string
	// Abandoned says of Unknown that the client was told to give up, by the end of the script or of the run: that says nothing
	// about the target.
	Abandoned bool
	// Retried says that the client sent the record more than once, which excuses an ack without offset.
	Retried bool
}

// Settle records the outcome of a send. A record that is never settled counts as unknown. To settle a record twice, or one that
// was never made, casts doubt on the run: [Ledger.Judge] says so.
func (l *Ledger) Settle(o Outcome) {
	p := l.producer(o.Serial)
	if p == nil {
		l.misuse.settledUnsent.Add(1)
		return
	}
	if o.Kind == Acked && o.Offset < 0 {
		o.Kind = Suspicious
	}
	if !p.settle(&o) {
		l.misuse.settledTwice.Add(1)
		return
	}
	if o.At.IsZero() {
		o.At = l.now()
	}
	o.Began, o.At = l.steady(o.Began), l.steady(o.At)
	var class ErrorSeen
	switch o.Kind {
	case Acked:
		if earlier, clash := l.acked(&o); clash {
			l.clashed(o.Serial)
			l.clashed(earlier)
		}
	case Suspicious:
		l.partition(o.TP).suspect(o.Serial)
	default:
		class = ErrorSeen{Kind: o.Kind, Name: cmp.Or(o.Error, unnamed), Abandoned: o.Abandoned}
		class.Excused = !o.Abandoned && l.disturbances.excuses(class.Name, o.Began, o.At)
		l.errors.add(class, errorTally{first: o.Serial, sent: true, at: o.At})
	}
	l.disturbances.settled(&o, class)
	l.recoveries.settled(&o, class)
}

// acked claims the offset that an ack names. If another record was acked there before, it is returned.
func (l *Ledger) acked(o *Outcome) (earlier Serial, clash bool) {
	p := l.partition(o.TP)
	outageFrom, inOutage := l.outages.around(o.Began, o.At)
	p.mu.Lock()
	defer p.mu.Unlock()
	if inOutage && p.inOutage.add(uint64(o.Offset)) {
		p.outageAcks.add(ackInOutage{o.Offset, o.Serial, o.Began, o.At, outageFrom})
	}
	if o.Offset > p.highest {
		p.reached.add(mark{at: l.since(o.At), value: o.Offset})
	} else if !o.Began.IsZero() {
		p.overtook(o, l.since(o.Began))
	}
	return p.ack(o.Offset, o.Serial, o.At)
}

// settle notes the outcome with the producer, unless there is one already.
func (p *Producer) settle(o *Outcome) bool {
	sequence := o.Serial.Sequence()
	p.mu.Lock()
	defer p.mu.Unlock()
	sets := [...]*set{Acked: &p.acked, Suspicious: &p.suspicious, Failed: &p.failed, Unknown: &p.unknown}
	for kind, s := range sets {
		if OutcomeKind(kind) != o.Kind && s.contains(sequence) {
			return false
		}
	}
	if !sets[o.Kind].add(sequence) {
		return false
	}
	if o.Kind == Suspicious && !o.Retried {
		p.bare.add(sequence)
	}
	return true
}

// clashed marks a record that shares the offset of its ack with another.
func (l *Ledger) clashed(s Serial) {
	if p := l.producer(s); p != nil {
		p.mu.Lock()
		p.clashed.add(s.Sequence())
		p.mu.Unlock()
	}
}

// explain marks a record whose place is told by INCONSISTENT_OFFSET already.
func (l *Ledger) explain(s Serial) {
	if p := l.producer(s); p != nil {
		p.mu.Lock()
		p.explained.add(s.Sequence())
		p.mu.Unlock()
	}
}
