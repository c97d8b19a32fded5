package kafkaproxy

import (
	"reflect"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// listed is a list of a request whose elements different brokers answer: groups, transactions, configured resources.
type listed struct {
	field  string                             // of the request
	answer string                             // the field of the response
	key    func(element reflect.Value) string // says which elements of both belong together
}

// field returns a field of a message.
func field(message any, name string) reflect.Value {
	return reflect.ValueOf(message).Elem().FieldByName(name)
}

// keys returns the keys of the request's elements, in their order.
func (l listed) keys(request kmsg.Request) []string {
	all := field(request, l.field)
	keys := make([]string, all.Len())
	for i := range keys {
		keys[i] = l.key(all.Index(i))
	}
	return keys
}

// split returns for each target a copy of the request with the elements that go there. target gets the index of an element.
func split[T comparable](l listed, request kmsg.Request, target func(i int) T) (order []T, parts map[T]kmsg.Request) {
	parts = map[T]kmsg.Request{}
	all := field(request, l.field)
	for i := range all.Len() {
		to := target(i)
		part, known := parts[to]
		if !known {
			part = shallow(request)
			field(part, l.field).Set(reflect.MakeSlice(all.Type(), 0, all.Len()))
			parts[to] = part
			order = append(order, to)
		}
		elements := field(part, l.field)
		elements.Set(reflect.Append(elements, all.Index(i)))
	}
	return order, parts
}

// merge makes one response of several, its elements in the order of the request's.
func (l listed) merge(request kmsg.Request, answers []kmsg.Response) kmsg.Response {
	merged := frame(answers)
	place := map[string][]reflect.Value{}
	for _, answer := range answers {
		all := field(answer, l.answer)
		for i := range all.Len() {
			key := l.key(all.Index(i))
			place[key] = append(place[key], all.Index(i))
		}
	}
	to := field(merged, l.answer)
	to.Set(reflect.MakeSlice(to.Type(), 0, len(place)))
	for _, key := range l.keys(request) {
		for _, element := range place[key] {
			to.Set(reflect.Append(to, element))
		}
		delete(place, key)
	}
	return merged
}

// shallow copies a message.
func shallow[M any](message M) M {
	part := reflect.New(reflect.TypeOf(message).Elem())
	part.Elem().Set(reflect.ValueOf(message).Elem())
	return part.Interface().(M)
}

// frame starts a merged response: the first one that is an error as a whole, or else the first; throttled as long as any of them.
func frame[M any](answers []M) M {
	first := answers[0]
	var throttle int32
	for i := len(answers) - 1; i >= 0; i-- {
		if code := field(answers[i], "ErrorCode"); code.IsValid() && code.Int() != 0 {
			first = answers[i]
		}
		if millis := field(answers[i], "ThrottleMillis"); millis.IsValid() {
			throttle = max(throttle, int32(millis.Int()))
		}
	}
	merged := shallow(first)
	if millis := field(merged, "ThrottleMillis"); millis.IsValid() {
		millis.SetInt(int64(throttle))
	}
	return merged
}

// keyIn returns the key of an element that is a name, or has it in a field.
func keyIn(name string) func(reflect.Value) string {
	return func(element reflect.Value) string {
		if element.Kind() == reflect.String {
			return element.String()
		}
		return element.FieldByName(name).String()
	}
}
