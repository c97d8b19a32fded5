package embedded

import "math"

// window is what is known of one idempotent producer in one partition: its last five batches, as in Apache Kafka and in kfake.
// It is a value: admitting a batch works on a copy until the batch is durable.
type window struct {
	epoch   int16
	next    int32 // the sequence number that the next batch begins with
	entries [5]windowEntry
	at      uint8 // where the next entry goes
	count   uint8
}

type windowEntry struct {
	first, next int32
	base        int64
}

// afterSequence is the sequence number that follows a batch; like kfake's it never reaches the greatest int32.
func afterSequence(first, span int32) int32 {
	return int32((int64(first) + int64(span)) % math.MaxInt32)
}

// duplicate returns where the batch stands already.
func (w *window) duplicate(b batch) (base int64, found bool) {
	if w == nil || w.epoch != b.ProducerEpoch() {
		return 0, false
	}
	first, next := b.BaseSequence(), afterSequence(b.BaseSequence(), b.Span())
	for _, e := range w.entries[:w.count] {
		if e.first == first && e.next == next {
			return e.base, true
		}
	}
	return 0, false
}

// accepts reports whether the batch follows the ones before it. A nil window knows nothing of the producer.
func (w *window) accepts(b batch, logIsEmpty bool) bool {
	switch {
	case w == nil:
		return b.BaseSequence() == 0 || !logIsEmpty // KAFKA-15591
	case w.epoch != b.ProducerEpoch():
		return b.BaseSequence() == 0
	default:
		return w.next == b.BaseSequence()
	}
}

// with returns the window after the batch was stored at base.
func (w *window) with(b batch, base int64) window {
	entry := windowEntry{first: b.BaseSequence(), next: afterSequence(b.BaseSequence(), b.Span()), base: base}
	if w == nil || w.epoch != b.ProducerEpoch() {
		return window{epoch: b.ProducerEpoch(), next: entry.next, entries: [5]windowEntry{entry}, at: 1, count: 1}
	}
	after := *w
	after.next = entry.next
	after.entries[after.at] = entry
	after.at = (after.at + 1) % uint8(len(after.entries))
	after.count = min(after.count+1, uint8(len(after.entries)))
	return after
}
