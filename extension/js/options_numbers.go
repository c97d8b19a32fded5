package js

import "math"

// part reads a number from 0 to 1.
func (o *options) part(key string, to *float64) {
	v := o.value(key)
	if v == nil {
		return
	}
	var n float64
	switch exported := v.Export().(type) {
	case int64:
		n = float64(exported)
	case float64:
		n = exported
	default:
		o.fail("%s must be a number from 0 to 1, not %s", key, kind(v))
		return
	}
	if !(n >= 0 && n <= 1) { // NaN included
		o.fail("%s must be a number from 0 to 1, not %v", key, n)
		return
	}
	*to = n
}

// wholes reads one or several whole numbers between two bounds, both included.
func (o *options) wholes(key string, to *[]int, least, most int64) {
	v := o.value(key)
	if v == nil {
		return
	}
	list, several := v.Export().([]any)
	if !several {
		list = []any{v.Export()}
	}
	out := make([]int, 0, len(list))
	for _, one := range list {
		n, ok := one.(int64)
		if !ok {
			float, isFloat := one.(float64)
			n, ok = int64(float), isFloat && float == math.Trunc(float) && math.Abs(float) < 1<<53
		}
		switch {
		case !ok:
			o.fail("%s must be a whole number, or several in an array, not %s", key, kind(v))
			return
		case n < least || n > most:
			o.fail("%s must be between %d and %d, not %d", key, least, most, n)
			return
		}
		out = append(out, int(n))
	}
	*to = out
}
