// Package strictjson reads what people write in JSON: what it does not know, and what means nothing, is refused in their words.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k6suite/extension/internal/nearest"
)

// Read reads a JSON object into a struct, all of whose fields have a key. A key that is not known is an error that names the nearest one,
// and so is a value that is null or nothing, except for those keys that mean something by it. What is no object at all is told what is
// wanted instead: "want an object such as …".
func Read(text []byte, into any, wanted string, nothing ...string) error {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(text, &given); err != nil || given == nil {
		return errors.Join(errors.New(wanted), err)
	}
	fields := map[string]reflect.Value{}
	v := reflect.ValueOf(into).Elem()
	for i, key := range Keys(v.Type()) {
		fields[key] = v.Field(i)
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		field, known := fields[key]
		if !known {
			return nearest.Unknown("key", key, slices.Sorted(maps.Keys(fields)))
		}
		if bytes.Equal(given[key], []byte("null")) {
			return fmt.Errorf("%s is null: leave it out, or give it a value", key)
		}
		if err := json.Unmarshal(given[key], field.Addr().Interface()); err != nil {
			return fmt.Errorf("%s: %w", key, plain(err))
		}
		if field.IsZero() && !slices.Contains(nothing, key) {
			return fmt.Errorf("%s is %s: leave it out, or give it a value", key, given[key])
		}
	}
	return nil
}

// Keys are the JSON keys of a struct, in the order of its fields.
func Keys(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i], _, _ = strings.Cut(t.Field(i).Tag.Get("json"), ",")
	}
	return keys
}

// plain says what is wrong with a value in the words of JSON, without Go's types.
func plain(err error) error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err
	}
	kind := wrong.Type
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	want := kind.Kind().String()
	switch kind.Kind() {
	case reflect.Int, reflect.Int64, reflect.Int32:
		want = "a whole number"
		if kind == reflect.TypeFor[Duration]() {
			want = `a duration such as "200ms" or "10s"`
		}
	case reflect.Float64:
		want = "a number"
	case reflect.Bool:
		want = "true or false"
	case reflect.String:
		want = "a text"
	case reflect.Slice:
		want = "a list"
	}
	return fmt.Errorf("want %s, not a %s", want, wrong.Value)
}
