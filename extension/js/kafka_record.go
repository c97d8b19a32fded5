package js

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/sobek"

	"k6suite/extension/internal/nearest"
	"k6suite/extension/kafka"
)

// recordKeys are what a record to send may have; those behind value come with a record that was read, and are ignored.
var recordKeys = []string{ //nolint:gochecknoglobals // a constant list
	"topic", "partition", "key", "value", "headers", "timestamp",
}

// records reads one record or an array of them.
func (i *kafkaInstance) records(v sobek.Value) ([]kafka.Record, error) {
	items, err := i.items("records", v, true)
	if err != nil {
		return nil, err
	}
	out := make([]kafka.Record, len(items))
	for n, item := range items {
		if out[n], err = i.record(item); err != nil {
			return nil, fmt.Errorf("%s: %w", at("record", n), err)
		}
	}
	return out, nil
}

// items gives the elements of an array; where single is allowed, anything else is its only element.
func (i *kafkaInstance) items(what string, v sobek.Value, single bool) ([]sobek.Value, error) {
	object, ok := v.(*sobek.Object)
	if !ok || object.ClassName() != "Array" {
		if single && ok {
			return []sobek.Value{v}, nil
		}
		return nil, fmt.Errorf("%s must be an array, not %s", what, kind(v))
	}
	out := make([]sobek.Value, object.Get("length").ToInteger())
	for n := range out {
		out[n] = object.Get(strconv.Itoa(n))
	}
	return out, nil
}

func (i *kafkaInstance) record(v sobek.Value) (kafka.Record, error) {
	r := kafka.Record{Partition: kafka.AnyPartition}
	if !isObject(v) {
		return r, fmt.Errorf("must be an object, not %s", kind(v))
	}
	if read, ok := exported[*consumed](v); ok { // as it was read
		return *read.Record, nil
	}
	object := v.ToObject(i.vu.Runtime())
	for _, key := range object.Keys() {
		if err := i.recordField(&r, key, object.Get(key)); err != nil {
			return r, err
		}
	}
	return r, nil
}

const maxPartition = 1<<31 - 1

func (i *kafkaInstance) recordField(r *kafka.Record, key string, v sobek.Value) error {
	if absent(v) && slices.Contains(recordKeys, key) {
		return nil
	}
	var err error
	switch key {
	case "topic":
		topic, ok := v.Export().(string)
		if !ok {
			return fmt.Errorf("topic must be a string, not %s", kind(v))
		}
		r.Topic = topic
	case "partition":
		n, ok := wholeNumber(v)
		if !ok || n < 0 || n > maxPartition {
			return fmt.Errorf("partition must be a whole number from 0 on, not %s", kind(v))
		}
		r.Partition = int32(n)
	case "key":
		r.Key, err = i.bytes.fromJS(v)
	case "value":
		r.Value, err = i.bytes.fromJS(v)
	case "headers":
		r.Headers, err = i.headers(v)
		return err
	case "timestamp":
		r.Timestamp, err = timestamp(v)
	default:
		return unknownKey(key, recordKeys)
	}
	if err != nil {
		return fmt.Errorf("%s %w", key, err)
	}
	return nil
}

func unknownKey(key string, known []string) error {
	if near := nearest.Word(key, known); near != "" {
		return fmt.Errorf("unknown key %q: did you mean %q?", key, near)
	}
	return fmt.Errorf("unknown key %q: known are %s", key, strings.Join(known, ", "))
}

// timestamp reads milliseconds since 1970, or a Date.
func timestamp(v sobek.Value) (time.Time, error) {
	if date, ok := v.Export().(time.Time); ok {
		return date, nil
	}
	n, ok := wholeNumber(v)
	if !ok || n < 0 {
		return time.Time{}, fmt.Errorf("must be a Date or milliseconds since 1970, not %s", kind(v))
	}
	return time.UnixMilli(n), nil
}

// headers reads an array of {key, value}, in order and with duplicates, or an object of values by key.
func (i *kafkaInstance) headers(v sobek.Value) ([]kafka.Header, error) {
	if isObject(v) {
		object := v.ToObject(i.vu.Runtime())
		var out []kafka.Header
		for _, key := range object.Keys() {
			value, err := i.bytes.fromJS(object.Get(key))
			if err != nil {
				return nil, fmt.Errorf("header %q %w", key, err)
			}
			out = append(out, kafka.Header{Key: key, Value: value})
		}
		return out, nil
	}
	items, err := i.items("headers", v, false)
	if err != nil {
		return nil, err
	}
	out := make([]kafka.Header, len(items))
	for n, item := range items {
		if out[n], err = i.header(item); err != nil {
			return nil, fmt.Errorf("%s: %w", at("header", n), err)
		}
	}
	return out, nil
}

func (i *kafkaInstance) header(v sobek.Value) (kafka.Header, error) {
	var out kafka.Header
	if !isObject(v) {
		return out, fmt.Errorf("must be an object with key and value, not %s", kind(v))
	}
	object := v.ToObject(i.vu.Runtime())
	for _, key := range object.Keys() {
		var err error
		switch key {
		case "key":
			name, ok := object.Get(key).Export().(string)
			if !ok {
				return out, fmt.Errorf("key must be a string, not %s", kind(object.Get(key)))
			}
			out.Key = name
		case "value":
			if out.Value, err = i.bytes.fromJS(object.Get(key)); err != nil {
				return out, fmt.Errorf("value %w", err)
			}
		default:
			return out, unknownKey(key, []string{"key", "value"})
		}
	}
	return out, nil
}
