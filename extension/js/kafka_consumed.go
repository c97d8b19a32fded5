package js

import (
	"slices"

	"github.com/grafana/sobek"

	"k6suite/extension/kafka"
)

// consumed is a record that was read, as a script sees it. Its JavaScript values are made when the script touches them: a
// poll of thousands of records costs a script only what it looks at.
type consumed struct {
	*kafka.Record
	form                *form
	key, value, headers sobek.Value // made at first touch, so that a script meets the same object each time
}

// form is what the records of one consumer have in common.
type form struct {
	codec          *byteCodec
	keyAs, valueAs string
}

var consumedKeys = [...]string{ //nolint:gochecknoglobals // a constant list
	"topic", "partition", "offset", "timestamp", "key", "value", "headers", "leaderEpoch",
}

var _ sobek.DynamicObject = &consumed{}

// Keys implements sobek.DynamicObject.
func (*consumed) Keys() []string { return slices.Clone(consumedKeys[:]) }

// Has implements sobek.DynamicObject.
func (*consumed) Has(key string) bool { return slices.Contains(consumedKeys[:], key) }

// Set implements sobek.DynamicObject: what was read stays what it was.
func (*consumed) Set(string, sobek.Value) bool { return false }

// Delete implements sobek.DynamicObject.
func (c *consumed) Delete(key string) bool { return !c.Has(key) }

// Get implements sobek.DynamicObject.
func (c *consumed) Get(key string) sobek.Value {
	codec := c.form.codec
	switch key {
	case "topic":
		return codec.rt.ToValue(c.Topic)
	case "partition":
		return codec.rt.ToValue(c.Partition)
	case "offset":
		return codec.rt.ToValue(c.Offset)
	case "timestamp":
		return codec.rt.ToValue(c.Timestamp.UnixMilli())
	case "leaderEpoch":
		return codec.rt.ToValue(c.LeaderEpoch)
	case "key":
		if c.key == nil {
			c.key = codec.toJS(c.Key, c.form.keyAs)
		}
		return c.key
	case "value":
		if c.value == nil {
			c.value = codec.toJS(c.Value, c.form.valueAs)
		}
		return c.value
	case "headers":
		if c.headers == nil {
			c.headers = codec.headers(c.Headers)
		}
		return c.headers
	default:
		return nil
	}
}

func (c *byteCodec) headers(headers []kafka.Header) sobek.Value {
	list := make([]any, len(headers))
	for i, h := range headers {
		header := c.rt.NewObject()
		_ = header.Set("key", h.Key)
		_ = header.Set("value", c.toJS(h.Value, "bytes"))
		list[i] = header
	}
	return c.rt.NewArray(list...)
}

// lazyList is an array whose elements are made when they are touched. Scripts can use it as any other array.
type lazyList struct {
	make  func(int) sobek.Value
	items []sobek.Value
}

var _ sobek.DynamicArray = &lazyList{}

func newLazyList(rt *sobek.Runtime, n int, makeItem func(int) sobek.Value) *sobek.Object {
	return rt.NewDynamicArray(&lazyList{make: makeItem, items: make([]sobek.Value, n)})
}

// Len implements sobek.DynamicArray.
func (l *lazyList) Len() int { return len(l.items) }

// Get implements sobek.DynamicArray.
func (l *lazyList) Get(i int) sobek.Value {
	if i < 0 || i >= len(l.items) {
		return nil
	}
	if l.items[i] == nil {
		l.items[i] = l.make(i)
	}
	return l.items[i]
}

// Set implements sobek.DynamicArray.
func (l *lazyList) Set(i int, v sobek.Value) bool {
	if i < 0 {
		return false
	}
	if i >= len(l.items) {
		l.SetLen(i + 1)
	}
	l.items[i] = v
	return true
}

// SetLen implements sobek.DynamicArray.
func (l *lazyList) SetLen(n int) bool {
	if n <= len(l.items) {
		l.items = l.items[:n]
		return true
	}
	for len(l.items) < n {
		l.items = append(l.items, sobek.Undefined())
	}
	return true
}
