package kafkaproxy

import (
	"reflect"
	"slices"
)

// source returns the list of the request that a list of the response answers.
func source(request reflect.Value, name string) reflect.Value {
	for _, name := range append([]string{name}, aliases()[name]...) {
		if field := request.FieldByName(name); field.IsValid() && field.Kind() == reflect.Slice && field.Len() > 0 {
			return field
		}
	}
	return reflect.Value{}
}

// aliases are the lists of requests whose answers have another name.
func aliases() map[string][]string {
	return map[string][]string{
		"Topics":            {"TopicNames"},                             // DeleteTopics up to version 5
		"Coordinators":      {"CoordinatorKeys"},                        // FindCoordinator
		"Results":           {"Creations", "Filters", "FeatureUpdates"}, // CreateACLs, DeleteACLs, UpdateFeatures
		"TransactionStates": {"TransactionalIDs"},                       // DescribeTransactions
		"Groups":            {"GroupIDs"},                               // ShareGroupDescribe
	}
}

// identity reports whether a field of a response says what the answer is about, and so is the request's.
func identity(name string) bool {
	return slices.Contains([]string{
		"Topic", "TopicID", "Partition", "Group", "GroupID", "TransactionalID", "Key", "MemberID", "ResourceType", "ResourceName",
		"Feature", "Entity", "EndpointType", "ClientInstanceID",
	}, name)
}

// identify copies what a request is about. A name may be nullable on one side only.
func identify(from, to reflect.Value) {
	if !from.IsValid() {
		return
	}
	if from.Kind() == reflect.Pointer && to.Kind() != reflect.Pointer {
		from = from.Elem()
	}
	switch {
	case !from.IsValid():
	case from.Type() == to.Type():
		to.Set(from)
	case to.Kind() == reflect.Pointer && to.Type().Elem() == from.Type():
		to.Set(reflect.New(from.Type()))
		to.Elem().Set(from)
	case from.Kind() == reflect.Slice && to.Kind() == reflect.Slice: // the entities of quotas
		to.Set(reflect.MakeSlice(to.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			for j := range to.Index(i).NumField() {
				identify(from.Index(i).FieldByName(to.Type().Elem().Field(j).Name), to.Index(i).Field(j))
			}
		}
	}
}

// named makes a part of a request out of a bare value, a partition or a name, under the name that the response has for it.
func named(value, response reflect.Value) reflect.Value {
	for _, name := range []string{"Partition", "Topic", "Group", "GroupID", "TransactionalID", "Key"} {
		field := response.FieldByName(name)
		if !field.IsValid() {
			continue
		}
		if part := reflect.New(response.Type()).Elem(); field.Kind() == value.Kind() ||
			field.Kind() == reflect.Pointer && field.Type().Elem().Kind() == value.Kind() {
			identify(value, part.FieldByName(name))
			return part
		}
	}
	return response
}

// isGroup tells the answer about a group from one about a topic.
func isGroup(response reflect.Value) bool {
	return response.FieldByName("Group").IsValid() || response.FieldByName("GroupID").IsValid()
}

// unknown sets what a broker that refuses does not know to −1, where kmsg's own default is 0.
func unknown(response reflect.Value) {
	for _, name := range []string{"BaseOffset", "HighWatermark", "LowWatermark", "Offset", "StartOffset"} {
		if field := response.FieldByName(name); field.IsValid() && field.Kind() == reflect.Int64 {
			field.SetInt(-1)
		}
	}
	if records := response.FieldByName("RecordBatches"); records.IsValid() {
		records.SetBytes([]byte{}) // some clients do not expect null here
	}
}

func setDefaults(pointer reflect.Value) {
	if d, ok := pointer.Interface().(interface{ Default() }); ok {
		d.Default()
	}
}
