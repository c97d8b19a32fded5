package embedded

// groupLies are about leader epochs, and about who reads what in a group.
func groupLies() []maker {
	return []maker{
		lie("double-owner", "GROUP_DOUBLE", "a member of a group is given a partition that another one has in the same generation",
			newDoubleOwner, "smoke_consumer_group", "consumer_groups"),
		lie("double-assignment", "GROUP_DOUBLE",
			"a member of a group that the coordinator runs is given a partition that another one has at the same epoch",
			newDoubleAssignment, "consumer_groups"),
		lie("skip-commits", "GROUP_SKIP", "a member of a group is told a committed offset that is ahead of what was committed",
			newSkipCommits, "smoke_consumer_group", "consumer_groups", deliverySemantics),
		lie("epoch-back", "EPOCH_REGRESS", "a batch is shown with a leader epoch that its partition has not come to", newEpochBack,
			"smoke_single", "smoke_concurrent", "smoke_multi_producer_single_consumer", "produce_consume"),
	}
}
