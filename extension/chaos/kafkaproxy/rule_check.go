package kafkaproxy

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/nearest"
)

// Check says what is wrong with a rule: what can never match, or cannot act, is refused.
func (r Rule) Check() error {
	if _, err := r.compile(); err != nil {
		return fmt.Errorf("rule: %w", err)
	}
	return nil
}

// check looks at everything but which APIs the rule can act on.
func (r Rule) check() error {
	known := []string{
		string(Drop), string(Swallow), string(Delay), string(Duplicate), string(Error), string(Disconnect), string(Blackhole),
		string(Throttle), string(Reorder), string(Corrupt),
	}
	switch {
	case r.Action == "":
		return fmt.Errorf("action is missing (there are: %s)", strings.Join(known, ", "))
	case !slices.Contains(known, string(r.Action)):
		return nearest.Unknown("action", string(r.Action), known)
	case r.On != "" && r.On != OnRequest && r.On != OnResponse:
		return nearest.Unknown("on", string(r.On), []string{string(OnRequest), string(OnResponse)})
	case r.Partition != nil && *r.Partition < 0:
		return fmt.Errorf("partition %d: partitions are numbered from 0", *r.Partition)
	case r.Broker != nil && *r.Broker < 0:
		return fmt.Errorf("broker %d: node ids are not negative", *r.Broker)
	}
	return errors.Join(r.checkSelectors(), r.checkAction(), r.checkChance())
}

func (r Rule) checkSelectors() error {
	var all error
	for name, glob := range map[string]string{"topic": r.Topic, "group": r.Group, "clientId": r.ClientID} {
		if _, err := path.Match(slashless(glob), ""); err != nil {
			all = errors.Join(all, fmt.Errorf("%s %q: not a glob: * is any run of characters, ? one, [a-c] one of these", name, glob))
		}
	}
	if i := strings.IndexFunc(r.Topic, func(c rune) bool { return !strings.ContainsRune(topicCharacters+`*?[]^\`, c) }); i >= 0 {
		all = errors.Join(all, fmt.Errorf("topic %q can never match: names of topics have letters, digits, '.', '_' and '-' only", r.Topic))
	}
	for name, expression := range map[string]string{"key": r.Key, "value": r.Value} {
		if _, err := regexp.Compile(expression); err != nil {
			all = errors.Join(all, fmt.Errorf("%s: %w", name, err))
		}
	}
	return all
}

const topicCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// slashless has no slash mean anything in a glob: path.Match would not let * go beyond one.
func slashless(s string) string { return strings.ReplaceAll(s, "/", "\x00") }

// checkAction looks at what only some actions have.
func (r Rule) checkAction() error {
	for _, field := range []struct {
		name  string
		given bool
		of    Action
	}{
		{"delay", r.Delay != 0, Delay},
		{"jitter", r.Jitter != 0, Delay},
		{"error", r.Error != "", Error},
		{"bytesPerSecond", r.BytesPerSecond != 0, Throttle},
		{"what", r.What != "", Corrupt},
	} {
		if field.given && r.Action != field.of {
			return fmt.Errorf("%s belongs to action %q, not to %q", field.name, field.of, r.Action)
		}
	}
	switch r.Action {
	case Duplicate, Reorder:
		if r.On == OnResponse {
			return fmt.Errorf("on: action %q acts on requests only", r.Action)
		}
	case Delay:
		if r.Delay <= 0 {
			return errors.New(`delay: say for how long, such as "200ms"`)
		}
		if r.Jitter < 0 || r.Jitter > r.Delay {
			return fmt.Errorf("jitter %s: must be between 0s and the delay, %s", r.Jitter, r.Delay)
		}
	case Error:
		_, err := codeOf(r.Error)
		return err
	case Throttle:
		if r.BytesPerSecond <= 0 {
			return errors.New("bytesPerSecond: say how many, at least 1")
		}
	case Corrupt:
		if r.What != "" && r.What != SpoilValue && r.What != SpoilChecksum {
			return nearest.Unknown("what", string(r.What), []string{string(SpoilValue), string(SpoilChecksum)})
		}
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

// able says why the rule could never act on an API, nil if it could.
func (r Rule) able(key kmsg.Key) error {
	only := func(want ...kmsg.Key) error {
		if slices.Contains(want, key) {
			return nil
		}
		names := make([]string, len(want))
		for i, k := range want {
			names[i] = k.Name()
		}
		return fmt.Errorf("action %q acts on %s only, not on %s", r.Action, strings.Join(names, " and "), key.Name())
	}
	var err error
	switch r.Action {
	case Drop, Corrupt:
		err = only(kmsg.Produce, kmsg.Fetch)
	case Duplicate, Reorder:
		err = only(kmsg.Produce)
	case Error:
		if !hasField(kmsg.ResponseForKey(int16(key)), "ErrorCode") {
			err = fmt.Errorf("a response of %s has no place for an error", key.Name())
		}
	}
	if err != nil {
		return err
	}
	return errors.Join(r.ableToSelect(key), r.ableToGo(key))
}

func (r Rule) ableToSelect(key kmsg.Key) error {
	request, response := kmsg.RequestForKey(int16(key)), kmsg.ResponseForKey(int16(key))
	has := func(names ...string) bool {
		return hasField(request, names...) || r.direction(key) == OnResponse && hasField(response, names...)
	}
	switch {
	case r.Topic != "" && !has("Topic", "TopicID", "TopicNames", "ResourceName"):
		return fmt.Errorf("topic: %s does not name topics when it is a %s", key.Name(), r.direction(key))
	case r.Partition != nil && !has("Partition", "Partitions"):
		return fmt.Errorf("partition: %s does not name partitions when it is a %s", key.Name(), r.direction(key))
	case r.Group != "" && key != kmsg.FindCoordinator && !hasField(request, "Group", "GroupID", "Groups", "GroupIDs"):
		return fmt.Errorf("group: %s does not name groups", key.Name())
	case (r.Key != "" || r.Value != "") && key != kmsg.Produce && key != kmsg.Fetch:
		return fmt.Errorf("key and value: %s moves no records: Produce and Fetch do", key.Name())
	case (r.Key != "" || r.Value != "") && key == kmsg.Fetch && r.direction(key) == OnRequest:
		return errors.New("key and value: a Fetch request has no records, its response does")
	}
	return nil
}

// ableToGo looks at the direction.
func (r Rule) ableToGo(key kmsg.Key) error {
	travel := usual(key)
	if (r.Action == Drop || r.Action == Corrupt) && r.On != "" && r.On != travel {
		return fmt.Errorf("on %q: the records of %s travel in its %s", r.On, key.Name(), travel)
	}
	return nil
}

// usual is where rules act on an API if they do not say.
func usual(key kmsg.Key) Direction {
	if key == kmsg.Fetch {
		return OnResponse
	}
	return OnRequest
}

// direction is where the rule acts on an API.
func (r Rule) direction(key kmsg.Key) Direction {
	switch {
	case r.On != "":
		return r.On
	case r.Action == Blackhole:
		return OnRequest // from where on it acts both ways
	}
	return usual(key)
}

// keys are the APIs that the rule acts on.
func (r Rule) keys() (map[kmsg.Key]bool, error) {
	known, keys := apis(), map[kmsg.Key]bool{}
	for _, name := range r.API {
		key, ok := known[name]
		if !ok {
			return nil, nearest.Unknown("api", name, sortedKeys(known))
		}
		if err := r.able(key); err != nil {
			return nil, fmt.Errorf("api %q: %w", name, err)
		}
		keys[key] = true
	}
	if len(r.API) > 0 {
		return keys, nil
	}
	if (r.Action == Drop || r.Action == Corrupt) && r.On == "" {
		return nil, fmt.Errorf(`action %q: say of which api: "Produce", "Fetch" or both`, r.Action)
	}
	for _, key := range known {
		if r.able(key) == nil {
			keys[key] = true
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("no api fits all that is asked for: %w", errors.Join(r.able(kmsg.Produce), r.able(kmsg.Fetch)))
	}
	return keys, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
