package kafkaproxy

import (
	"reflect"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// What a message is about is read off its fields, which kmsg names alike in all of them.

// subjects visits the topics and partitions that a message names; partition is whole for the topic itself.
func subjects(message any, names *topicNames, visit func(topic string, partition int32)) {
	(&refusal{names: names}).subjects(reflect.ValueOf(message).Elem(), "", visit)
}

func (r *refusal) subjects(v reflect.Value, topic string, visit func(string, int32)) {
	if name := r.topic(v); name != "" {
		topic = name
		visit(topic, whole)
	}
	if partition := v.FieldByName("Partition"); partition.IsValid() && partition.Kind() == reflect.Int32 && topic != "" {
		visit(topic, int32(partition.Int()))
	}
	for i := range v.NumField() {
		field, name := v.Field(i), v.Type().Field(i).Name
		if strings.HasPrefix(name, "Forgotten") { // what a fetch session lets go of
			continue
		}
		switch list := field.Interface().(type) {
		case []int32:
			if name == "Partitions" && topic != "" {
				for _, partition := range list {
					visit(topic, partition)
				}
			}
		case []string:
			if name == "TopicNames" {
				for _, topic := range list {
					visit(topic, whole)
				}
			}
		default:
			r.inside(field, topic, visit)
		}
	}
}

func (r *refusal) inside(field reflect.Value, topic string, visit func(string, int32)) {
	switch {
	case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
		for i := range field.Len() {
			r.subjects(field.Index(i), topic, visit)
		}
	case field.Kind() == reflect.Pointer && field.Type().Elem().Kind() == reflect.Struct && !field.IsNil():
		r.subjects(field.Elem(), topic, visit)
	}
}

// groupsOf returns the groups that a request names.
func groupsOf(request kmsg.Request) []string {
	if find, ok := request.(*kmsg.FindCoordinatorRequest); ok {
		if find.CoordinatorType != 0 {
			return nil
		}
		if find.Version < 4 {
			return []string{find.CoordinatorKey}
		}
		return find.CoordinatorKeys
	}
	return groupNames(reflect.ValueOf(request).Elem())
}

func groupNames(v reflect.Value) (groups []string) {
	for _, name := range []string{"Group", "GroupID", "Groups", "GroupIDs"} {
		field := v.FieldByName(name)
		if !field.IsValid() {
			continue
		}
		switch is := field.Interface().(type) {
		case string:
			if is != "" {
				groups = append(groups, is)
			}
		case *string:
			if is != nil {
				groups = append(groups, *is)
			}
		case []string:
			groups = append(groups, is...)
		default:
			for i := 0; field.Kind() == reflect.Slice && i < field.Len(); i++ {
				groups = append(groups, groupNames(field.Index(i))...)
			}
		}
	}
	return groups
}

// hasField reports whether messages of this type have one of the fields anywhere.
func hasField(message any, names ...string) bool {
	return typeHas(reflect.TypeOf(message).Elem(), names)
}

func typeHas(t reflect.Type, names []string) bool {
	for i := range t.NumField() {
		field := t.Field(i)
		if slices.Contains(names, field.Name) {
			return true
		}
		inner := field.Type
		if inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && typeHas(inner, names) {
			return true
		}
	}
	return false
}
