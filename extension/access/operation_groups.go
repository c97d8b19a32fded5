package access

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func onGroups() []operation {
	const read, describe, remove = kmsg.ACLOperationRead, kmsg.ACLOperationDescribe, kmsg.ACLOperationDelete
	return []operation{
		{
			name: "find a group's coordinator", aspect: reading, needs: does(onGroup(describe)),
			ask: func(d *domain) kmsg.Request { return askCoordinator(d.group(), groupKey) },
		},
		{
			name: "describe group", aspect: reading, needs: does(onGroup(describe)), where: atGroup,
			ask: func(d *domain) kmsg.Request {
				r := kmsg.NewPtrDescribeGroupsRequest()
				r.Groups = []string{d.group()}
				return r
			},
		},
		{
			name: "list groups", aspect: existing, needs: does(onGroup(describe)), where: atGroup, lists: true,
			ask: func(*domain) kmsg.Request { return kmsg.NewPtrListGroupsRequest() },
			shows: func(d *domain, r kmsg.Response) bool {
				return slices.ContainsFunc(r.(*kmsg.ListGroupsResponse).Groups, func(g kmsg.ListGroupsResponseGroup) bool {
					return g.Group == d.group()
				})
			},
		},
		{
			name: "fetch committed offsets", aspect: reading, needs: does(onGroup(describe), onTopic(describe)), where: atGroup,
			ask: askCommitted, shows: showsCommitted,
		},
		{
			name: "join group", aspect: writing, needs: does(onGroup(read)), where: atJoined, ask: askJoin,
			passes: []*kerr.Error{kerr.MemberIDRequired},
		},
		{
			name: "commit offsets", aspect: writing, needs: does(onGroup(read), onTopic(read)), where: atGroup, ask: askCommit,
			effect: committed, done: func(d *domain, _ kmsg.Response) { d.committed++ },
		},
		{
			name: "delete committed offsets", aspect: writing, needs: does(onGroup(remove), onTopic(read)), where: atGroup,
			ask: askForget, effect: forgotten,
		},
		{
			name: "delete group", aspect: writing, needs: does(onGroup(remove)), where: atGone,
			ask: func(d *domain) kmsg.Request {
				r := kmsg.NewPtrDeleteGroupsRequest()
				r.Groups = []string{d.gone()}
				return r
			},
			effect: func(ctx context.Context, w *world, d *domain) (string, error) {
				offset, err := w.committed(ctx, d.gone(), d.topic())
				return said(offset < 0, "the group has no committed offset any more"), err
			},
		},
	}
}

// Kinds of keys that have coordinators.
const (
	groupKey       = 0
	transactionKey = 1
)

func askCoordinator(key string, kind int8) kmsg.Request {
	r := kmsg.NewPtrFindCoordinatorRequest()
	r.CoordinatorKey, r.CoordinatorType = key, kind
	return r
}

func askCommitted(d *domain) kmsg.Request {
	r := kmsg.NewPtrOffsetFetchRequest()
	t := kmsg.NewOffsetFetchRequestTopic()
	t.Topic, t.Partitions = d.topic(), []int32{0}
	r.Group, r.Topics = d.group(), append(r.Topics, t)
	return r
}

func showsCommitted(_ *domain, r kmsg.Response) bool {
	for _, t := range r.(*kmsg.OffsetFetchResponse).Topics {
		for _, p := range t.Partitions {
			if p.Offset >= 0 {
				return true
			}
		}
	}
	return false
}

const sessionMs = 10_000

func askJoin(d *domain) kmsg.Request {
	r := kmsg.NewPtrJoinGroupRequest()
	p := kmsg.NewJoinGroupRequestProtocol()
	p.Name = "range"
	r.Group, r.SessionTimeoutMillis, r.RebalanceTimeoutMillis, r.ProtocolType = d.joined(), sessionMs, sessionMs, "consumer"
	r.Protocols = append(r.Protocols, p)
	return r
}

func askCommit(d *domain) kmsg.Request {
	r := kmsg.NewPtrOffsetCommitRequest()
	t, p := kmsg.NewOffsetCommitRequestTopic(), kmsg.NewOffsetCommitRequestTopicPartition()
	p.Offset = d.committed + 1
	t.Topic, t.Partitions = d.topic(), append(t.Partitions, p)
	r.Group, r.Generation, r.Topics = d.group(), -1, append(r.Topics, t)
	return r
}

func committed(ctx context.Context, w *world, d *domain) (string, error) {
	offset, err := w.committed(ctx, d.group(), d.topic())
	if err != nil || offset == d.committed {
		return "", err
	}
	was := d.committed
	d.committed = offset
	return fmt.Sprintf("offset %d was committed, and now it is %d", was, offset), nil
}

func askForget(d *domain) kmsg.Request {
	r := kmsg.NewPtrOffsetDeleteRequest()
	t, p := kmsg.NewOffsetDeleteRequestTopic(), kmsg.NewOffsetDeleteRequestTopicPartition()
	t.Topic, t.Partitions = d.topic(), append(t.Partitions, p)
	r.Group, r.Topics = d.group(), append(r.Topics, t)
	return r
}

func forgotten(ctx context.Context, w *world, d *domain) (string, error) {
	offset, err := w.committed(ctx, d.group(), d.topic())
	return said(offset < 0, "the committed offset is gone"), err
}
