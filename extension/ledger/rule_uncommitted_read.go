package ledger

// UNCOMMITTED_READ: who reads what is committed (isolation.level=read_committed, KIP-98) is given a record of a transaction that nobody had
// asked to commit by then; or, in a final read, one of a transaction that nobody ever ended. The question for the commit is noted before it
// is sent, and a read when it is back, so that no clock decides. A live read of a record whose transaction had been aborted by then counts
// if no final read shows it: it was shown too early, else ABORTED_READ tells of it.
func (j *judging) uncommittedRead() {
	for _, p := range j.producers {
		t := &p.txns
		told := t.stray.Clone()
		told.AndNot(t.visible)
		told.Or(t.early)
		left := t.visible.Clone()
		left.And(t.open)
		told.Or(left)
		each(told, func(sequence int64) bool {
			j.out.add(UncommittedRead, func() Finding { return j.shownTooEarly(p.serial(uint64(sequence))) })
			return true
		})
	}
}

// shownTooEarly says who was shown a record.
func (j *judging) shownTooEarly(s Serial) Finding {
	log := &j.ledger.shownEarly
	log.mu.Lock()
	defer log.mu.Unlock()
	for _, o := range log.kept.kept {
		if o.serial == s {
			f := j.record(Finding{Topic: o.tp.Topic, Partition: o.tp.Partition, Offset: o.offset}, s).seen(o.reader, o.at)
			f.Detail = "a reader of what is committed was given it, and its transaction had not been committed"
			return f
		}
	}
	f := j.record(Finding{Partition: -1, Offset: -1}, s)
	f.Detail = "a reader of what is committed was given it, and its transaction was never committed"
	return f
}
