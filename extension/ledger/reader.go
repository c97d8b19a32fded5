package ledger

import (
	"maps"
	"math"
	"slices"
	"sync"
	"time"
)

// ReaderOptions of [Ledger.NewReader].
type ReaderOptions struct {
	// Name is for evidence.
	Name string
	// Group is the consumer group. A reader without one counts as a group of its own, named like the reader.
	Group string
	// Committed says that it reads what is committed only (isolation.level=read_committed).
	Committed bool
}

// Reader tracks what one live consumer reads.
type Reader struct {
	ledger *Ledger
	name   string
	group  int

	committed bool

	mu    sync.Mutex
	parts map[TopicPartition]*following
}

// following is how a reader goes through one partition, over all its sessions.
type following struct {
	part    *partition
	open    bool
	last    int64 // offset of the last record of the session, or the one before its start; −1 not known
	known   bool  // last is known
	highest int64 // greatest offset of the session: what lies below was passed already
	lowest  int64 // of all sessions
	passed  frontier

	jumped set // offsets that were jumped over: skipped, if a record is there
	jumps  bounded[jump]
	backs  bounded[jump]
}

// jump is a step of a reader that is not to the next offset.
type jump struct {
	from, to int64 // offsets of the records before and after
	at       time.Time
}

// NewReader adds a live reader.
func (l *Ledger) NewReader(o ReaderOptions) *Reader {
	group := o.Group
	if group == "" {
		group = o.Name
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	number, ok := l.groups[group]
	if !ok {
		number = len(l.groups)
		l.groups[group] = number
	}
	if o.Group != "" {
		l.named[o.Group] = true
	}
	if o.Committed {
		l.committedGroups[number] = true
	}
	r := &Reader{ledger: l, name: o.Name, group: number, committed: o.Committed, parts: make(map[TopicPartition]*following)}
	l.readers = append(l.readers, r)
	return r
}

// Assign opens a session: after the start, a seek or a rebalance. from is the offset of the first record to expect, −1 if not known.
func (r *Reader) Assign(tp TopicPartition, from int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.following(tp)
	f.open, f.known, f.last, f.highest = true, from >= 0, from-1, from-1
}

// Revoke closes the session. A record read after it opens a new one, from an offset not known.
func (r *Reader) Revoke(tp TopicPartition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.following(tp).open = false
}

// Read records what the reader was given, in the order in which it was. It tells whether the group had been given that record before.
func (r *Reader) Read(tp TopicPartition, record Record) (again bool) {
	l := r.ledger
	id := identify(l.run, &record)
	part := r.step(tp, record.Offset)
	producer := l.sender(&id)
	if id.Kind == Own {
		producer.mu.Lock()
		again = !at(&producer.seen, r.group).add(id.Serial.Sequence())
		early := r.committed && producer.shownCommitted(id.Serial.Sequence())
		producer.mu.Unlock()
		if early {
			l.shownEarly.add(oddRead{tp, record.Offset, id.Serial, r.name, l.now()})
		}
		if h := l.disturbances.healing.Load(); h != nil {
			h.read.Add(1)
		}
		part.mu.Lock()
		earlier, differs := part.show(record.Offset, id.Serial, r.name, live, l.now)
		part.mu.Unlock()
		if differs {
			l.explain(earlier)
			l.explain(id.Serial)
		}
		return again
	}
	if part.concerns(&id) {
		part.mu.Lock()
		part.odd(oddity{record.Offset, id, r.name, l.now()}, false)
		part.mu.Unlock()
	}
	return false
}

// step follows the reader to an offset.
func (r *Reader) step(tp TopicPartition, offset int64) *partition {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.following(tp)
	switch {
	case !f.open:
		f.open = true
		f.highest = offset
	case !f.known:
		f.highest = offset
	case offset <= f.last:
		f.backs.add(jump{f.last, offset, r.ledger.now()})
	case offset > f.highest+1:
		f.jumped.addRange(uint64(f.highest+1), uint64(offset))
		f.jumps.add(jump{f.highest, offset, r.ledger.now()})
	}
	f.known, f.last, f.highest = true, offset, max(f.highest, offset)
	if f.lowest = min(f.lowest, offset); offset > f.passed.latest().value {
		f.passed.add(mark{at: r.ledger.since(r.ledger.now()), value: offset})
	}
	return f.part
}

func (r *Reader) following(tp TopicPartition) *following {
	f, ok := r.parts[tp]
	if !ok {
		f = &following{part: r.ledger.partition(tp), lowest: math.MaxInt64}
		r.parts[tp] = f
	}
	return f
}

// sender returns the producer of an own record. One that was never sent becomes Unsent: it is a phantom.
func (l *Ledger) sender(id *Identity) *Producer {
	if !id.Known {
		return nil
	}
	p := l.producer(id.Serial)
	switch {
	case p != nil:
	case id.Kind == Own:
		id.Kind = Unsent
	default:
		id.Known = false
	}
	return p
}

// concerns tells whether a record that is not as sent is this run's business: in an owned topic all are, elsewhere those that bear
// this run's identity.
func (p *partition) concerns(id *Identity) bool { return id.Known || p.topic.owned.Load() }

// Missing returns how many acked records the group has not seen.
func (l *Ledger) Missing(group string) int64 {
	l.mu.RLock()
	number, ok := l.groups[group]
	committed := ok && l.committedGroups[number]
	l.mu.RUnlock()
	missing := int64(0)
	for _, p := range l.producers.Load().all {
		if p.sibling {
			continue
		}
		p.mu.Lock()
		acked := p.acked.copy()
		acked.Or(p.suspicious.bitmap())
		if ok {
			acked.AndNot(at(&p.seen, number).bitmap())
		}
		if committed {
			acked.AndNot(p.uncommitted())
		}
		p.mu.Unlock()
		missing += int64(acked.GetCardinality())
	}
	return missing
}

// namedGroups gives the consumer groups, without the readers that have none.
func (l *Ledger) namedGroups() []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.Sorted(maps.Keys(l.named))
}
