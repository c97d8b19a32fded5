package ledger

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// healing is what happened after the last disturbance had ended: a state for each partition, never for each record.
type healing struct {
	at    time.Time
	acked atomic.Int64 // records that were sent after it
	read  atomic.Int64 // records that live readers were given after it
	parts lockedMap[TopicPartition, *progress]
}

// progress is what became of the records of one partition whose send began after the heal. Partition −1 stands for records that came
// to their end before a partition was chosen for them.
type progress struct {
	mu sync.Mutex
	progressed
}

type progressed struct {
	acked   int64
	settled int64
	first   Serial    // the one whose send began first
	began   time.Time // when it did
	last    time.Time // when the last of them was settled
	errors  map[ErrorSeen]int64
}

func (p *progress) copy() progressed {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.progressed
	out.errors = maps.Clone(out.errors)
	return out
}

// Recovered tells whether that many partitions acked a record that was sent after the last heal, and a live reader got anything since.
// It is true where nothing was disturbed.
func (l *Ledger) Recovered(partitions int) bool {
	h := l.disturbances.healing.Load()
	if h == nil {
		return true
	}
	recovered := 0
	for tp, p := range h.parts.all() {
		if tp.Partition >= 0 && p.copy().acked > 0 {
			recovered++
		}
	}
	return recovered >= partitions && h.read.Load() > 0
}

// stuck gives the partitions that made no progress for so long, with what became of their records.
func (h *healing) stuck(after time.Duration) map[TopicPartition]progressed {
	out, topics := map[TopicPartition]progressed{}, map[string]bool{}
	for tp, p := range h.parts.all() {
		switch one := p.copy(); {
		case one.acked > 0:
			topics[tp.Topic] = true
		case one.last.Sub(one.began) >= after:
			out[tp] = one
		}
	}
	// Records that never got a partition say nothing about a topic that makes progress.
	maps.DeleteFunc(out, func(tp TopicPartition, _ progressed) bool { return tp.Partition < 0 && topics[tp.Topic] })
	return out
}

// settled notes an outcome, if it is of a send that began after the heal. class is what went wrong, if something did.
func (h *healing) settled(o *Outcome, class ErrorSeen) {
	if o.Began.IsZero() || o.Began.Before(h.at) {
		return
	}
	tp := o.TP
	tp.Partition = max(tp.Partition, -1)
	p := h.parts.get(tp, func() *progress { return &progress{} })
	p.mu.Lock()
	defer p.mu.Unlock()
	if o.Kind == Acked || o.Kind == Suspicious {
		h.acked.Add(1)
		p.acked++
	} else if p.acked == 0 {
		if p.errors == nil {
			p.errors = map[ErrorSeen]int64{}
		}
		p.errors[class]++
	}
	if p.settled == 0 || o.Began.Before(p.began) {
		p.first, p.began = o.Serial, o.Began
	}
	if o.At.After(p.last) {
		p.last = o.At
	}
	p.settled++
}

// Starved says that a reader got nothing of a partition for some time though acked records were there for it, for [Ledger.Starved].
type Starved struct {
	Reader, Topic string
	Partition     int32     // −1: of no partition
	Since, Until  time.Time // it got nothing between them
	Missing       int64     // acked records that it had not got
	Detail        string    // what else is known
}

// Starved records a reader that makes no progress. Only the time after the last heal counts for STUCK.
func (l *Ledger) Starved(s Starved) {
	l.starvation.mu.Lock()
	defer l.starvation.mu.Unlock()
	l.starvation.seen.add(s)
}

type starvation struct {
	mu   sync.Mutex
	seen bounded[Starved]
}
