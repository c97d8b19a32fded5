package kafka

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
)

// Group is what a cluster says of a consumer group.
type Group struct {
	Group       string
	Type        string // the protocol that runs it: classic or consumer
	State       string // Empty, PreparingRebalance, CompletingRebalance, Stable or Dead; of type consumer also Assigning and Reconciling
	Protocol    string // the balancer that the members agreed on, or the assignor of the coordinator
	Epoch       int32  // of type consumer: counts the changes of members and topics
	Coordinator int32  // broker id
	Members     []Member
}

// Member is one member of a group.
type Member struct {
	ID, InstanceID, ClientID, Host string
	Epoch                          int32 // of type consumer: the epoch whose assignment it has come to
	Assigned                       Partitions
}

// ListGroups names all groups, sorted.
func (a *Admin) ListGroups(ctx context.Context) ([]string, error) {
	groups, err := a.admin.ListGroups(ctx)
	if err != nil {
		return nil, fmt.Errorf("kafka: list groups: %w", err)
	}
	return groups.Groups(), nil
}

// DescribeGroups describes groups in the order asked for. A group that does not exist has the state Dead, as Kafka says.
func (a *Admin) DescribeGroups(ctx context.Context, groups ...string) ([]Group, error) {
	return coordinated(ctx, func(ctx context.Context) ([]Group, error) { return a.describeGroups(ctx, groups) })
}

func (a *Admin) describeGroups(ctx context.Context, groups []string) ([]Group, error) {
	serverSide, err := a.describeServerSide(ctx, groups)
	if err != nil {
		return nil, fmt.Errorf("kafka: describe groups: %w", err)
	}
	classic, err := a.describeClassic(ctx, slices.DeleteFunc(slices.Clone(groups), func(name string) bool {
		_, is := serverSide[name]
		return is
	}))
	if err != nil {
		return nil, err
	}
	out := make([]Group, len(groups))
	for i, name := range groups {
		if group, is := serverSide[name]; is {
			out[i] = group
		} else {
			out[i] = classic[name]
		}
	}
	return out, nil
}

// describeClassic also speaks for groups that there are not.
func (a *Admin) describeClassic(ctx context.Context, groups []string) (map[string]Group, error) {
	if len(groups) == 0 {
		return nil, nil
	}
	described, err := a.admin.DescribeGroups(ctx, groups...)
	if err != nil {
		return nil, fmt.Errorf("kafka: describe groups: %w", err)
	}
	out := map[string]Group{}
	for _, name := range groups {
		d, ok := described[name]
		switch {
		case !ok:
			return nil, fmt.Errorf("kafka: describe group %q: the broker did not answer for it", name)
		case d.Err != nil && d.State != "Dead":
			return nil, withMessage(fmt.Sprintf("describe group %q", name), d.ErrMessage, d.Err)
		}
		group := Group{Group: name, Type: ProtocolClassic, State: d.State, Protocol: d.Protocol, Coordinator: d.Coordinator.NodeID}
		for _, m := range d.Members {
			group.Members = append(group.Members, memberOf(m))
		}
		out[name] = group
	}
	return out, nil
}

func memberOf(m kadm.DescribedGroupMember) Member {
	out := Member{ID: m.MemberID, ClientID: m.ClientID, Host: m.ClientHost, Assigned: Partitions{}}
	if m.InstanceID != nil {
		out.InstanceID = *m.InstanceID
	}
	if assigned, ok := m.Assigned.AsConsumer(); ok {
		for _, t := range assigned.Topics {
			out.Assigned[t.Topic] = slices.Sorted(slices.Values(t.Partitions))
		}
	}
	return out
}

// DeleteGroups deletes groups without members; the first that cannot be deleted is the error.
func (a *Admin) DeleteGroups(ctx context.Context, groups ...string) error {
	responses, err := a.admin.DeleteGroups(ctx, groups...)
	if err != nil {
		return fmt.Errorf("kafka: delete groups: %w", err)
	}
	for _, resp := range responses.Sorted() {
		if resp.Err != nil {
			return fmt.Errorf("kafka: delete group %q: %w", resp.Group, resp.Err)
		}
	}
	return nil
}

// CommittedOffsets gives what a group has committed; partitions without a commit are left out.
func (a *Admin) CommittedOffsets(ctx context.Context, group string) (Offsets, error) {
	return coordinated(ctx, func(ctx context.Context) (Offsets, error) { return a.committedOffsets(ctx, group) })
}

func (a *Admin) committedOffsets(ctx context.Context, group string) (Offsets, error) {
	responses, err := a.admin.FetchOffsets(ctx, group)
	if err != nil {
		return nil, fmt.Errorf("kafka: committed offsets of group %q: %w", group, err)
	}
	out := Offsets{}
	var failed PartitionErrors
	responses.Each(func(o kadm.OffsetResponse) {
		failed.add(o.Topic, o.Partition, o.Err)
		if o.Err == nil && o.At >= 0 {
			out.set(o.Topic, o.Partition, o.At)
		}
	})
	return out, failed.join(fmt.Sprintf("committed offsets of group %q", group))
}

// Lag gives, for each partition of the topics, the records between what the group has committed and the end of the log;
// without a commit, those in the whole log.
func (a *Admin) Lag(ctx context.Context, group string, topics ...string) (Offsets, error) {
	ends, err := a.ListOffsets(ctx, Spot{At: "latest"}, topics...)
	if err != nil {
		return nil, err
	}
	starts, err := a.ListOffsets(ctx, Spot{At: "earliest"}, topics...)
	if err != nil {
		return nil, err
	}
	committed, err := a.CommittedOffsets(ctx, group)
	if err != nil {
		return nil, err
	}
	out := Offsets{}
	for topic, partitions := range ends {
		for partition, end := range partitions {
			at, ok := committed[topic][partition]
			if !ok {
				at = starts[topic][partition]
			}
			out.set(topic, partition, max(end-at, 0))
		}
	}
	return out, nil
}
