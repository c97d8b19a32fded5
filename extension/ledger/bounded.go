package ledger

// keptEvidence bounds each list of evidence in memory; counts stay exact.
const keptEvidence = 256

// keptClashes bounds the acks of one offset in memory: unlike other evidence they are needed one by one, for of two records acked at
// one offset one may be lost.
const keptClashes = 1 << 16

// bounded keeps the first items and counts all.
type bounded[T any] struct {
	kept  []T
	total int64
}

func (b *bounded[T]) add(item T) { b.addUpTo(keptEvidence, item) }

// take adds the items of another list.
func (b *bounded[T]) take(other *bounded[T], most int) {
	b.kept = append(b.kept, other.kept[:min(len(other.kept), max(most-len(b.kept), 0))]...)
	b.total += other.total
}

func (b *bounded[T]) addUpTo(most int, item T) {
	if b.total++; len(b.kept) < most {
		b.kept = append(b.kept, item)
	}
}
