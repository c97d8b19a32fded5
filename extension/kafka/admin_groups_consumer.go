package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// describeServerSide describes those of the groups that the coordinator runs (KIP-848). It is asked first, as Java's admin does: the other
// question gets, for these, the answer that there is no such group.
func (a *Admin) describeServerSide(ctx context.Context, groups []string) (map[string]Group, error) {
	described, err := a.admin.DescribeConsumerGroups(ctx, groups...)
	if isUnsupported(err) {
		return nil, nil
	}
	if _, refused := errors.AsType[*kadm.AuthError](err); refused {
		return nil, nil // as the other question will be
	}
	if err != nil {
		return nil, err
	}
	out := map[string]Group{}
	for name, d := range described {
		switch {
		case errors.Is(d.Err, kerr.GroupIDNotFound) || errors.Is(d.Err, kerr.UnsupportedVersion):
			continue
		case d.Err != nil:
			return nil, fmt.Errorf("group %q: %w", name, d.Err)
		}
		group := Group{
			Group: name, Type: ProtocolConsumer, State: d.State, Protocol: d.AssignorName, Epoch: d.Epoch, Coordinator: d.Coordinator.NodeID,
		}
		for _, m := range d.Members {
			group.Members = append(group.Members, serverSideMember(m))
		}
		out[name] = group
	}
	return out, nil
}

func serverSideMember(m kadm.ConsumerGroupMember) Member {
	out := Member{ID: m.MemberID, ClientID: m.ClientID, Host: m.ClientHost, Epoch: m.MemberEpoch, Assigned: Partitions{}}
	if m.InstanceID != nil {
		out.InstanceID = *m.InstanceID
	}
	for topic, partitions := range m.Assignment {
		out.Assigned[topic] = slices.Sorted(maps.Keys(partitions))
	}
	return out
}
