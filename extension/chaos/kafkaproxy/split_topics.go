package kafkaproxy

import "reflect"

// position names a partition as a request does.
type position struct {
	topic     string
	id        [16]byte
	partition int32
}

// positions returns the partitions of a request that has Topics with Partitions, in their order.
func positions(message any) []position {
	var all []position
	topics := field(message, "Topics")
	for i := range topics.Len() {
		topic := topics.Index(i)
		at := positionOf(topic)
		for j := range topic.FieldByName("Partitions").Len() {
			at.partition = partitionOf(topic.FieldByName("Partitions").Index(j))
			all = append(all, at)
		}
	}
	return all
}

func positionOf(topic reflect.Value) position {
	at := position{topic: topic.FieldByName("Topic").String()}
	if id := topic.FieldByName("TopicID"); id.IsValid() {
		at.id = id.Interface().([16]byte)
	}
	return at
}

func partitionOf(partition reflect.Value) int32 {
	if partition.Kind() == reflect.Struct {
		partition = partition.FieldByName("Partition")
	}
	return int32(partition.Int())
}

// splitTopics returns for each target a copy of the request with the partitions that go there.
func splitTopics[T comparable, M any](request M, target func(position) T) (order []T, parts map[T]M) {
	parts = map[T]M{}
	topics := field(request, "Topics")
	for i := range topics.Len() {
		topic := topics.Index(i)
		at, last := positionOf(topic), map[T]bool{}
		partitions := topic.FieldByName("Partitions")
		for j := range partitions.Len() {
			at.partition = partitionOf(partitions.Index(j))
			to := target(at)
			part, known := parts[to]
			if !known {
				part = shallow(request)
				field(part, "Topics").Set(reflect.MakeSlice(topics.Type(), 0, topics.Len()))
				parts[to] = part
				order = append(order, to)
			}
			into := field(part, "Topics")
			if !last[to] {
				last[to] = true
				into.Set(reflect.Append(into, topic))
				into.Index(into.Len() - 1).FieldByName("Partitions").Set(reflect.MakeSlice(partitions.Type(), 0, partitions.Len()))
			}
			list := into.Index(into.Len() - 1).FieldByName("Partitions")
			list.Set(reflect.Append(list, partitions.Index(j)))
		}
	}
	return order, parts
}

// mergeTopics makes one response of several, its topics and partitions in the order of the request's.
func mergeTopics[M any](request any, answers []M) M {
	merged := frame(answers)
	place := map[position]reflect.Value{}
	for _, answer := range answers {
		topics := field(answer, "Topics")
		for i := range topics.Len() {
			at := positionOf(topics.Index(i))
			partitions := topics.Index(i).FieldByName("Partitions")
			for j := range partitions.Len() {
				at.partition = partitionOf(partitions.Index(j))
				place[at] = partitions.Index(j)
			}
		}
	}
	asked, to := field(request, "Topics"), field(merged, "Topics")
	to.Set(reflect.MakeSlice(to.Type(), 0, asked.Len()))
	for i := range asked.Len() {
		topic := reflect.New(to.Type().Elem()).Elem()
		setDefaults(topic.Addr())
		for _, name := range []string{"Topic", "TopicID"} {
			if topic.FieldByName(name).IsValid() {
				identify(asked.Index(i).FieldByName(name), topic.FieldByName(name))
			}
		}
		at, partitions := positionOf(asked.Index(i)), asked.Index(i).FieldByName("Partitions")
		into := topic.FieldByName("Partitions")
		for j := range partitions.Len() {
			at.partition = partitionOf(partitions.Index(j))
			if answer, there := place[at]; there {
				into.Set(reflect.Append(into, answer))
			}
		}
		to.Set(reflect.Append(to, topic))
	}
	return merged
}
