package profile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"k6suite/extension/internal/nearest"
)

const overridePrefix = "K6_PROFILE_"

// leaf is one value of a profile that an environment variable can override.
type leaf struct {
	variable string
	path     []string
	types    []string // JSON types; none for an enum of words
}

// leaves derives the variables from the schema by one rule: K6_PROFILE_ and the path in upper snake case.
func leaves(s *jsonschema.Schema, path ...string) []leaf {
	s = resolve(s)
	if !isObject(s) {
		l := leaf{variable: variableOf(path), path: path}
		if s.Types != nil {
			l.types = s.Types.ToStrings()
		}
		return []leaf{l}
	}
	var all []leaf
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		all = append(all, leaves(s.Properties[name], append(slices.Clone(path), name)...)...)
	}
	return all
}

// variableOf turns {"objectStore", "bucket"} into K6_PROFILE_OBJECT_STORE_BUCKET.
func variableOf(path []string) string {
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(overridePrefix, "_"))
	for _, name := range path {
		b.WriteByte('_')
		for _, r := range name {
			if unicode.IsUpper(r) {
				b.WriteByte('_')
			}
			b.WriteRune(unicode.ToUpper(r))
		}
	}
	return b.String()
}

// shortForms are the documented second names of variables.
func shortForms() map[string]string {
	return map[string]string{"K6_PROFILE_BROKERS": "K6_BROKERS"}
}

// override writes the values of environment variables into a profile and says which path came from which variable. A
// variable that is set to nothing counts as not set.
func override(s *schema, object map[string]any, env Lookup, environ []string) (map[string]string, error) {
	all := leaves(s.profile)
	if err := refuseUnknown(all, environ); err != nil {
		return nil, err
	}
	from := map[string]string{}
	for _, l := range all {
		variable, text, err := lookup(l.variable, env)
		if err != nil {
			return nil, err
		}
		if text == "" {
			continue
		}
		if err := set(object, l.path, parse(text, l.types)); err != nil {
			return nil, fmt.Errorf("%s: %w", variable, err)
		}
		from[strings.Join(l.path, ".")] = variable
	}
	return from, nil
}

// refuseUnknown finds K6_PROFILE_… variables that override nothing: a misspelt one would be ignored in silence.
func refuseUnknown(all []leaf, environ []string) error {
	known := make([]string, 0, len(all))
	for _, l := range all {
		known = append(known, l.variable)
	}
	var wrong []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, overridePrefix) && value != "" && !slices.Contains(known, name) {
			wrong = append(wrong, name)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	if near := nearest.Word(wrong[0], known); near != "" {
		return fmt.Errorf("environment variable %s overrides nothing in a profile: did you mean %s?", wrong[0], near)
	}
	return fmt.Errorf("environment variable %s overrides nothing in a profile: the names are K6_PROFILE_ and the path of a value, "+
		"such as %s", wrong[0], variableOf([]string{"objectStore", "bucket"}))
}

func lookup(variable string, env Lookup) (name, text string, err error) {
	text, _ = env(variable)
	short, ok := shortForms()[variable]
	if !ok {
		return variable, text, nil
	}
	other, _ := env(short)
	if text != "" && other != "" && text != other {
		return "", "", fmt.Errorf("%s and %s say different things: set one of them", variable, short)
	}
	if other != "" {
		return short, other, nil
	}
	return variable, text, nil
}

// set writes a value at a path and makes the sections on the way.
func set(object map[string]any, path []string, value any) error {
	for _, name := range path[:len(path)-1] {
		section, given := object[name]
		if !given {
			section = map[string]any{}
			object[name] = section
		}
		next, ok := section.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is not a section", name)
		}
		object = next
	}
	object[path[len(path)-1]] = value
	return nil
}
