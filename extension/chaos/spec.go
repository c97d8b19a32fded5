package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/chaos/s3proxy"
	"k6suite/extension/internal/nearest"
	"k6suite/extension/internal/strictjson"
)

// asked is a specification that was read and checked.
type asked struct {
	spec   json.RawMessage // as it was given
	family Family
	action string
	lasts  time.Duration // 0: until it is stopped, or by itself
	outage bool

	wire      kafkaproxy.Rule
	storage   s3proxy.Rule
	processes processSpec
}

// Check says what is wrong with a fault's specification, in JSON, without injecting it.
func Check(spec []byte) error {
	_, err := parse(spec)
	return err
}

func parse(spec []byte) (asked, error) {
	a := asked{spec: slices.Clone(spec)}
	var err error
	if a.family, err = familyOf(spec); err != nil {
		return a, fmt.Errorf("fault: %w", err)
	}
	switch a.family {
	case Processes:
		a.processes, err = parseProcess(spec)
		a.action, a.lasts = string(a.processes.Action), a.processes.lasting()
	case Storage:
		a.storage, err = s3proxy.ParseRule(spec)
		a.action, a.lasts, a.outage = string(a.storage.Action), time.Duration(a.storage.For), a.storage.Outage()
	default:
		a.wire, err = kafkaproxy.ParseRule(spec)
		a.action, a.lasts = string(a.wire.Action), time.Duration(a.wire.For)
	}
	return a, err
}

// familyOf tells the families apart. What could be of any is left to that whose keys it has, so that its errors fit.
func familyOf(spec []byte) (Family, error) {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(spec, &given); err != nil || given == nil {
		return "", errors.Join(errors.New(`want an object such as {"broker": "any", "action": "kill", "for": "10s"} or `+
			`{"api": "Produce", "action": "drop"} or {"storage": "PutObject", "action": "delay", "delay": "200ms"}`), err)
	}
	if given["storage"] != nil {
		return Storage, nil
	}
	var name string
	_ = json.Unmarshal(given["action"], &name) // what is no text belongs to no family: the wire's errors say so
	broker := given["broker"]
	numbered := json.Unmarshal(broker, new(int)) == nil
	switch {
	case slices.Contains(processActions(), name):
		return Processes, nil
	case slices.Contains(wireActions(), name):
		return Wire, misspelt(given)
	case broker != nil && !numbered, onlyOf(given, processKeys(), wireKeys()):
		return Processes, nil
	case name == "" || onlyOf(given, wireKeys(), processKeys()):
		return Wire, misspelt(given)
	}
	return "", nearest.Unknown("action", name, slices.Concat(processActions(), wireActions()))
}

// onlyOf reports whether a key is given that the one family has and the other has not.
func onlyOf(given map[string]json.RawMessage, family, other []string) bool {
	for key := range given {
		if slices.Contains(family, key) && !slices.Contains(other, key) {
			return true
		}
	}
	return false
}

// misspelt finds the one key that decides on a family of its own: no other family would think of it.
func misspelt(given map[string]json.RawMessage) error {
	known := wireKeys()
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(known, key) && nearest.Word(key, append(known, "storage")) == "storage" {
			return nearest.Unknown("key", key, append(known, "storage"))
		}
	}
	return nil
}

func wireKeys() []string    { return strictjson.Keys(reflect.TypeFor[kafkaproxy.Rule]()) }
func processKeys() []string { return strictjson.Keys(reflect.TypeFor[processSpec]()) }

func wireActions() []string {
	return wordsOf(
		kafkaproxy.Drop, kafkaproxy.Swallow, kafkaproxy.Delay, kafkaproxy.Duplicate, kafkaproxy.Error, kafkaproxy.Disconnect,
		kafkaproxy.Blackhole, kafkaproxy.Throttle, kafkaproxy.Reorder, kafkaproxy.Corrupt,
	)
}

func wordsOf[T ~string](words ...T) []string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = string(word)
	}
	return out
}

// start is how a fault begins that was found to be possible.
type start struct {
	begin  func(*Handle) (fault, error)
	giveUp func() // instead of begin
}

// prepare finds what the fault acts on; it changes nothing yet.
func (c *Controller) prepare(ctx context.Context, a asked) (start, error) {
	switch a.family {
	case Processes:
		if c.fleet == nil {
			return start{}, c.missing(a.family)
		}
		return c.fleet.prepare(ctx, a.processes)
	case Storage:
		if c.options.Storage == nil {
			return start{}, c.missing(a.family)
		}
		return starting(func() (StorageFault, error) { return c.options.Storage.Inject(a.storage) }), nil
	default:
		if c.options.Kafka == nil {
			return start{}, c.missing(a.family)
		}
		return starting(func() (*kafkaproxy.Fault, error) { return c.options.Kafka.Inject(a.wire) }), nil
	}
}

// missing says why there is nothing that a family could act on.
func (c *Controller) missing(family Family) error {
	why := map[Family]error{
		Processes: c.options.WithoutPlatform, Storage: c.options.WithoutStorage, Wire: c.options.WithoutKafka,
	}[family]
	if why == nil {
		return fmt.Errorf("nothing is there that faults on %s could act on", family)
	}
	return why
}

// starting is the start of a fault that a proxy makes: it takes nothing before.
func starting[F fault](inject func() (F, error)) start {
	return start{giveUp: func() {}, begin: func(*Handle) (fault, error) {
		f, err := inject()
		if err != nil {
			return nil, err // and no fault, rather than one that is a nil pointer
		}
		return f, nil
	}}
}
