package js

import (
	"context"
	"errors"

	"github.com/grafana/sobek"

	"k6suite/extension/kafka"
)

// plainObject makes a JavaScript object of members.
func (a *admin) plainObject(members map[string]any) *sobek.Object {
	return a.fill(a.vu.Runtime().NewObject(), members)
}

func (a *admin) describeTopics(call sobek.FunctionCall) sobek.Value {
	names, wrong := a.names("topics", call.Argument(0))
	return a.do(wrong, func(ctx context.Context, client *kafka.Admin) (build, error) {
		topics, err := client.DescribeTopics(ctx, names...)
		return func() any {
			return array(a.vu.Runtime(), topics, func(t kafka.Topic) any {
				return a.plainObject(map[string]any{
					"topic": t.Topic, "id": t.ID, "internal": t.Internal,
					"partitions": array(a.vu.Runtime(), t.Partitions, a.partitionObject),
				})
			})
		}, err
	})
}

func (a *admin) partitionObject(p kafka.Partition) any {
	number := func(n int32) any { return n }
	return a.plainObject(map[string]any{
		"partition": p.Partition, "leader": p.Leader, "leaderEpoch": p.LeaderEpoch,
		"replicas": array(a.vu.Runtime(), p.Replicas, number), "isr": array(a.vu.Runtime(), p.ISR, number),
	})
}

func (a *admin) describeGroups(call sobek.FunctionCall) sobek.Value {
	names, wrong := a.names("groups", call.Argument(0))
	return a.do(wrong, func(ctx context.Context, client *kafka.Admin) (build, error) {
		groups, err := client.DescribeGroups(ctx, names...)
		return func() any {
			return array(a.vu.Runtime(), groups, func(g kafka.Group) any {
				return a.plainObject(map[string]any{
					"group": g.Group, "type": g.Type, "state": g.State, "protocol": g.Protocol, "epoch": g.Epoch, "coordinator": g.Coordinator,
					"members": array(a.vu.Runtime(), g.Members, a.memberObject),
				})
			})
		}, err
	})
}

func (a *admin) memberObject(m kafka.Member) any {
	return a.plainObject(map[string]any{
		"id": m.ID, "instanceId": m.InstanceID, "clientId": m.ClientID, "host": m.Host, "epoch": m.Epoch,
		"assigned": a.partitionsObject(m.Assigned),
	})
}

func (a *admin) listGroups() sobek.Value {
	return a.do(nil, func(ctx context.Context, client *kafka.Admin) (build, error) {
		names, err := client.ListGroups(ctx)
		return func() any { return a.textArray(names) }, err
	})
}

func (a *admin) deleteGroups(call sobek.FunctionCall) sobek.Value {
	groups, wrong := a.names("groups", call.Argument(0))
	return a.do(wrong, func(ctx context.Context, client *kafka.Admin) (build, error) {
		return nil, client.DeleteGroups(ctx, groups...)
	})
}

func (a *admin) committedOffsets(call sobek.FunctionCall) sobek.Value {
	group, wrong := aName("group", call.Argument(0))
	return a.do(wrong, func(ctx context.Context, client *kafka.Admin) (build, error) {
		offsets, err := client.CommittedOffsets(ctx, group)
		return func() any { return a.offsetsObject(offsets) }, err
	})
}

// lag adds up the lag of a group over all partitions of the topics.
func (a *admin) lag(call sobek.FunctionCall) sobek.Value {
	group, wrong := aName("group", call.Argument(0))
	topics, err := a.names("topics", call.Argument(1))
	if wrong == nil {
		wrong = err
	}
	return a.do(wrong, func(ctx context.Context, client *kafka.Admin) (build, error) {
		lag, err := client.Lag(ctx, group, topics...)
		var sum int64
		for _, partitions := range lag {
			for _, n := range partitions {
				sum += n
			}
		}
		return func() any { return sum }, err
	})
}

// describeConfigs reads { topic } or { broker }.
func (a *admin) describeConfigs(call sobek.FunctionCall) sobek.Value {
	topic, broker, wrong := a.resource(call.Argument(0))
	return a.do(wrong, func(ctx context.Context, client *kafka.Admin) (build, error) {
		var (
			configs []kafka.ConfigEntry
			err     error
		)
		if topic != "" {
			configs, err = client.TopicConfigs(ctx, topic)
		} else {
			configs, err = client.BrokerConfigs(ctx, broker)
		}
		return func() any {
			return array(a.vu.Runtime(), configs, func(c kafka.ConfigEntry) any {
				return a.plainObject(map[string]any{"name": c.Name, "value": c.Value, "sensitive": c.Sensitive, "source": c.Source})
			})
		}, err
	})
}

func (a *admin) resource(v sobek.Value) (topic string, broker int32, err error) {
	broker = -1
	o := readOptions(a.vu.Runtime(), "describeConfigs", v)
	o.text("topic", &topic)
	whole(o, "broker", &broker, 0, maxPartition)
	if o.err == nil && (topic == "") == (broker < 0) {
		o.take(errors.New("name a topic or a broker, one of them"))
	}
	return topic, broker, o.done()
}

func (a *admin) alterConfigs(call sobek.FunctionCall) sobek.Value {
	topic, wrong := aName("topic", call.Argument(0))
	configs, err := a.texts("configs", call.Argument(1))
	if wrong == nil {
		wrong = err
	}
	return a.do(wrong, func(ctx context.Context, client *kafka.Admin) (build, error) {
		return nil, client.AlterTopicConfigs(ctx, topic, configs)
	})
}

func (a *admin) brokers() sobek.Value {
	return a.do(nil, func(ctx context.Context, client *kafka.Admin) (build, error) {
		brokers, err := client.Brokers(ctx)
		return func() any {
			return array(a.vu.Runtime(), brokers, func(b kafka.Broker) any {
				return a.plainObject(map[string]any{"id": b.ID, "host": b.Host, "port": b.Port, "rack": b.Rack})
			})
		}, err
	})
}
