package js

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
)

// byteCodec carries bytes between Go and one JavaScript runtime. It keeps the runtime's own constructors, whatever a script
// does to the global names later.
type byteCodec struct {
	rt         *sobek.Runtime
	uint8Array *sobek.Object
	parseJSON  sobek.Callable
	json       sobek.Value
}

func newByteCodec(rt *sobek.Runtime) *byteCodec {
	c := &byteCodec{rt: rt, json: rt.Get("JSON")}
	c.uint8Array = rt.Get("Uint8Array").ToObject(rt)
	c.parseJSON, _ = sobek.AssertFunction(c.json.ToObject(rt).Get("parse"))
	return c
}

// ways are the forms in which scripts can have bytes.
var ways = [...]string{"bytes", "string", "json"} //nolint:gochecknoglobals // a constant list

// toJS gives bytes in the form that the script asked for; nil is null. Text that is not JSON throws a SyntaxError, here,
// where the script touches the value: the record itself is never lost by it.
func (c *byteCodec) toJS(b []byte, as string) sobek.Value {
	if b == nil {
		return sobek.Null()
	}
	switch as {
	case "string":
		return c.rt.ToValue(string(b))
	case "json":
		v, err := c.parseJSON(c.json, c.rt.ToValue(string(b)))
		if err != nil {
			common.Throw(c.rt, err)
		}
		return v
	default:
		array, err := c.rt.New(c.uint8Array, c.rt.ToValue(c.rt.NewArrayBuffer(b)))
		if err != nil {
			common.Throw(c.rt, err)
		}
		return array
	}
}

var errNotBytes = errors.New("must be a string, an ArrayBuffer, a typed array or null")

// fromJS copies bytes out of a value, because the script may change it while they are on their way. null is nil; an empty
// string is empty, not nil.
func (c *byteCodec) fromJS(v sobek.Value) ([]byte, error) {
	if absent(v) {
		return nil, nil
	}
	object, ok := v.(*sobek.Object)
	if !ok {
		text, ok := v.Export().(string)
		if !ok {
			return nil, fmt.Errorf("%w, not %s", errNotBytes, kind(v))
		}
		return []byte(text), nil
	}
	if buffer, ok := exported[sobek.ArrayBuffer](v); ok {
		return append([]byte{}, buffer.Bytes()...), nil
	}
	buffer, ok := exported[sobek.ArrayBuffer](object.Get("buffer")) // a view: typed array or DataView
	if !ok {
		return nil, fmt.Errorf("%w, not %s", errNotBytes, kind(v))
	}
	offset, length := object.Get("byteOffset").ToInteger(), object.Get("byteLength").ToInteger()
	return append(make([]byte, 0, length), buffer.Bytes()[offset:offset+length]...), nil
}

// exported gives the Go value behind a JavaScript value where it is of the type. It looks at the type first: exporting
// a plain object would copy all of it.
func exported[T any](v sobek.Value) (T, bool) {
	var none T
	if v == nil || v.ExportType() != reflect.TypeFor[T]() {
		return none, false
	}
	t, ok := v.Export().(T)
	return t, ok
}
