package strictjson

import (
	"fmt"
	"time"
)

// Duration is a time.Duration that is written as "200ms" or "1m30s".
//
//nolint:recvcheck // to read it changes it, to write it does not
type Duration time.Duration

// String gives the form that UnmarshalText reads.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText gives the form that UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("want a duration such as \"200ms\" or \"10s\": %w", err)
	}
	*d = Duration(parsed)
	return nil
}
