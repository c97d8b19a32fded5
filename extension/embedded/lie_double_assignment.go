package embedded

import (
	"context"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// doubleAssignment gives a member of a group that the coordinator runs a partition that another member has at the same epoch.
type doubleAssignment struct {
	honest
	*liar
	mu     sync.Mutex
	groups map[string]map[string]*assigned  // what each member was last given, by group and member
	extra  map[membership]assignedPartition // what is added to what a member is given in an epoch
}

// assigned is what a member has been given, without what is a lie, and the epoch that it is in.
type assigned struct {
	epoch int32
	has   []assignedPartition
}

type assignedPartition struct {
	topic     [16]byte
	partition int32
}

func newDoubleAssignment(l *liar) mischief {
	l.left = fewDoubles
	return &doubleAssignment{liar: l, groups: map[string]map[string]*assigned{}, extra: map[membership]assignedPartition{}}
}

func (m *doubleAssignment) handler(_ *life, key kmsg.Key, next handler) handler {
	if key != kmsg.ConsumerGroupHeartbeat {
		return next
	}
	return func(ctx context.Context, x *exchange) error {
		request, response := kmsg.NewPtrConsumerGroupHeartbeatRequest(), kmsg.NewPtrConsumerGroupHeartbeatResponse()
		if err := x.served(ctx, next, request, response); err != nil {
			return err
		}
		if response.ErrorCode != 0 || response.MemberID == nil {
			return nil
		}
		if more, ok := m.given(request.Group, response); ok {
			response.Assignment.Topics = heartbeatAssignedMore(response.Assignment.Topics, more)
			x.respond(response)
		}
		return nil
	}
}

// given notes what a member is given, and says what it is told of beside.
func (m *doubleAssignment) given(group string, response *kmsg.ConsumerGroupHeartbeatResponse) (more assignedPartition, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	members := m.groups[group]
	if members == nil {
		members = map[string]*assigned{}
		m.groups[group] = members
	}
	if response.MemberEpoch < 0 {
		delete(members, *response.MemberID)
		return more, false
	}
	mine := members[*response.MemberID]
	if mine == nil {
		mine = &assigned{}
		members[*response.MemberID] = mine
	}
	mine.epoch = response.MemberEpoch
	if response.Assignment == nil {
		return more, false
	}
	mine.has = nil
	for _, t := range response.Assignment.Topics {
		for _, p := range t.Partitions {
			mine.has = append(mine.has, assignedPartition{t.TopicID, p})
		}
	}
	of := membership{group, *response.MemberID, response.MemberEpoch}
	if more, ok = m.extra[of]; ok || len(mine.has) == 0 {
		return more, ok
	}
	if more, ok = another(members, mine); ok {
		if ok = m.strikes(); ok {
			m.extra[of] = more
		}
	}
	return more, ok
}

// another finds a partition of another member at the same epoch.
func another(members map[string]*assigned, mine *assigned) (assignedPartition, bool) {
	for _, other := range members {
		if other != mine && other.epoch == mine.epoch && len(other.has) > 0 {
			return other.has[0], true
		}
	}
	return assignedPartition{}, false
}

// heartbeatAssignedMore adds a partition to an assignment.
func heartbeatAssignedMore(
	to []kmsg.ConsumerGroupHeartbeatResponseAssignmentTopic, more assignedPartition,
) []kmsg.ConsumerGroupHeartbeatResponseAssignmentTopic {
	i := slices.IndexFunc(to, func(t kmsg.ConsumerGroupHeartbeatResponseAssignmentTopic) bool { return t.TopicID == more.topic })
	if i < 0 {
		t := kmsg.NewConsumerGroupHeartbeatResponseAssignmentTopic()
		t.TopicID, t.Partitions = more.topic, []int32{more.partition}
		return append(to, t)
	}
	to[i].Partitions = append(to[i].Partitions, more.partition)
	return to
}
