package kafkaproxy

import "sync"

// ends are the ends of partitions, as the answers to producers tell of them while records are being dropped.
type ends struct {
	mu   sync.Mutex
	next map[TopicPartition]int64
}

// known reports whether the end of a partition is known, and what it is.
func (e *ends) known(at TopicPartition) (int64, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	next, ok := e.next[at]
	return next, ok
}

// saw notes that a partition has an end; it never goes back.
func (e *ends) saw(at TopicPartition, next int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.next == nil {
		e.next = map[TopicPartition]int64{}
	}
	if have, ok := e.next[at]; !ok || next > have {
		e.next[at] = next
	}
}

// pretend returns where records would have been appended, and has what follows go on behind them.
func (e *ends) pretend(at TopicPartition, count, otherwise int64) int64 {
	e.saw(at, otherwise)
	e.mu.Lock()
	defer e.mu.Unlock()
	base := e.next[at]
	e.next[at] = base + count
	return base
}

// forget lets go of everything: without a fault that drops records, nobody keeps it up to date.
func (e *ends) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.next = nil
}
