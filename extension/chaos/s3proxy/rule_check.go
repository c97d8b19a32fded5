package s3proxy

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"k6suite/extension/internal/nearest"
)

// Check says what is wrong with a rule: what can never match, or cannot act, is refused.
func (r Rule) Check() error {
	if _, err := r.compile(); err != nil {
		return fmt.Errorf("rule: %w", err)
	}
	return nil
}

// check looks at everything but whether the operations fit the action.
func (r Rule) check() error {
	known := []string{
		string(Delay), string(Throttle), string(Error), string(Reset), string(Lost), string(Late), string(Truncate), string(Corrupt),
		string(Stale), string(Refuse), string(Blackhole),
	}
	switch {
	case r.Action == "":
		return fmt.Errorf("action is missing (there are: %s)", strings.Join(known, ", "))
	case !slices.Contains(known, string(r.Action)):
		return nearest.Unknown("action", string(r.Action), known)
	case len(r.Storage) == 0:
		return fmt.Errorf(`storage is missing: name operations such as "PutObject", or groups (there are: %s)`, strings.Join(groups(), ", "))
	}
	return errors.Join(r.checkSelectors(), r.checkBelongs(), r.checkAction(), r.checkChance())
}

func (r Rule) checkSelectors() error {
	var all error
	for name, glob := range map[string]string{"key": r.Key, "bucket": r.Bucket, "source": r.Source} {
		if _, err := path.Match(slashless(glob), ""); err != nil {
			all = errors.Join(all, fmt.Errorf("%s %q: not a glob: * is any run of characters, ? one, [a-c] one of these", name, glob))
		}
	}
	if strings.Contains(r.Bucket, "/") {
		all = errors.Join(all, fmt.Errorf("bucket %q can never match: names of buckets have no slash", r.Bucket))
	}
	return all
}

// slashless has no slash mean anything in a glob: path.Match would not let * go beyond one.
func slashless(s string) string { return strings.ReplaceAll(s, "/", "\x00") }

// checkBelongs refuses what the action does not have.
func (r Rule) checkBelongs() error {
	for _, field := range []struct {
		name  string
		given bool
		of    []Action
	}{
		{"when", r.When != "", []Action{Delay, Error}},
		{"delay", r.Delay != 0, []Action{Delay, Late, Stale}},
		{"jitter", r.Jitter != 0, []Action{Delay, Late}},
		{"bytesPerSecond", r.BytesPerSecond != 0, []Action{Throttle}},
		{"status", r.Status != 0, []Action{Error, Late}},
		{"code", r.Code != "", []Action{Error, Late}},
		{"at", r.At != "", []Action{Reset}},
		{"bytes", r.Bytes != 0, []Action{Truncate}},
		{"fraction", r.Fraction != 0, []Action{Truncate}},
	} {
		if field.given && !slices.Contains(field.of, r.Action) {
			names := make([]string, len(field.of))
			for i, a := range field.of {
				names[i] = fmt.Sprintf("%q", a)
			}
			return fmt.Errorf("%s belongs to action %s, not to %q", field.name, strings.Join(names, " and "), r.Action)
		}
	}
	return nil
}

// checkAction looks at the values that the action needs.
func (r Rule) checkAction() error {
	switch {
	case r.When != "" && r.When != Before && r.When != After:
		return nearest.Unknown("when", string(r.When), []string{string(Before), string(After)})
	case (r.Action == Delay || r.Action == Late) && r.Delay <= 0:
		return errors.New(`delay: say for how long, such as "200ms"`)
	case r.Delay < 0:
		return fmt.Errorf("delay %s: must be more than 0s", r.Delay)
	case r.Jitter < 0 || r.Jitter > r.Delay:
		return fmt.Errorf("jitter %s: must be between 0s and the delay, %s", r.Jitter, r.Delay)
	case r.Action == Throttle && r.BytesPerSecond <= 0:
		return errors.New("bytesPerSecond: say how many, at least 1")
	case r.Action == Reset:
		stages := []string{string(AtConnect), string(AtHeaders), string(AtBody), string(AtResponse)}
		if r.At == "" {
			return fmt.Errorf("at is missing: say at which stage (there are: %s)", strings.Join(stages, ", "))
		}
		if !slices.Contains(stages, string(r.At)) {
			return nearest.Unknown("at", string(r.At), stages)
		}
	case r.Action == Truncate:
		return r.checkTruncate()
	}
	return r.checkCode()
}

func (r Rule) checkTruncate() error {
	switch {
	case r.Bytes != 0 && r.Fraction != 0:
		return errors.New("bytes and fraction exclude each other: say one of them")
	case r.Bytes < 0:
		return fmt.Errorf("bytes %d: must be at least 1", r.Bytes)
	case !(r.Fraction >= 0 && r.Fraction < 1): // NaN included
		return fmt.Errorf("fraction %v: must be greater than 0, and less than 1", r.Fraction)
	}
	return nil
}

func (r Rule) checkCode() error {
	known := codes()
	switch {
	case r.Action == Error && r.Status == 0 && r.Code == "":
		return errors.New(`error: say which: a code such as "SlowDown", a status such as 503, or both`)
	case r.Status != 0 && (r.Status < 300 || r.Status > 599):
		return fmt.Errorf("status %d: must be between 300 and 599", r.Status)
	case r.Status == 304:
		return errors.New("status 304: is no error")
	case r.Code != "" && known[r.Code] == 0 && r.Status == 0:
		return fmt.Errorf("%w; for another one, give its status, too", nearest.Unknown("code", r.Code, slices.Sorted(maps.Keys(known))))
	case strings.ContainsFunc(r.Code, func(c rune) bool { return c > 'z' || c < '0' || c > '9' && c < 'A' || c > 'Z' && c < 'a' }):
		return fmt.Errorf("code %q: codes of S3 have letters and digits only", r.Code)
	}
	return nil
}

func (r Rule) checkChance() error {
	switch {
	case !(r.Probability >= 0 && r.Probability <= 1): // NaN included
		return fmt.Errorf("probability %v: must be greater than 0, and at most 1", r.Probability)
	case r.Times < 0:
		return fmt.Errorf("times %d: must be at least 1", r.Times)
	case r.Nth < 0:
		return fmt.Errorf("nth %d: must be at least 1", r.Nth)
	case r.For < 0:
		return fmt.Errorf("for %s: must be more than 0s", r.For)
	}
	return nil
}

// able says why the rule could never act on an operation, nil if it could.
func (r Rule) able(o Operation) error {
	switch {
	case (r.Action == Truncate || r.Action == Corrupt) && o != GetObject:
		return fmt.Errorf("action %q acts on %s only, not on %s", r.Action, GetObject, o)
	case r.Action == Stale && o != ListObjects && o != ListObjectsV2:
		return fmt.Errorf("action %q acts on %s and %s only, not on %s", r.Action, ListObjects, ListObjectsV2, o)
	case r.Action == Late && o.reads():
		return fmt.Errorf("action %q acts on what changes something, and %s does not", r.Action, o)
	case r.Action == Reset && r.At == AtBody && o.bodiless():
		return fmt.Errorf(`at "body": a request of %s has none`, o)
	case r.Key != "" && r.Key != "*" && !o.named():
		return fmt.Errorf("key: %s names no object", o)
	case r.Bucket != "" && r.Bucket != "*" && o == ListBuckets:
		return fmt.Errorf("bucket: %s names none", o)
	}
	return nil
}
