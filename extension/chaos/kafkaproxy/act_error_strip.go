package kafkaproxy

import (
	"reflect"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// strip takes the topics and partitions out of a request for which match is true. It reports whether any are left.
func strip(request kmsg.Request, match func(topic string, partition int32) bool, names *topicNames) bool {
	return (&refusal{names: names}).strip(reflect.ValueOf(request).Elem(), "", match)
}

// strip reports whether what is left of a part of a request names any topic or partition.
func (r *refusal) strip(v reflect.Value, topic string, match func(string, int32) bool) (left bool) {
	if name := r.topic(v); name != "" {
		topic = name
	}
	for i := range v.NumField() {
		field, name := v.Field(i), v.Type().Field(i).Name
		if !listsPlaces(field, name) {
			continue
		}
		kept := reflect.MakeSlice(field.Type(), 0, field.Len())
		for j := range field.Len() {
			if e := field.Index(j); r.stays(e, topic, match) {
				kept = reflect.Append(kept, e)
			}
		}
		if kept.Len() != field.Len() {
			field.Set(kept)
		}
		left = left || kept.Len() > 0
	}
	return left
}

// listsPlaces reports whether a field of a request may name topics or partitions.
func listsPlaces(field reflect.Value, name string) bool {
	if field.Kind() != reflect.Slice {
		return false
	}
	switch field.Type().Elem().Kind() {
	case reflect.Int32:
		return name == "Partitions"
	case reflect.String:
		return name == "TopicNames"
	}
	return field.Type().Elem().Kind() == reflect.Struct
}

// stays reports whether an element of a list is to be left.
func (r *refusal) stays(e reflect.Value, topic string, match func(string, int32) bool) bool {
	switch e.Kind() {
	case reflect.Int32:
		return topic == "" || !match(topic, int32(e.Int()))
	case reflect.String:
		return !match(e.String(), whole)
	}
	if partition := e.FieldByName("Partition"); partition.IsValid() && partition.Kind() == reflect.Int32 && topic != "" {
		return !match(topic, int32(partition.Int()))
	}
	name, partitions := r.topic(e), e.FieldByName("Partitions")
	if name != "" && !partitions.IsValid() {
		return !match(name, whole)
	}
	lists := partitions.IsValid() || e.FieldByName("Topics").IsValid()
	had := partitions.IsValid() && partitions.Len() > 0 || e.FieldByName("Topics").IsValid() && e.FieldByName("Topics").Len() > 0
	left := r.strip(e, topic, match)
	return !lists || !had || left
}
