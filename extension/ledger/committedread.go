package ledger

import "fmt"

// CommittedRead is a complete fresh read with isolation level read_committed (KIP-98), after everything healed. It shows what of the log is
// committed: the final reads show all of it. Calls for one partition are made one after the other.
type CommittedRead struct {
	ledger *Ledger
	name   string
	number int
}

// NewCommittedRead adds a read of what is committed.
func (l *Ledger) NewCommittedRead(name string) *CommittedRead {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &CommittedRead{ledger: l, name: name, number: len(l.committedReads)}
	l.committedReads = append(l.committedReads, c)
	return c
}

// committedPart is what the reads of what is committed met in one partition.
type committedPart struct {
	shown  set           // offsets that hold a record of this run
	starts map[int]int64 // by read: the end that ListOffsets answered before
	ends   map[int]Ends  // by read
}

// Begin starts a partition.
func (c *CommittedRead) Begin(tp TopicPartition, start Ends) {
	p := c.ledger.partition(tp)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.committed.ends == nil {
		p.committed.ends, p.committed.starts = map[int]Ends{}, map[int]int64{}
	}
	p.committed.starts[c.number] = start.Listed
}

// End ends a partition.
func (c *CommittedRead) End(tp TopicPartition, end Ends) {
	p := c.ledger.partition(tp)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.committed.ends != nil {
		p.committed.ends[c.number] = end
	}
}

// CommittedLog is one partition of a read of what is committed.
type CommittedLog struct {
	read *CommittedRead
	part *partition
}

// Log finds a partition of the read.
func (c *CommittedRead) Log(tp TopicPartition) *CommittedLog {
	return &CommittedLog{read: c, part: c.ledger.partition(tp)}
}

// Read records one record. It keeps nothing of it.
func (c *CommittedLog) Read(record *Record) {
	l := c.read.ledger
	id := identify(l.run, record)
	producer := l.sender(&id)
	if producer != nil { // a corrupt one is visible, too: CORRUPT tells of it
		producer.mu.Lock()
		producer.visible.add(id.Serial.Sequence())
		producer.mu.Unlock()
	}
	earlier, differs := c.claim(&id, record)
	if differs {
		l.explain(earlier)
		l.explain(id.Serial)
	}
}

// claim says what stands at the record's offset.
func (c *CommittedLog) claim(id *Identity, record *Record) (earlier Serial, differs bool) {
	l, p := c.read.ledger, c.part
	p.mu.Lock()
	defer p.mu.Unlock()
	if id.Kind != Own {
		if p.concerns(id) {
			p.odd(oddity{record.Offset, *id, c.read.name, l.now()}, false)
		}
		return 0, false
	}
	p.committed.shown.add(uint64(record.Offset))
	return p.show(record.Offset, id.Serial, c.read.name, live, l.now)
}

// committedMisses says why a read of what is committed is not complete in this partition, or ""; the caller holds its lock.
func (p *partition) committedMisses(number int) string {
	c := &p.committed
	end, ok := c.ends[number]
	if !ok {
		return "was never read"
	}
	return end.misses(max(c.starts[number], p.highest+1))
}

// committedCompleteness doubts what the reads of what is committed did not cover, where the run had transactions.
func (j *judging) committedCompleteness() {
	j.ledger.mu.RLock()
	reads := j.ledger.committedReads
	j.ledger.mu.RUnlock()
	if !j.transactional() {
		return
	}
	if len(reads) == 0 {
		j.doubt(FinalReadsMissing, "a complete final read of what is committed is needed to judge transactions: there was none")
	}
	for _, c := range reads {
		gaps := j.gaps(func(v *partView) string {
			why := v.p.committedMisses(c.number)
			if why == "" {
				v.committedReads++
			}
			return why
		})
		if len(gaps) == 0 {
			j.committedReads++
			continue
		}
		j.doubt(FinalReadIncomplete, fmt.Sprintf("%s is incomplete: %s", c.name, j.list(gaps)))
	}
}
