package ledger

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
}

// NewFinalRead adds a final read. Losses are judged only if there are two complete ones.
func (l *Ledger) NewFinalRead(name string) *FinalRead {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := &FinalRead{ledger: l, name: name, number: len(l.finals)}
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
}

// End ends a partition. Listed is the answer of ListOffsets after the last fetch, −1 if it was not asked again.
func (f *FinalRead) End(tp TopicPartition, end Ends) {
	p := f.ledger.partition(tp)
	p.mu.Lock()
	defer p.mu.Unlock()
	part := p.final(f)
	part.ended, part.end = true, end
}

// Read records one record of the partition.
func (f *FinalRead) Read(tp TopicPartition, record Record) {
	l := f.ledger
	id := identify(l.run, &record)
	producer := l.sender(&id)
	p := l.partition(tp)
	switch {
	case id.Kind == Own:
		f.own(p, producer, id.Serial, &record)
	case p.concerns(&id):
		if producer != nil {
			producer.mu.Lock()
			producer.garbled.add(id.Serial.Sequence())
			producer.mu.Unlock()
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.odd(oddity{record.Offset, id, f.name, l.now()}, true)
		part := p.final(f)
		part.returned.add(uint64(record.Offset))
		part.odd.add(record.Offset, contentHash(&record))
	default:
		p.mu.Lock()
		defer p.mu.Unlock()
		p.final(f).returned.add(uint64(record.Offset))
	}
}

// own records a record of this run that is as it was sent.
func (f *FinalRead) own(p *partition, producer *Producer, s Serial, record *Record) {
	l := f.ledger
	want := int32(-1)
	if count := p.topic.partitions.Load(); count > 0 && producer.options.Keyed && record.Key != nil {
		want = partitionOf(record.Key, count)
	}
	p.mu.Lock()
	part := p.final(f)
	fresh := part.returned.add(uint64(record.Offset))
	if fresh {
		part.shown.add(uint64(record.Offset))
	}
	earlier, differs := p.show(record.Offset, s, f.name, l.now)
	p.keyed = p.keyed || producer.options.Keyed && record.Key != nil
	if want >= 0 && want != p.tp.Partition && p.misplacedAt.add(uint64(record.Offset)) {
		p.misplaced.add(placed{record.Offset, want})
	}
	p.mu.Unlock()

	producer.mu.Lock()
	if fresh && !at(&producer.found, f.number).add(s.Sequence()) {
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
