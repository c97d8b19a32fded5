package s3proxy

import (
	"encoding/json"
	"errors"
	"fmt"

	"k6suite/extension/internal/strictjson"
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
	return strictjson.Read(spec, r, `want an object such as {"storage": "PutObject", "action": "delay", "delay": "200ms"}`, "seed")
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
