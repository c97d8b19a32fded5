package ledger

import "fmt"

// Ends is what is known about the ends of a log; −1 where something is not known.
type Ends struct {
	LogStart      int64 // log start offset
	Listed        int64 // end that ListOffsets answers
	HighWatermark int64 // greatest of the Fetch responses
	Reached       int64 // offset that the read would fetch next
	EmptyAtEnd    bool  // a fetch at Reached came back empty, after all three known ends had been waited for
}

// FinalRead is one complete fresh read, by new clients, after everything healed. Calls for one partition are made one after the
// other; different partitions may be read in parallel.
type FinalRead struct {
	ledger *Ledger
	name   string
	number int
	asked  int64 // whatever it asks, it asks later
}

// finalPart is what one final read met in one partition.
type finalPart struct {
	name       string
	begun      bool
	ended      bool
	start, end Ends
	before     int // position in the ack times at Begin
	shown      set // offsets that hold a record of this run
	returned   set // all offsets at which there was something
	odd        oddContents
	epoch      epochMark

	order sentOrder `graph:"-"` // while it reads
	keys  *keyOrder `graph:"-"` // nil where there is nothing to look at
}

// NewFinalRead adds a final read. Losses are judged only if there are two complete ones.
func (l *Ledger) NewFinalRead(name string) *FinalRead {
	asked := l.since(l.now())
	l.mu.Lock()
	defer l.mu.Unlock()
	f := &FinalRead{ledger: l, name: name, number: len(l.finals), asked: asked}
	l.finals = append(l.finals, f)
	return f
}

// Begin starts a partition. Listed is the answer of ListOffsets before the first fetch, once traffic has stopped.
func (f *FinalRead) Begin(tp TopicPartition, start Ends) {
	p := f.ledger.partition(tp)
	p.mu.Lock()
	defer p.mu.Unlock()
	part := p.final(f)
	part.begun, part.start, part.before = true, start, p.acks.cut()
	part.order, part.keys = nil, newKeyOrder(p)
	f.saw(p, start)
}

// End ends a partition. Listed is the answer of ListOffsets after the last fetch, −1 if it was not asked again.
func (f *FinalRead) End(tp TopicPartition, end Ends) {
	p := f.ledger.partition(tp)
	p.mu.Lock()
	defer p.mu.Unlock()
	part := p.final(f)
	part.ended, part.end = true, end
	part.order, part.keys = nil, nil
	f.saw(p, end)
}

// saw compares ends with those that were shown before the read; the caller holds the partition's lock. High watermarks are compared with
// what was found, by STALE_END.
func (f *FinalRead) saw(p *partition, ends Ends) {
	p.showEnds(fmt.Sprintf("final read %q", f.name), LogEnds{Start: ends.LogStart, LastStable: -1, HighWatermark: ends.Listed},
		f.asked, f.ledger.since(f.ledger.now()), never)
}

// Read records one record of a partition.
func (f *FinalRead) Read(tp TopicPartition, record Record) { f.Log(tp).Read(&record) }

// FinalLog is one partition of a final read, for reading many records of it.
type FinalLog struct {
	read *FinalRead
	part *partition
	met  *finalPart
}

// Log finds a partition of the read.
func (f *FinalRead) Log(tp TopicPartition) *FinalLog {
	p := f.ledger.partition(tp)
	p.mu.Lock()
	defer p.mu.Unlock()
	return &FinalLog{read: f, part: p, met: p.final(f)}
}

// Read records one record. It keeps nothing of it.
func (f *FinalLog) Read(record *Record) {
	l := f.read.ledger
	id := identify(l.run, record)
	producer := l.sender(&id)
	if id.Kind == Own {
		f.own(producer, id.Serial, record)
		return
	}
	concerns := f.part.concerns(&id)
	if concerns && producer != nil {
		producer.mu.Lock()
		producer.garbled.add(id.Serial.Sequence())
		producer.mu.Unlock()
	}
	f.part.mu.Lock()
	defer f.part.mu.Unlock()
	f.met.followEpoch(f.part, record.Offset, record.LeaderEpoch)
	f.met.returned.add(uint64(record.Offset))
	if concerns {
		f.part.odd(oddity{record.Offset, id, f.read.name, l.now()}, true)
		f.met.odd.add(record.Offset, contentHash(record))
	}
}

// own records a record of this run that is as it was sent.
func (f *FinalLog) own(producer *Producer, s Serial, record *Record) {
	l, p := f.read.ledger, f.part
	keyed, want := producer.options.Keyed && record.Key != nil, int32(-1)
	if count := p.topic.partitions.Load(); count > 0 && keyed {
		want = partitionOf(record.Key, count)
	}
	p.mu.Lock()
	f.met.followEpoch(p, record.Offset, record.LeaderEpoch)
	fresh := f.met.returned.add(uint64(record.Offset))
	if fresh {
		f.met.shown.add(uint64(record.Offset))
	}
	earlier, differs := p.show(record.Offset, s, f.read.name, f.read.number, l.now)
	p.keyed = p.keyed || keyed
	if producer.options.Ordered && !f.met.order.follows(s) {
		f.met.order.misplaced(p, s)
	}
	if f.met.keys != nil {
		f.met.keys.next(p, record, s)
	}
	if want >= 0 && want != p.tp.Partition && p.misplacedAt.add(uint64(record.Offset)) {
		p.misplaced.add(placed{record.Offset, want})
	}
	p.mu.Unlock()

	producer.mu.Lock()
	if fresh && !at(&producer.found, f.read.number).add(s.Sequence()) {
		producer.duplicated.add(s.Sequence())
	}
	producer.mu.Unlock()
	if differs {
		l.explain(earlier)
		l.explain(s)
	}
}

// placed is a keyed record that is not in the partition that its key wants.
type placed struct {
	offset int64
	want   int32
}

// final returns what the read met in this partition so far.
func (p *partition) final(f *FinalRead) *finalPart {
	for len(p.finals) <= f.number {
		p.finals = append(p.finals, nil)
	}
	if p.finals[f.number] == nil {
		p.finals[f.number] = &finalPart{name: f.name}
	}
	return p.finals[f.number]
}
