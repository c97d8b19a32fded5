package kafkaproxy

import (
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// duty is why a call went to the broker that it went to.
type duty int8

const (
	coordinates duty = iota // a group or a transaction
	leads
	controls
	belongs  // to the cluster: every broker is asked
	welcomes // clients: it hears how they authenticate
)

// dutyOf says why a broker gets the requests of an API. What is not named is for coordinators.
func dutyOf(key kmsg.Key) duty {
	switch key {
	case kmsg.Produce, kmsg.Fetch, kmsg.ListOffsets, kmsg.DeleteRecords, kmsg.OffsetForLeaderEpoch, kmsg.DescribeProducers:
		return leads
	case kmsg.ListGroups, kmsg.ListTransactions, kmsg.DescribeLogDirs, kmsg.DescribeConfigs, kmsg.AlterConfigs,
		kmsg.IncrementalAlterConfigs, kmsg.WriteTxnMarkers:
		return belongs
	case kmsg.CreateTopics, kmsg.CreatePartitions, kmsg.DeleteTopics, kmsg.CreateACLs, kmsg.DeleteACLs, kmsg.ElectLeaders,
		kmsg.AlterPartitionAssignments, kmsg.AlterClientQuotas, kmsg.AlterUserSCRAMCredentials, kmsg.UpdateFeatures,
		kmsg.UnregisterBroker, kmsg.CreateDelegationToken, kmsg.RenewDelegationToken, kmsg.ExpireDelegationToken, kmsg.AddRaftVoter,
		kmsg.RemoveRaftVoter:
		return controls
	case kmsg.SASLHandshake, kmsg.SASLAuthenticate:
		return welcomes
	default:
		return coordinates
	}
}

// harmless tells the APIs that change nothing, so that their requests may be made again though they may have been answered.
func harmless(key kmsg.Key) bool {
	switch key {
	case kmsg.Fetch, kmsg.ListOffsets, kmsg.OffsetForLeaderEpoch, kmsg.DescribeProducers, kmsg.ListGroups, kmsg.ListTransactions,
		kmsg.DescribeLogDirs, kmsg.DescribeConfigs, kmsg.OffsetFetch, kmsg.DescribeGroups, kmsg.ConsumerGroupDescribe,
		kmsg.StreamsGroupDescribe, kmsg.DescribeTransactions, kmsg.Heartbeat, kmsg.SASLHandshake, kmsg.SASLAuthenticate:
		return true
	default:
		return false
	}
}

// syncPatience is how long the members of a group may let each other wait in SyncGroup, which does not say it: as
// max.poll.interval.ms has it by default.
const syncPatience = 5 * time.Minute

// patience is how late a call is answered on purpose.
func (c *call) patience() time.Duration {
	switch q := c.asks.(type) {
	case *kmsg.FetchRequest:
		return time.Duration(q.MaxWaitMillis) * time.Millisecond
	case *kmsg.JoinGroupRequest:
		return time.Duration(max(q.RebalanceTimeoutMillis, q.SessionTimeoutMillis)) * time.Millisecond
	case *kmsg.SyncGroupRequest:
		return syncPatience
	default:
		return 0
	}
}

// places are the partitions that a call is about, where it is about any.
func (c *call) places() []position {
	switch q := c.asks.(type) {
	case nil:
		return nil
	case *kmsg.ProduceRequest:
		return producePositions(q)
	default:
		if dutyOf(c.Key) != leads {
			return nil
		}
		return positions(q)
	}
}

// coordinated are the groups and transactions that a call is about, where it is about any.
func (c *call) coordinated() []coordinatorKey {
	if c.asks == nil || dutyOf(c.Key) != coordinates {
		return nil
	}
	if !severalIn(c.Key, c.Version) {
		key, err := coordinated(c.asks)
		if err != nil {
			return nil
		}
		return []coordinatorKey{key}
	}
	list, kind := coordinatedList(c.Key)
	var keys []coordinatorKey
	for _, key := range list.keys(c.asks) {
		keys = append(keys, coordinatorKey{kind, key})
	}
	return keys
}

// severalIn tells the requests that are about a list of groups or transactions.
func severalIn(key kmsg.Key, version int16) bool {
	switch key {
	case kmsg.OffsetFetch:
		return version >= 8
	case kmsg.AddPartitionsToTxn:
		return version >= 4
	case kmsg.DescribeGroups, kmsg.DeleteGroups, kmsg.ConsumerGroupDescribe, kmsg.StreamsGroupDescribe, kmsg.DescribeTransactions:
		return true
	default:
		return false
	}
}

// moved reports whether what a call asked of a broker is, by what is known, another one's by now.
func (e *endpoint) moved(b *backend, c *call) bool {
	t := e.topology
	switch dutyOf(c.Key) {
	case leads:
		for _, at := range c.places() {
			place, _ := t.leader(e.proxy.topics.name(at.topic, at.id), at.partition)
			if to := t.node(place.node); to != nil && to != b {
				return true
			}
		}
	case coordinates:
		for _, key := range c.coordinated() {
			if to := t.node(t.coordinator(key)); to != nil && to != b {
				return true
			}
		}
	case controls:
		to := t.leading()
		return to != nil && to != b
	case belongs:
		node := b.node.Load()
		return t.settled() && t.node(node) != b
	case welcomes:
	}
	return false
}
