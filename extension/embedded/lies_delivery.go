package embedded

const deliverySemantics = "delivery_semantics"

// deliveryLies show where members crash, groups have no offset, and producers send again what was written.
func deliveryLies() []maker {
	return []maker{
		lie("lose-commit", "GROUP_REGRESS", "a group keeps the first offset that it commits in a partition, and later ones are answered only",
			newLoseCommit, deliverySemantics),
		lie("old-latest", "OFFSET_RESET", "a group without an offset that asks for the end of a log is sent some records back",
			newOldLatest, deliverySemantics),
		lie("late-earliest", "OFFSET_RESET", "a group without an offset that asks for the beginning of a log is sent some records too far",
			newLateEarliest, deliverySemantics),
		lie("invent-commit", "OFFSET_RESET", "a group that has committed nothing is told that it has committed offset 0",
			newInventCommit, deliverySemantics),
		lie("forget-sequences", "DUPLICATE", "what an idempotent producer sends again, for it got no answer, is stored again",
			newForgetSequences, deliverySemantics),
	}
}
