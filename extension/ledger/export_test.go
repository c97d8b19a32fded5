package ledger

// Skip counts n records as sent without making them: benchmarks track more than they could make.
func (p *Producer) Skip(n uint64) { p.next.Add(n) }

// ReadSerial is Read for a record whose identity is known already.
func (f *FinalRead) ReadSerial(tp TopicPartition, offset int64, s Serial) {
	f.Log(tp).own(f.ledger.producer(s), s, &Record{Offset: offset})
}
