package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"k6suite/config"
	"k6suite/extension/internal/nearest"
)

const (
	defaultFile = "config/profiles.json"
	builtIn     = "built in"
)

// Options say which profile to load. The zero value reads everything from the process's environment.
type Options struct {
	Name    string   // "" : K6_PROFILE, else embedded
	File    string   // "" : K6_PROFILES, else ./config/profiles.json if it exists, else the copy inside the binary
	Env     Lookup   // nil: os.LookupEnv
	Environ []string // "NAME=value", where misspelt K6_PROFILE_… are looked for; nil: os.Environ()
}

// Load reads, overrides and checks one profile. Its errors name the file or variable, the profile and the path of the
// wrong key, and say what is allowed; they never hold a secret.
//
// Environment: K6_PROFILE the name; K6_PROFILES the file; K6_TARGET=kafka reduces the claims to what every
// Kafka-compatible system promises; K6_RUN_ID names the run; K6_PROFILE_… (K6_BROKERS for short) overrides one value.
func Load(o Options) (*Profile, error) {
	o = o.withDefaults()
	s, err := newSchema()
	if err != nil {
		return nil, err
	}
	file, profiles, err := readFile(s, o)
	if err != nil {
		return nil, err
	}
	name := firstOf(o.Name, value(o.Env, "K6_PROFILE"), Embedded)
	object, ok := profiles[name].(map[string]any)
	if !ok {
		return nil, unknownProfile(name, file, slices.Sorted(maps.Keys(profiles)))
	}
	if err := reduce(object, value(o.Env, "K6_TARGET")); err != nil {
		return nil, err
	}
	from, err := override(s, object, o.Env, o.Environ)
	if err != nil {
		return nil, err
	}
	fill(s.profile, object)
	if err := s.check(s.profile, object, place{file: file, prefix: []string{"profiles", name}, from: from}); err != nil {
		return nil, err
	}
	return decode(object, name, file, o.Env)
}

// Names lists the profiles of the file that Load would read.
func Names(o Options) ([]string, error) {
	s, err := newSchema()
	if err != nil {
		return nil, err
	}
	_, profiles, err := readFile(s, o.withDefaults())
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(profiles)), nil
}

func (o Options) withDefaults() Options {
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	return o
}

// readFile finds the file, checks all of it and gives its profiles with defaults.
func readFile(s *schema, o Options) (file string, profiles map[string]any, err error) {
	file, text, err := source(firstOf(o.File, value(o.Env, "K6_PROFILES")))
	if err != nil {
		return "", nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", file, withLine(text, err))
	}
	root, _ := doc.(map[string]any)
	profiles, _ = root["profiles"].(map[string]any)
	for _, object := range profiles {
		fill(s.profile, object)
	}
	if err := s.check(s.file, doc, place{file: file}); err != nil {
		return "", nil, err
	}
	return file, profiles, nil
}

// source reads the named file; without a name the one of the working directory, and where there is none the copy
// inside the binary.
func source(named string) (file string, text []byte, err error) {
	if named != "" {
		text, err = os.ReadFile(named)
		if err != nil {
			return "", nil, fmt.Errorf("profiles file: %w", err)
		}
		return named, text, nil
	}
	text, err = os.ReadFile(defaultFile)
	switch {
	case err == nil:
		return defaultFile, text, nil
	case errors.Is(err, fs.ErrNotExist):
		return builtIn, config.Profiles(), nil
	default:
		return "", nil, fmt.Errorf("profiles file: %w", err)
	}
}

// withLine adds to a JSON error the line where it was found.
func withLine(text []byte, err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		line := 1 + bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n"))
		return fmt.Errorf("line %d: not JSON: %w", line, err)
	}
	return fmt.Errorf("not JSON: %w", err)
}

func unknownProfile(name, file string, names []string) error {
	hint := ""
	if near := nearest.Word(name, names); near != "" {
		hint = fmt.Sprintf(" (did you mean %s?)", near)
	}
	return fmt.Errorf("%s: no profile %q%s: the profiles are %s", file, name, hint, strings.Join(names, ", "))
}

// reduce leaves, for K6_TARGET=kafka, the claims that every Kafka-compatible system makes.
func reduce(object map[string]any, target string) error {
	switch target {
	case "":
		return nil
	case "kafka":
	default:
		return fmt.Errorf("K6_TARGET=%q: want kafka (the lowest common denominator of Kafka-compatible systems), or leave it unset", target)
	}
	claims, ok := object["claims"].(map[string]any)
	if !ok {
		return nil // Absent: nothing is claimed.
	}
	for claim := range claims {
		claims[claim] = claim == "groups" && claims[claim] == true
	}
	return nil
}

func decode(object map[string]any, name, file string, env Lookup) (*Profile, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("%s: profiles.%s: %w", file, name, err)
	}
	p := &Profile{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(p); err != nil {
		return nil, fmt.Errorf("%s: profiles.%s: %w", file, name, err)
	}
	if err := p.Chaos.check(); err != nil {
		return nil, fmt.Errorf("%s: profiles.%s.chaos.%w", file, name, err)
	}
	p.Name, p.File = name, file
	p.claimed(value(env, "K6_TARGET") != "")
	if p.RunID, err = runID(env); err != nil {
		return nil, err
	}
	return p, nil
}

func value(env Lookup, name string) string {
	text, _ := env(name)
	return text
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
