package kafkaproxy

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
	return strictjson.Read(spec, r, `want an object such as {"api": "Produce", "topic": "orders-*", "action": "drop"}`, "seed")
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
		return errors.New("an empty list matches nothing: leave it out to match all")
	}
	*n = list
	return nil
}

// UnmarshalJSON reads a name or a code.
func (e *ErrorName) UnmarshalJSON(text []byte) error {
	var code int16
	if json.Unmarshal(text, &code) == nil {
		name := nameOfCode(code)
		if name == "" {
			return fmt.Errorf("no error of the Kafka protocol has code %d", code)
		}
		*e = ErrorName(name)
		return nil
	}
	var name string
	if err := json.Unmarshal(text, &name); err != nil {
		return errors.New(`want the name of an error of the Kafka protocol, such as "NOT_LEADER_OR_FOLLOWER", or its code`)
	}
	*e = ErrorName(name)
	return nil
}
