package js

import (
	"context"
	"errors"
	"fmt"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"

	"k6suite/extension/kafka"
)

// admin is the class Admin in one virtual user.
type admin struct {
	*kafkaInstance
	client *lazy[*kafka.Admin]
}

// newAdmin is the constructor: it checks its options and does no I/O.
func (i *kafkaInstance) newAdmin(call sobek.ConstructorCall) *sobek.Object {
	reading := readOptions(i.vu.Runtime(), "Admin", call.Argument(0))
	o := reading.client(i.vu.Runtime())
	err := reading.done()
	var client *lazy[*kafka.Admin]
	if err == nil {
		client, err = shareable(i.module, "Admin", o.Shared, &lazy[*kafka.Admin]{
			options: o,
			start: func(ctx context.Context) (*kafka.Admin, error) {
				config, err := i.connect(ctx, o)
				if err != nil {
					return nil, err
				}
				return kafka.NewAdmin(config)
			},
		})
	}
	if err != nil {
		common.Throw(i.vu.Runtime(), err)
	}
	a := &admin{kafkaInstance: i, client: client}
	return i.fill(call.This, map[string]any{
		"createTopics": a.createTopics, "deleteTopics": a.deleteTopics, "describeTopics": a.describeTopics, "listTopics": a.listTopics,
		"addPartitions": a.addPartitions, "deleteRecords": a.deleteRecords, "listOffsets": a.listOffsets,
		"describeGroups": a.describeGroups, "listGroups": a.listGroups, "deleteGroups": a.deleteGroups,
		"committedOffsets": a.committedOffsets, "lag": a.lag,
		"describeConfigs": a.describeConfigs, "alterConfigs": a.alterConfigs, "brokers": a.brokers, "close": a.close,
	})
}

// do runs work with the client, which it starts if need be, for at most a minute.
func (a *admin) do(wrong error, work func(context.Context, *kafka.Admin) (build, error)) sobek.Value {
	return a.vu.Runtime().ToValue(a.async(wrong, func(ctx context.Context) (build, error) {
		client, err := a.client.get(ctx, a.module.process)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
		defer cancel()
		return work(ctx, client)
	}))
}

func (a *admin) close() *sobek.Promise {
	return a.async(nil, func(context.Context) (build, error) { return nil, a.client.close() })
}

// names reads an array of at least one string.
func (a *admin) names(what string, v sobek.Value) ([]string, error) {
	items, err := a.items(what, v, false)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(items))
	for n, item := range items {
		name, err := aName(at(what, n), item)
		if err != nil {
			return nil, err
		}
		out[n] = name
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s must name at least one", what)
	}
	return out, nil
}

func aName(what string, v sobek.Value) (string, error) {
	name, ok := exported[string](v)
	if !ok || name == "" {
		return "", fmt.Errorf("%s must be a string, not %s", what, kind(v))
	}
	return name, nil
}

func (a *admin) createTopics(call sobek.FunctionCall) sobek.Value {
	specs, wrong := a.topicSpecs(call.Argument(0))
	return a.do(wrong, func(ctx context.Context, client *kafka.Admin) (build, error) {
		for _, spec := range specs {
			if err := client.CreateTopic(ctx, spec); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
}

func (a *admin) topicSpecs(v sobek.Value) ([]kafka.TopicSpec, error) {
	items, err := a.items("topics", v, false)
	if err != nil {
		return nil, err
	}
	out := make([]kafka.TopicSpec, len(items))
	for n, item := range items {
		spec := &out[n]
		o := readOptions(a.vu.Runtime(), at("createTopics: topic", n), item)
		o.text("topic", &spec.Topic)
		o.required("topic", spec.Topic)
		whole(o, "partitions", &spec.Partitions, 1, 1_000_000)
		whole(o, "replication", &spec.Replication, 1, 100)
		if v := o.value("configs"); v != nil {
			configs, err := a.texts("configs", v)
			o.take(err)
			spec.Configs = configs
		}
		if err := o.done(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// texts reads an object of strings, numbers and booleans as Kafka's configuration values.
func (a *admin) texts(what string, v sobek.Value) (map[string]string, error) {
	if !isObject(v) {
		return nil, fmt.Errorf("%s must be an object of values by name, not %s", what, kind(v))
	}
	object, out := v.ToObject(a.vu.Runtime()), map[string]string{}
	for _, key := range object.Keys() {
		switch value := object.Get(key).Export().(type) {
		case string, int64, float64, bool:
			out[key] = fmt.Sprint(value)
		default:
			return nil, fmt.Errorf("%s: %s must be a string, a number or a boolean, not %s", what, key, kind(object.Get(key)))
		}
	}
	return out, nil
}

func (a *admin) deleteTopics(call sobek.FunctionCall) sobek.Value {
	topics, wrong := a.names("topics", call.Argument(0))
	return a.do(wrong, func(ctx context.Context, client *kafka.Admin) (build, error) {
		return nil, client.DeleteTopics(ctx, topics...)
	})
}

func (a *admin) listTopics() sobek.Value {
	return a.do(nil, func(ctx context.Context, client *kafka.Admin) (build, error) {
		names, err := client.ListTopics(ctx)
		return func() any { return a.textArray(names) }, err
	})
}

func (a *admin) textArray(texts []string) *sobek.Object {
	return array(a.vu.Runtime(), texts, func(s string) any { return s })
}

func (a *admin) addPartitions(call sobek.FunctionCall) sobek.Value {
	topic, wrong := aName("topic", call.Argument(0))
	total, ok := wholeNumber(call.Argument(1))
	if wrong == nil && (!ok || total < 1) {
		wrong = errors.New("total must be a whole number from 1 on")
	}
	return a.do(wrong, func(ctx context.Context, client *kafka.Admin) (build, error) {
		return nil, client.AddPartitions(ctx, topic, int(total))
	})
}

func (a *admin) deleteRecords(call sobek.FunctionCall) sobek.Value {
	before, wrong := a.offsets(call.Argument(0))
	return a.do(wrong, func(ctx context.Context, client *kafka.Admin) (build, error) {
		starts, err := client.DeleteRecords(ctx, before)
		return func() any { return a.offsetsObject(starts) }, err
	})
}

func (a *admin) listOffsets(call sobek.FunctionCall) sobek.Value {
	topics, wrong := a.names("topics", call.Argument(0))
	spot, err := spotOf(call.Argument(1))
	if wrong == nil {
		wrong = err
	}
	return a.do(wrong, func(ctx context.Context, client *kafka.Admin) (build, error) {
		offsets, err := client.ListOffsets(ctx, spot, topics...)
		return func() any { return a.offsetsObject(offsets) }, err
	})
}

func spotOf(v sobek.Value) (kafka.Spot, error) {
	if absent(v) {
		return kafka.Spot{At: "latest"}, nil
	}
	if name, ok := v.Export().(string); ok {
		switch name {
		case "earliest", "latest", "stable":
			return kafka.Spot{At: name}, nil
		}
	} else if when, err := timestamp(v); err == nil {
		return kafka.Spot{At: "timestamp", Timestamp: when.UnixMilli()}, nil
	}
	return kafka.Spot{}, fmt.Errorf(`at must be "earliest", "latest", "stable", a Date or milliseconds since 1970, not %s`, kind(v))
}
