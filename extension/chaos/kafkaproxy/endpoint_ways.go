package kafkaproxy

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ways says who is responsible for what. APIs that are not in it are not offered: brokers use them among themselves.
func ways() map[kmsg.Key]way {
	all := map[kmsg.Key]way{
		kmsg.Produce: produce, kmsg.Fetch: fetch,
		kmsg.ApiVersions: apiVersions, kmsg.SASLHandshake: saslHandshake, kmsg.SASLAuthenticate: saslAuthenticate,
		kmsg.CreateTopics: createTopics, kmsg.CreatePartitions: createPartitions,
		kmsg.WriteTxnMarkers: writeMarkers, kmsg.InitProducerID: initProducerID,
		kmsg.DescribeConfigs: configs, kmsg.AlterConfigs: configs, kmsg.IncrementalAlterConfigs: configs,
		kmsg.OffsetFetch: offsetFetch, kmsg.AddPartitionsToTxn: addPartitions,
	}
	for do, keys := range waysOfMany() {
		for _, key := range keys {
			all[key] = *do
		}
	}
	return all
}

func waysOfMany() map[*way][]kmsg.Key {
	anyone, controller, everyone, leaders := way(toAnyone), way(toController), way(toEveryone), way(toLeaders)
	group, slow, transaction, lists := way(toGroup), way(toGroupSlowly), way(toTransaction), way(toCoordinators)
	return map[*way][]kmsg.Key{
		&anyone: {
			kmsg.Metadata, kmsg.FindCoordinator, kmsg.DescribeCluster, kmsg.DescribeTopicPartitions, kmsg.DescribeACLs,
			kmsg.DescribeClientQuotas, kmsg.DescribeUserSCRAMCredentials, kmsg.DescribeDelegationToken, kmsg.DescribeQuorum,
			kmsg.ListPartitionReassignments, kmsg.ListConfigResources, kmsg.GetTelemetrySubscriptions, kmsg.PushTelemetry,
		},
		&controller: {
			kmsg.DeleteTopics, kmsg.CreateACLs, kmsg.DeleteACLs, kmsg.ElectLeaders, kmsg.AlterPartitionAssignments,
			kmsg.AlterClientQuotas, kmsg.AlterUserSCRAMCredentials, kmsg.UpdateFeatures, kmsg.UnregisterBroker,
			kmsg.CreateDelegationToken, kmsg.RenewDelegationToken, kmsg.ExpireDelegationToken, kmsg.AddRaftVoter, kmsg.RemoveRaftVoter,
		},
		&everyone: {kmsg.ListGroups, kmsg.ListTransactions, kmsg.DescribeLogDirs},
		&leaders:  {kmsg.ListOffsets, kmsg.DeleteRecords, kmsg.OffsetForLeaderEpoch, kmsg.DescribeProducers},
		&group: {
			kmsg.OffsetCommit, kmsg.Heartbeat, kmsg.LeaveGroup, kmsg.OffsetDelete, kmsg.TxnOffsetCommit, kmsg.ConsumerGroupHeartbeat,
			kmsg.StreamsGroupHeartbeat, kmsg.StreamsGroupTopologyDescriptionUpdate,
		},
		&slow:        {kmsg.JoinGroup, kmsg.SyncGroup},
		&transaction: {kmsg.AddOffsetsToTxn, kmsg.EndTxn},
		&lists: {
			kmsg.DescribeGroups, kmsg.DeleteGroups, kmsg.ConsumerGroupDescribe, kmsg.StreamsGroupDescribe, kmsg.DescribeTransactions,
		},
	}
}

// hand answers a client's call with the answer of a part that is all of it, byte for byte where it names no brokers.
func (r *endpointRouter) hand(c, p *call) {
	if !names(c.Key) {
		c.complete(p.response)
		return
	}
	request, err := c.request()
	if err != nil {
		c.fail(err)
		return
	}
	response, err := p.reply()
	if err != nil {
		c.fail(err)
		return
	}
	r.endpoint.learn(request, response)
	if !r.endpoint.show(response) {
		c.complete(p.response)
		return
	}
	c.respond(response)
}

// names tells the APIs whose answers are to be looked into.
func names(key kmsg.Key) bool {
	switch key {
	case kmsg.Metadata, kmsg.FindCoordinator, kmsg.DescribeCluster, kmsg.DescribeTopicPartitions, kmsg.CreateTopics, kmsg.DescribeQuorum:
		return true
	default:
		return false
	}
}

// toController sends what changes the cluster to the controller. What certainly did not reach it is sent again, once, to who is the
// controller by then.
func toController(ctx context.Context, r *endpointRouter, c *call) error {
	b := r.controller(ctx)
	if b == nil {
		r.refuse(c, kerr.NotController.Code)
		return nil
	}
	r.leg(b, mainLeg).send(c.part(func(p *call) { r.controlled(c, p, true) }))
	return nil
}

func (r *endpointRouter) controlled(c, p *call, again bool) {
	code := outage{kerr.NotController.Code, kerr.NetworkException.Code}
	switch {
	case p.err == nil:
		if response, err := p.reply(); err == nil && hasCodeIn(response, kerr.NotController.Code) {
			r.endpoint.topology.deniedController()
		}
		r.hand(c, p)
	case again && code.code(p.err) == code.unsent && r.later(func() {
		b := r.controller(r.ctx)
		if b == nil {
			r.refuse(c, code.unsent)
			return
		}
		r.leg(b, mainLeg).send(c.part(func(p *call) { r.controlled(c, p, false) }))
	}):
	default:
		r.refuse(c, code.code(p.err))
	}
}

// controller returns the broker that the cluster names as its controller, any one if it names none, and nil if
// nobody answers.
func (r *endpointRouter) controller(ctx context.Context) *backend {
	if !r.survey(ctx) {
		return nil
	}
	if b := r.endpoint.topology.leading(); b != nil {
		return b
	}
	if live := r.endpoint.topology.live(); len(live) > 0 {
		return live[0]
	}
	return nil
}
