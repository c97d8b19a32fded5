package ledger

// keptEvidence bounds each list of evidence in memory; counts stay exact.
const keptEvidence = 256

// bounded keeps the first items and counts all.
type bounded[T any] struct {
	kept  []T
	total int64
}

func (b *bounded[T]) add(item T) {
	if b.total++; len(b.kept) < keptEvidence {
		b.kept = append(b.kept, item)
	}
}
