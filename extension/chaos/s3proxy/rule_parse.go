package s3proxy

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

// ParseRule reads a rule from JSON, and checks it. A key that is not known is an error that names the nearest one.
func ParseRule(spec []byte) (Rule, error) {
	var r Rule
	if err := r.read(spec); err != nil {
		return Rule{}, fmt.Errorf("rule: %w", err)
	}
	if err := r.Check(); err != nil {
		return Rule{}, err
	}
	return r, nil
}

// UnmarshalJSON is as strict about keys and types as ParseRule; it leaves the rule unchecked.
func (r *Rule) UnmarshalJSON(spec []byte) error { return r.read(spec) }

func (r *Rule) read(spec []byte) error {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(spec, &given); err != nil || given == nil {
		return errors.Join(errors.New(`want an object such as {"storage": "PutObject", "action": "delay", "delay": "200ms"}`), err)
	}
	fields := map[string]any{}
	for v, i := reflect.ValueOf(r).Elem(), 0; i < v.NumField(); i++ {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		fields[name] = v.Field(i).Addr().Interface()
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		field := fields[key]
		if field == nil {
			return unknownWord("key", key, slices.Sorted(maps.Keys(fields)))
		}
		if bytes.Equal(given[key], []byte("null")) {
			return fmt.Errorf("%s is null: leave it out, or give it a value", key)
		}
		if err := json.Unmarshal(given[key], field); err != nil {
			return fmt.Errorf("%s: %w", key, plain(err))
		}
		if reflect.ValueOf(field).Elem().IsZero() && key != "seed" {
			return fmt.Errorf("%s is %s: leave it out, or give it a value", key, given[key])
		}
	}
	return nil
}

// plain says what is wrong with a value in the words of JSON, without Go's types.
func plain(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	kind := wrong.Type
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	want := kind.Kind().String()
	switch kind.Kind() {
	case reflect.Int, reflect.Int64:
		want = "a whole number"
		if kind == reflect.TypeFor[Duration]() {
			want = `a duration such as "200ms" or "10s"`
		}
	case reflect.Float64:
		want = "a number"
	case reflect.String:
		want = "a text"
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

// MarshalJSON gives one name as a string.
func (n Names) MarshalJSON() ([]byte, error) {
	if len(n) == 1 {
		return json.Marshal(n[0])
	}
	return json.Marshal([]string(n))
}

// UnmarshalJSON reads one name, or a list of them.
func (n *Names) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*n = Names{one}
		return nil
	}
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		return errors.New("want a name or a list of names")
	}
	if len(list) == 0 {
		return errors.New(`an empty list matches nothing: "*" is all operations`)
	}
	*n = list
	return nil
}
