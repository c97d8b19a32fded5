package chaos

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/internal/nearest"
)

// strict reads a JSON object into a struct. A key that is not known is an error that names the nearest one, and so is a value that is
// null or nothing, except for those keys that mean something by it.
func strict(spec []byte, into any, nothing ...string) error {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(spec, &given); err != nil || given == nil {
		return errors.Join(errors.New("want an object"), err)
	}
	fields := map[string]reflect.Value{}
	v := reflect.ValueOf(into).Elem()
	for i, key := range keysOf(v.Type()) {
		fields[key] = v.Field(i)
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		field, known := fields[key]
		if !known {
			return unknownWord("key", key, slices.Sorted(maps.Keys(fields)))
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

// keysOf are the JSON keys of a struct, in the order of its fields.
func keysOf(t reflect.Type) []string {
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
		if kind == reflect.TypeFor[kafkaproxy.Duration]() {
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

// unknownWord names what was probably meant, and what there is.
func unknownWord(kind, word string, known []string) error {
	hint := ""
	if near := nearest.Word(word, known); near != "" {
		hint = fmt.Sprintf(": did you mean %q?", near)
	}
	return fmt.Errorf("unknown %s %q%s (there are: %s)", kind, word, hint, strings.Join(known, ", "))
}
