package js

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/grafana/sobek"

	"k6suite/extension/kafka"
)

// offsets reads {topic: {partition: offset}}.
func (i *kafkaInstance) offsets(v sobek.Value) (kafka.Offsets, error) {
	return offsetsOf(i.vu.Runtime(), v)
}

func offsetsOf(rt *sobek.Runtime, v sobek.Value) (kafka.Offsets, error) {
	const want = "offsets must be an object such as { topic: { 0: 42 } }"
	if !isObject(v) {
		return nil, fmt.Errorf("%s, not %s", want, kind(v))
	}
	object, out := v.ToObject(rt), kafka.Offsets{}
	for _, topic := range object.Keys() {
		partitions := object.Get(topic)
		if !isObject(partitions) {
			return nil, fmt.Errorf("%s: %q holds %s", want, topic, kind(partitions))
		}
		out[topic] = map[int32]int64{}
		for _, key := range partitions.ToObject(rt).Keys() {
			partition, err := strconv.ParseInt(key, 10, 32)
			if err != nil || partition < 0 {
				return nil, fmt.Errorf("%s: %q is no partition of %q", want, key, topic)
			}
			offset, ok := wholeNumber(partitions.ToObject(rt).Get(key))
			if !ok || offset < 0 {
				return nil, fmt.Errorf("offset of %s partition %d must be a whole number from 0 on", topic, partition)
			}
			out[topic][int32(partition)] = offset
		}
	}
	return out, nil
}

// partitions reads {topic: [partition, …]}.
func (i *kafkaInstance) partitions(v sobek.Value) (kafka.Partitions, error) {
	const want = "partitions must be an object such as { topic: [0, 1] }"
	if !isObject(v) {
		return nil, fmt.Errorf("%s, not %s", want, kind(v))
	}
	object, out := v.ToObject(i.vu.Runtime()), kafka.Partitions{}
	for _, topic := range object.Keys() {
		items, err := i.items(fmt.Sprintf("partitions of %q", topic), object.Get(topic), false)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			n, ok := wholeNumber(item)
			if !ok || n < 0 || n > maxPartition {
				return nil, fmt.Errorf("%s: %q holds %s", want, topic, kind(item))
			}
			out[topic] = append(out[topic], int32(n))
		}
	}
	return out, nil
}

func (i *kafkaInstance) offsetsObject(offsets kafka.Offsets) *sobek.Object {
	rt := i.vu.Runtime()
	out := rt.NewObject()
	for _, topic := range slices.Sorted(maps.Keys(offsets)) {
		partitions := rt.NewObject()
		for _, partition := range slices.Sorted(maps.Keys(offsets[topic])) {
			_ = partitions.Set(strconv.Itoa(int(partition)), offsets[topic][partition])
		}
		_ = out.Set(topic, partitions)
	}
	return out
}

func (i *kafkaInstance) partitionsObject(partitions kafka.Partitions) *sobek.Object {
	rt := i.vu.Runtime()
	out := rt.NewObject()
	for _, topic := range slices.Sorted(maps.Keys(partitions)) {
		_ = out.Set(topic, array(rt, partitions[topic], func(p int32) any { return p }))
	}
	return out
}

// array makes a JavaScript array of a slice.
func array[T any](rt *sobek.Runtime, of []T, item func(T) any) *sobek.Object {
	out := make([]any, len(of))
	for n, v := range of {
		out[n] = item(v)
	}
	return rt.NewArray(out...)
}
