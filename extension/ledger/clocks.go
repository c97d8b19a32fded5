package ledger

// NeedsOneClock gives the rules that compare times. Of several instances of a run each judges them for itself: on different machines
// nobody can say what came first.
func NeedsOneClock() []Code {
	return []Code{
		Rewrite, RealtimeOrder, KeyReorder, StaleEnd, EndRegress, GroupRegress, GroupDouble, AckWithoutBytes, AckInOutage, ErrorsSeen,
		MetadataLie, Stuck, SlowRecovery, OffsetReset,
	}
}
