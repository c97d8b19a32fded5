package embedded

import (
	"context"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// kfake has more nodes than there are brokers, and chooses coordinators and the controller among all of them. So what is for a
// coordinator goes to kfake's, if the broker that was asked is ours, and else to another node of kfake, which refuses it as a broker
// does that does not coordinate. Requests about partitions go to the node with the broker's number: leaders are set there.

// controllerNode is kfake's controller: the last of its nodes. No broker has its number.
const controllerNode = maxBrokers

// route has the right node of kfake serve the request.
func (l *life) route(ctx context.Context, x *exchange) error {
	switch x.Key {
	case kmsg.CreateTopics, kmsg.DeleteTopics, kmsg.CreatePartitions, kmsg.AlterUserSCRAMCredentials:
		if l.members.controller() == x.conn.node {
			return x.send(ctx, controllerNode)
		}
		return x.send(ctx, x.conn.node)
	}
	request := coordinated(x.Key)
	if request == nil {
		return x.send(ctx, x.conn.node)
	}
	if err := x.Decode(request); err != nil {
		return err
	}
	if key, one := soleKey(request); one {
		return x.send(ctx, l.coordinates(x.conn.node, key))
	}
	return l.routeParts(ctx, x, request)
}

// coordinates returns the node of kfake that serves what the broker is asked about a group or a transactional id: if the broker
// coordinates it kfake's coordinator, else another one.
func (l *life) coordinates(broker int32, key string) int32 {
	node := l.coordinators.of(l, key)
	if c := l.members.coordinator(key); c != nil && c.node == broker {
		return node
	}
	return (node + 1) % (maxBrokers + 1)
}

// coordinators remembers kfake's coordinators, which stay while its nodes do.
type coordinators struct{ nodes sync.Map }

func (c *coordinators) of(l *life, key string) int32 {
	if node, ok := c.nodes.Load(key); ok {
		return node.(int32)
	}
	node := l.kfake.CoordinatorFor(key)
	c.nodes.Store(key, node)
	return node
}

// coordinated returns an empty request of an API that is for coordinators, nil for all others.
func coordinated(key kmsg.Key) kmsg.Request {
	switch key {
	case kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat, kmsg.LeaveGroup, kmsg.OffsetCommit, kmsg.OffsetFetch, kmsg.OffsetDelete,
		kmsg.DescribeGroups, kmsg.DeleteGroups, kmsg.ConsumerGroupHeartbeat, kmsg.ConsumerGroupDescribe,
		kmsg.ShareGroupHeartbeat, kmsg.ShareGroupDescribe, kmsg.DescribeShareGroupOffsets, kmsg.AlterShareGroupOffsets,
		kmsg.DeleteShareGroupOffsets, kmsg.InitProducerID, kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn, kmsg.EndTxn,
		kmsg.TxnOffsetCommit, kmsg.DescribeTransactions:
		return key.Request()
	default:
		return nil
	}
}

// soleKey returns the one group or transactional id that the request is about; one is false where it is about several, or none.
func soleKey(request kmsg.Request) (key string, one bool) {
	switch r := request.(type) {
	case *kmsg.JoinGroupRequest:
		return r.Group, true
	case *kmsg.SyncGroupRequest:
		return r.Group, true
	case *kmsg.HeartbeatRequest:
		return r.Group, true
	case *kmsg.LeaveGroupRequest:
		return r.Group, true
	case *kmsg.OffsetCommitRequest:
		return r.Group, true
	case *kmsg.OffsetDeleteRequest:
		return r.Group, true
	case *kmsg.TxnOffsetCommitRequest:
		return r.Group, true
	case *kmsg.ConsumerGroupHeartbeatRequest:
		return r.Group, true
	case *kmsg.ShareGroupHeartbeatRequest:
		return r.GroupID, true
	case *kmsg.AlterShareGroupOffsetsRequest:
		return r.GroupID, true
	case *kmsg.DeleteShareGroupOffsetsRequest:
		return r.GroupID, true
	case *kmsg.AddPartitionsToTxnRequest:
		return r.TransactionalID, r.Version < 4 // later ones are for brokers
	case *kmsg.AddOffsetsToTxnRequest:
		return r.TransactionalID, true
	case *kmsg.EndTxnRequest:
		return r.TransactionalID, true
	case *kmsg.InitProducerIDRequest:
		if r.TransactionalID != nil {
			return *r.TransactionalID, true
		}
	case *kmsg.OffsetFetchRequest:
		if r.Version < 8 {
			return r.Group, true
		}
	}
	return "", false
}
