package chaos

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/internal/strictjson"
)

// Plan is faults over time.
type Plan struct {
	seed   int64 // that it was made from; 0: none
	faults []Planned
}

// Planned is one fault of a plan.
type Planned struct {
	At   time.Duration   // since the plan began
	Spec json.RawMessage // as for Inject

	asked asked
}

// planSpec is what a plan is made of.
type planSpec struct {
	// Faults is a list in time: each fault with its "at", or, where the fault has an "at" of its own, {"at": "5s", "fault": {…}}.
	Faults []json.RawMessage `json:"faults"`

	// From are faults to choose from by chance, each with its own "for".
	From []json.RawMessage `json:"from"`
	// Seed of the choice. The same seed gives the same plan. Default: 1.
	Seed int64 `json:"seed"`
	// For is how long the plan is.
	For kafkaproxy.Duration `json:"for"`
	// Quiet is the least time without any fault between two storms. Default: "2s".
	Quiet kafkaproxy.Duration `json:"quiet"`
	// Storm is how long a storm lasts at most. Default: "4s", or as long as the longest fault.
	Storm kafkaproxy.Duration `json:"storm"`
	// Together is how many faults are active at once, at most. Default: 1.
	Together int `json:"together"`
}

// NewPlan reads a plan from JSON: a list of faults in time, or what to make one of by chance. It changes nothing: Follow carries it out.
func NewPlan(spec []byte) (*Plan, error) {
	var s planSpec
	err := strictjson.Read(spec, &s, "want an object", "seed", "quiet")
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	p := &Plan{seed: s.Seed}
	if s.From == nil {
		p.faults, err = s.list()
	} else {
		p.faults, p.seed, err = s.random()
	}
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	slices.SortStableFunc(p.faults, func(a, b Planned) int { return cmp.Compare(a.At, b.At) })
	return p, nil
}

func (s planSpec) check() error {
	switch {
	case s.Faults == nil && s.From == nil:
		return errors.New(`want "faults", a list in time, or "from", faults to choose from by chance`)
	case s.Faults != nil && s.From != nil:
		return errors.New("faults and from exclude each other: a list in time, or chance")
	case len(s.Faults) == 0 && len(s.From) == 0:
		return errors.New("there is no fault in it")
	case s.Faults != nil && (s.For != 0 || s.Quiet != 0 || s.Storm != 0 || s.Together != 0):
		return errors.New("for, quiet, storm and together belong to from: faults say themselves when they begin, and for how long")
	case s.From != nil && s.For <= 0:
		return errors.New(`for: say how long the plan is, such as "30s"`)
	case s.Quiet < 0 || s.Storm < 0:
		return errors.New("quiet and storm must not be negative")
	case s.Together < 0:
		return fmt.Errorf("together %d: must be at least 1", s.Together)
	}
	return nil
}

// list reads faults that say when they begin.
func (s planSpec) list() ([]Planned, error) {
	out := make([]Planned, len(s.Faults))
	for i, text := range s.Faults {
		var err error
		if out[i], err = planned(text); err != nil {
			return nil, fmt.Errorf("faults[%d]: %w", i, err)
		}
	}
	return out, nil
}

// planned reads one fault of a list.
func planned(text []byte) (p Planned, err error) {
	var given map[string]json.RawMessage
	if json.Unmarshal(text, &given) != nil || given == nil {
		return p, errors.New(`want a fault with the time at which it begins, such as {"at": "5s", "action": "roll"}`)
	}
	var at kafkaproxy.Duration
	if err := json.Unmarshal(given["at"], &at); err != nil || at < 0 {
		return p, errors.New(`at: say when it begins, such as "5s"`)
	}
	p.At = time.Duration(at)
	delete(given, "at")
	p.Spec = given["fault"]
	if p.Spec == nil {
		if p.Spec, err = json.Marshal(given); err != nil {
			return p, err
		}
	} else if len(given) > 1 {
		return p, errors.New(`a fault is {"at": …} with its own keys, or {"at": …, "fault": {…}}, not both`)
	}
	p.asked, err = parse(p.Spec)
	return p, err
}

// Faults are what the plan has, in time.
func (p *Plan) Faults() []Planned { return slices.Clone(p.faults) }

// MarshalJSON gives the list of faults, which NewPlan reads, and the seed that it was made from.
func (p *Plan) MarshalJSON() ([]byte, error) {
	faults := make([]json.RawMessage, len(p.faults))
	for i, f := range p.faults {
		var err error
		if faults[i], err = f.text(); err != nil {
			return nil, err
		}
	}
	return json.Marshal(struct {
		Seed   int64             `json:"seed,omitempty"`
		Faults []json.RawMessage `json:"faults"`
	}{p.seed, faults})
}

// text is the fault as an element of a list: with its time before everything else.
func (f Planned) text() ([]byte, error) {
	keys := f.keys()
	at := kafkaproxy.Duration(f.At)
	if keys["at"] != nil {
		return json.Marshal(struct {
			At    kafkaproxy.Duration `json:"at"`
			Fault json.RawMessage     `json:"fault"`
		}{at, f.Spec})
	}
	rest, err := json.Marshal(keys)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, `{"at":%q,%s`, at, bytes.TrimPrefix(rest, []byte("{"))), nil
}

// keys is the specification by its keys.
func (f Planned) keys() map[string]json.RawMessage {
	keys := map[string]json.RawMessage{}
	_ = json.Unmarshal(f.Spec, &keys) // it was read before
	return keys
}

// Text is the plan as a table for people, a line a fault.
func (p *Plan) Text() string {
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "at\tfor\tfault")
	for _, f := range p.faults {
		keys := f.keys()
		lasts := "–"
		if d, ok := f.asked.length(); ok {
			lasts = d.String()
		}
		for _, key := range []string{"for", "seed"} {
			delete(keys, key)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.At, lasts, inOneLine(keys))
	}
	_ = table.Flush() // into memory
	return out.String()
}

// inOneLine shows a specification without the noise of JSON.
func inOneLine(keys map[string]json.RawMessage) string {
	words := make([]string, 0, len(keys))
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		words = append(words, key+"="+strings.Trim(string(keys[key]), `"`))
	}
	return strings.Join(words, " ")
}

// length is how long a fault lasts, as far as that is said: false where it ends by itself, or not at all.
func (a asked) length() (time.Duration, bool) {
	return a.lasts, a.lasts > 0
}
