package js

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/grafana/sobek"

	"k6suite/extension/internal/nearest"
)

// options reads one options object of a script strictly: a wrong type, an impossible value and an unknown key are errors
// that name the key and what is allowed. The getters leave the destination alone where the key is absent, so that it holds
// the default; the first error wins and is what done returns. JavaScript's goroutine only.
type options struct {
	of     string // what the options belong to, for errors: "Producer"
	object *sobek.Object
	known  []string
	err    error
}

// readOptions begins with a value that must be an object, or be absent.
func readOptions(rt *sobek.Runtime, of string, value sobek.Value) *options {
	o := &options{of: of}
	switch {
	case absent(value):
	case isObject(value):
		o.object = value.ToObject(rt)
	default:
		o.fail("options must be an object, not %s", kind(value))
	}
	return o
}

func absent(v sobek.Value) bool { return v == nil || sobek.IsUndefined(v) || sobek.IsNull(v) }

func isObject(v sobek.Value) bool {
	object, ok := v.(*sobek.Object)
	return ok && object.ClassName() != "Array" && object.ClassName() != "Function"
}

// kind names the type of a value for an error.
func kind(v sobek.Value) string {
	if absent(v) {
		return "nothing"
	}
	if object, ok := v.(*sobek.Object); ok {
		return "an " + strings.ToLower(object.ClassName())
	}
	return fmt.Sprintf("%T %v", v.Export(), v)
}

func (o *options) fail(format string, args ...any) {
	if o.err == nil {
		o.err = fmt.Errorf("%s: %s", o.of, fmt.Sprintf(format, args...))
	}
}

// value gives what stands under a key, nil if nothing does.
func (o *options) value(key string) sobek.Value {
	o.known = append(o.known, key)
	if o.object == nil || o.err != nil {
		return nil
	}
	if v := o.object.Get(key); !absent(v) {
		return v
	}
	return nil
}

// text reads a string; with allowed ones, one of these.
func (o *options) text(key string, to *string, allowed ...string) {
	v := o.value(key)
	if v == nil {
		return
	}
	s, ok := v.Export().(string)
	switch {
	case !ok:
		o.fail("%s must be a string, not %s", key, kind(v))
	case len(allowed) > 0 && !slices.Contains(allowed, s):
		o.fail("%s must be one of %s, not %q", key, strings.Join(allowed, ", "), s)
	default:
		*to = s
	}
}

// required fails where a string is missing or empty.
func (o *options) required(key, value string) {
	if value == "" {
		o.fail("%s is missing", key)
	}
}

// boolean reads true or false.
func (o *options) boolean(key string, to *bool) {
	v := o.value(key)
	if v == nil {
		return
	}
	b, ok := v.Export().(bool)
	if !ok {
		o.fail("%s must be true or false, not %s", key, kind(v))
		return
	}
	*to = b
}

// integer is any type that a whole number can be read into.
type integer interface {
	~int | ~int16 | ~int32 | ~int64
}

// whole reads a whole number between two bounds, both included.
func whole[T integer](o *options, key string, to *T, least, most int64) {
	v := o.value(key)
	if v == nil {
		return
	}
	n, ok := wholeNumber(v)
	switch {
	case !ok:
		o.fail("%s must be a whole number, not %s", key, kind(v))
	case n < least || n > most:
		o.fail("%s must be between %d and %d, not %d", key, least, most, n)
	default:
		*to = T(n)
	}
}

func wholeNumber(v sobek.Value) (int64, bool) {
	switch n := v.Export().(type) {
	case int64:
		return n, true
	case float64:
		return int64(n), n == math.Trunc(n) && math.Abs(n) < 1<<53
	default:
		return 0, false
	}
}

// duration reads "5s", "250ms" and the like, or a number of milliseconds; it must not be negative.
func (o *options) duration(key string, to *time.Duration) {
	v := o.value(key)
	if v == nil {
		return
	}
	d, err := parseDuration(v)
	if err != nil {
		o.fail("%s %v", key, err)
		return
	}
	*to = d
}

func parseDuration(v sobek.Value) (time.Duration, error) {
	const allowed = `must be a duration such as "5s" or "250ms", or a number of milliseconds`
	var d time.Duration
	switch value := v.Export().(type) {
	case string:
		parsed, err := time.ParseDuration(value)
		if err != nil {
			return 0, fmt.Errorf("%s, not %q", allowed, value)
		}
		d = parsed
	case int64:
		d = time.Duration(value) * time.Millisecond
	case float64:
		d = time.Duration(value * float64(time.Millisecond))
	default:
		return 0, fmt.Errorf("%s, not %s", allowed, kind(v))
	}
	if d < 0 {
		return 0, fmt.Errorf("must not be negative, but is %s", d)
	}
	return d, nil
}

// texts reads an array of strings.
func (o *options) texts(key string, to *[]string, allowed ...string) {
	v := o.value(key)
	if v == nil {
		return
	}
	list, ok := v.Export().([]any)
	if !ok {
		o.fail("%s must be an array of strings, not %s", key, kind(v))
		return
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		s, ok := item.(string)
		if !ok {
			o.fail("%s must be an array of strings, but holds %v", key, item)
			return
		}
		if len(allowed) > 0 && !slices.Contains(allowed, s) {
			o.fail("%s holds %q: allowed are %s", key, s, strings.Join(allowed, ", "))
			return
		}
		out = append(out, s)
	}
	*to = out
}

// done reports the first error, or a key that no getter asked for.
func (o *options) done() error {
	if o.err != nil || o.object == nil {
		return o.err
	}
	for _, key := range o.object.Keys() {
		if slices.Contains(o.known, key) {
			continue
		}
		if near := nearest.Word(key, o.known); near != "" {
			return fmt.Errorf("%s: unknown option %q: did you mean %q?", o.of, key, near)
		}
		return fmt.Errorf("%s: unknown option %q: known are %s", o.of, key, strings.Join(o.known, ", "))
	}
	return nil
}
