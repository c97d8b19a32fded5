package embedded

// groupLies are about leader epochs, and about who reads what in a group.
func groupLies() []maker {
	return []maker{
		lie("double-owner", "GROUP_DOUBLE", "a member of a group is given a partition that another one has in the same generation",
			newDoubleOwner, "smoke_consumer_group"),
		lie("epoch-back", "EPOCH_REGRESS", "a batch is shown with a leader epoch that its partition has not come to", newEpochBack,
			"smoke_single", "smoke_concurrent", "smoke_multi_producer_single_consumer", "produce_consume"),
	}
}
