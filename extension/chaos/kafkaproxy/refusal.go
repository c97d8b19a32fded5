package kafkaproxy

import (
	"fmt"
	"reflect"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

// whole is the partition that refuse asks about where an API refuses topics and does not speak of partitions.
const whole = -1

// refuse returns the response that a broker gives to a request that it refuses, with a code of the Kafka protocol at the deepest
// place that the API has for it: partition, topic, group, coordinator key, or the response itself. With only, the response names no
// other topics and partitions than those for which only is true; partition is whole where the API speaks of topics, and the topic is
// "" if its id is not known. Answers that could not be given are −1, as brokers have it.
//
// An error means that the API has no place for a code in this version, or not for this request. The connection is then to be
// closed, which is what a dying broker does.
func refuse(
	request kmsg.Request, version, code int16, only func(topic string, partition int32) bool, names *topicNames,
) (kmsg.Response, error) {
	request.SetVersion(version)
	response := request.ResponseKind()
	response.SetVersion(version)
	setDefaults(reflect.ValueOf(response))
	r := refusal{code: code, only: only, names: names}
	if !r.special(request, response) {
		r.mirror(reflect.ValueOf(request).Elem(), reflect.ValueOf(response).Elem(), "")
	}
	if carriesCode(response, code) {
		return response, nil
	}
	// What is there to name is empty, or older than the place for its codes.
	if top := reflect.ValueOf(response).Elem().FieldByName("ErrorCode"); top.IsValid() {
		top.SetInt(int64(code))
	}
	if carriesCode(response, code) {
		return response, nil
	}
	return nil, fmt.Errorf("%s version %d: no place for error code %d in the response", kmsg.NameForKey(request.Key()), version, code)
}

// refusal builds the response from the request: messages of kmsg name the same things alike.
type refusal struct {
	code  int16
	only  func(topic string, partition int32) bool
	names *topicNames
}

// special answers what is not mirrored.
func (r *refusal) special(request kmsg.Request, response kmsg.Response) bool {
	switch m := response.(type) {
	case *kmsg.ApiVersionsResponse:
		m.ErrorCode = r.code
		if r.code == kerr.UnsupportedVersion.Code {
			m.SetVersion(0) // KIP-511: the client knows no other that is sure to be understood
		}
	case *kmsg.LeaveGroupResponse:
		m.ErrorCode = r.code // its members have codes of their own, for what the group says of each
	case *kmsg.OffsetFetchResponse:
		if m.Version < 2 || m.Version >= 8 || r.only != nil {
			return false
		}
		m.ErrorCode = r.code
	case *kmsg.DescribeLogDirsResponse:
		m.ErrorCode = r.code
		if m.Version < 3 {
			dir := kmsg.NewDescribeLogDirsResponseDir()
			dir.ErrorCode = r.code
			m.Dirs = append(m.Dirs, dir)
		}
	case *kmsg.AlterReplicaLogDirsResponse:
		for _, dir := range request.(*kmsg.AlterReplicaLogDirsRequest).Dirs {
			part := kmsg.NewPtrAlterReplicaLogDirsResponse()
			r.mirror(reflect.ValueOf(dir), reflect.ValueOf(part).Elem(), "")
			m.Topics = append(m.Topics, part.Topics...)
		}
	case *kmsg.AlterUserSCRAMCredentialsResponse:
		q := request.(*kmsg.AlterUserSCRAMCredentialsRequest)
		for _, d := range q.Deletions {
			m.Results = append(m.Results, kmsg.AlterUserSCRAMCredentialsResponseResult{User: d.Name, ErrorCode: r.code})
		}
		for _, u := range q.Upsertions {
			m.Results = append(m.Results, kmsg.AlterUserSCRAMCredentialsResponseResult{User: u.Name, ErrorCode: r.code})
		}
	default:
		return false
	}
	return true
}

// mirror fills a part of the response from the same part of the request. It reports whether there was a place for the code.
func (r *refusal) mirror(request, response reflect.Value, topic string) bool {
	if name := r.topic(request); name != "" {
		topic = name
	}
	placed := false
	for i := range response.NumField() {
		field, name := response.Field(i), response.Type().Field(i).Name
		switch {
		case identity(name):
			identify(request.FieldByName(name), field)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			placed = r.mirrorAll(source(request, name), field, topic) || placed
		}
	}
	unknown(response)
	code := response.FieldByName("ErrorCode")
	// A group is refused as a whole: the codes of its partitions speak of these alone.
	group := r.only == nil && response.FieldByName("Topics").IsValid() && isGroup(response)
	if code.IsValid() && (!placed || group) {
		if group {
			response.FieldByName("Topics").SetZero()
		}
		code.SetInt(int64(r.code))
		placed = true
	}
	return placed
}

// mirrorAll fills a list of the response. What has no place for a code is not named.
func (r *refusal) mirrorAll(request, response reflect.Value, topic string) bool {
	if !request.IsValid() {
		return false
	}
	all := reflect.MakeSlice(response.Type(), 0, request.Len())
	for i := range request.Len() {
		from, to := request.Index(i), reflect.New(response.Type().Elem())
		setDefaults(to)
		to = to.Elem()
		if from.Kind() != reflect.Struct {
			from = named(from, to)
		}
		if r.wanted(from, to, topic) && r.mirror(from, to, topic) && !r.emptied(from, to) {
			all = reflect.Append(all, to)
		}
	}
	if all.Len() == 0 {
		return false
	}
	response.Set(all)
	return true
}

// wanted reports whether a partition, or a topic of which the API knows no partitions, is to be refused.
func (r *refusal) wanted(request, response reflect.Value, topic string) bool {
	if r.only == nil {
		return true
	}
	if partition := request.FieldByName("Partition"); partition.IsValid() {
		return r.only(topic, int32(partition.Int()))
	}
	if response.FieldByName("Partitions").IsValid() && request.FieldByName("Partitions").IsValid() {
		return true
	}
	for _, name := range []string{"Topic", "TopicID", "ResourceType"} {
		if response.FieldByName(name).IsValid() {
			return r.only(r.topic(request), whole)
		}
	}
	return true
}

// emptied reports whether a topic has lost all partitions that the request named: none of them was to be refused.
func (r *refusal) emptied(request, response reflect.Value) bool {
	if r.only == nil {
		return false
	}
	for _, name := range []string{"Partitions", "Topics"} {
		from, to := request.FieldByName(name), response.FieldByName(name)
		if from.IsValid() && to.IsValid() && from.Kind() == reflect.Slice && to.Kind() == reflect.Slice && from.Len() > 0 && to.Len() == 0 {
			return true
		}
	}
	return false
}

// topic returns the name of the topic that a part of a request is about, "" if it is about none or the id is not known.
func (r *refusal) topic(request reflect.Value) string {
	if kind := request.FieldByName("ResourceType"); kind.IsValid() {
		if name := request.FieldByName("ResourceName"); kind.Int() == int64(kmsg.ConfigResourceTypeTopic) && name.Kind() == reflect.String {
			return name.String()
		}
		return ""
	}
	name, id := request.FieldByName("Topic"), request.FieldByName("TopicID")
	if name.IsValid() && name.Kind() == reflect.Pointer {
		name = name.Elem()
	}
	if name.IsValid() && name.String() != "" {
		return name.String()
	}
	if id.IsValid() {
		return r.names.name("", id.Interface().([16]byte))
	}
	return ""
}

// carriesCode reports whether the code is still there when the client has decoded the response.
func carriesCode(response kmsg.Response, code int16) bool {
	decoded := kmsg.ResponseForKey(response.Key())
	decoded.SetVersion(response.GetVersion())
	if err := wire.DecodeResponse(wire.EncodeResponse(response, 0), decoded); err != nil {
		return false
	}
	return hasCode(reflect.ValueOf(decoded).Elem(), int64(code))
}

func hasCode(v reflect.Value, code int64) bool {
	switch v.Kind() {
	case reflect.Struct:
		if field := v.FieldByName("ErrorCode"); field.IsValid() && field.Int() == code {
			return true
		}
		for i := range v.NumField() {
			if hasCode(v.Field(i), code) {
				return true
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if hasCode(v.Index(i), code) {
				return true
			}
		}
	}
	return false
}
