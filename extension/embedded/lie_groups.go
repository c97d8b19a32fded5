package embedded

import (
	"context"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// doubleOwner gives a member of a group a partition that another member has in the same generation.
type doubleOwner struct {
	honest
	*liar
	mu    sync.Mutex
	extra map[membership]kmsg.ConsumerMemberAssignmentTopic
}

// membership is a member in a generation of its group.
type membership struct {
	group, member string
	generation    int32
}

// fewDoubles: each lasts until the next rebalance.
const fewDoubles = 3

func newDoubleOwner(l *liar) mischief {
	l.left = fewDoubles
	return &doubleOwner{liar: l, extra: map[membership]kmsg.ConsumerMemberAssignmentTopic{}}
}

func (m *doubleOwner) handler(_ *life, key kmsg.Key, next handler) handler {
	if key != kmsg.SyncGroup {
		return next
	}
	return func(ctx context.Context, x *exchange) error {
		request, response := kmsg.NewPtrSyncGroupRequest(), kmsg.NewPtrSyncGroupResponse()
		if err := x.Decode(request); err != nil {
			return err
		}
		m.plan(request)
		if err := next(ctx, x); err != nil {
			return err
		}
		more, ok := m.take(membership{request.Group, request.MemberID, request.Generation})
		if !ok {
			return nil
		}
		if err := x.decodeResponse(response); err != nil {
			return err
		}
		if response.ErrorCode != 0 {
			return nil
		}
		var mine kmsg.ConsumerMemberAssignment
		if err := mine.ReadFrom(response.MemberAssignment); err != nil {
			return err
		}
		response.MemberAssignment = assignedMore(mine, more).AppendTo(nil)
		x.respond(response)
		return nil
	}
}

// plan looks at what the leader of a group gives to each member, and chooses one of them that will be told of a partition more.
func (m *doubleOwner) plan(request *kmsg.SyncGroupRequest) {
	for i, from := range request.GroupAssignment {
		var theirs kmsg.ConsumerMemberAssignment
		if len(request.GroupAssignment) < 2 || theirs.ReadFrom(from.MemberAssignment) != nil || len(theirs.Topics) == 0 || !m.strikes() {
			continue
		}
		other := request.GroupAssignment[(i+1)%len(request.GroupAssignment)].MemberID
		m.mu.Lock()
		defer m.mu.Unlock()
		m.extra[membership{request.Group, other, request.Generation}] = kmsg.ConsumerMemberAssignmentTopic{
			Topic: theirs.Topics[0].Topic, Partitions: theirs.Topics[0].Partitions[:1],
		}
		return
	}
}

func (m *doubleOwner) take(of membership) (more kmsg.ConsumerMemberAssignmentTopic, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	more, ok = m.extra[of]
	return more, ok
}

// assignedMore adds partitions of a topic to an assignment.
func assignedMore(to kmsg.ConsumerMemberAssignment, more kmsg.ConsumerMemberAssignmentTopic) *kmsg.ConsumerMemberAssignment {
	i := slices.IndexFunc(to.Topics, func(t kmsg.ConsumerMemberAssignmentTopic) bool { return t.Topic == more.Topic })
	if i < 0 {
		to.Topics = append(to.Topics, more)
		return &to
	}
	to.Topics[i].Partitions = append(to.Topics[i].Partitions, more.Partitions...)
	return &to
}
