package profile

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"k6suite/extension/internal/nearest"
)

// place says where a checked value stands, so that a problem can name it.
type place struct {
	file   string
	prefix []string          // path of the value in the file
	from   map[string]string // path below prefix → the environment variable that set it
}

// check validates a value and turns what is wrong into one line a problem, sorted, each with file and path.
func (s *schema) check(against *jsonschema.Schema, doc any, at place) error {
	err := against.Validate(doc)
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return fmt.Errorf("%s: %w", at.file, err)
	}
	lines := map[string]bool{}
	for _, problem := range innermost(invalid) {
		lines[at.line(problem.InstanceLocation, s.why(problem, doc))] = true
	}
	return errors.New(strings.Join(slices.Sorted(maps.Keys(lines)), "\n"))
}

// innermost gives the errors that have no further cause; the outer ones only say that something in them failed.
func innermost(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if _, choice := e.ErrorKind.(*kind.OneOf); choice || len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var all []*jsonschema.ValidationError
	for _, cause := range e.Causes {
		all = append(all, innermost(cause)...)
	}
	return all
}

func (p place) line(path []string, why string) string {
	where := p.file
	dotted := strings.Join(path, ".")
	for below, variable := range p.from {
		inside := strings.HasPrefix(dotted, below+".")
		holds := dotted != "" && strings.HasPrefix(below, dotted+".")
		if dotted == below || inside || holds {
			where = "environment variable " + variable
		}
	}
	full := pathText(append(slices.Clone(p.prefix), path...))
	if full == "" {
		return where + ": " + why
	}
	return where + ": " + full + ": " + why
}

// pathText writes {"profiles", "a", "brokers", "0"} as profiles.a.brokers[0].
func pathText(path []string) string {
	var b strings.Builder
	for i, name := range path {
		if _, err := strconv.Atoi(name); err == nil && i > 0 {
			fmt.Fprintf(&b, "[%s]", name)
			continue
		}
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(name)
	}
	return b.String()
}

// why says what is wrong with a value and what is allowed.
func (s *schema) why(e *jsonschema.ValidationError, doc any) string {
	at := s.at(e.SchemaURL)
	shown := show(at, doc, e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		return unknownKeys(k.Properties, at)
	case *kind.Required:
		return missing(k.Missing, at, e.SchemaURL)
	case *kind.Type:
		return fmt.Sprintf("%swants %s, not %s%s", shown, strings.Join(k.Want, " or "), k.Got, about(at))
	case *kind.Enum:
		return fmt.Sprintf("%sis not one of %s", shown, list(k.Want))
	case *kind.Format:
		return shown + k.Err.Error()
	case *kind.OneOf:
		return "wants exactly one of " + alternatives(at)
	case *kind.DependentRequired:
		return fmt.Sprintf("%s needs %s", k.Prop, strings.Join(k.Missing, " and "))
	case *kind.PropertyNames:
		return fmt.Sprintf("%q is not a usable name", k.Property)
	case *kind.Pattern, *kind.Const, *kind.Not, *kind.MinItems, *kind.MaxItems, *kind.Minimum, *kind.Maximum, *kind.MinLength:
		return fmt.Sprintf("%sis not allowed%s", shown, about(at))
	case *kind.UniqueItems:
		return "holds the same value twice" + about(at)
	default:
		return e.Error()
	}
}

// at finds the schema that refused a value; nil where it cannot be found.
func (s *schema) at(url string) *jsonschema.Schema {
	found, err := s.compiler.Compile(url)
	if err != nil {
		return &jsonschema.Schema{}
	}
	return found
}

func about(s *jsonschema.Schema) string {
	if s.Description == "" {
		return ""
	}
	return ": " + s.Description
}

func unknownKeys(keys []string, s *jsonschema.Schema) string {
	slices.Sort(keys)
	known := slices.Sorted(maps.Keys(s.Properties))
	if near := nearest.Word(keys[0], known); near != "" {
		return fmt.Sprintf("unknown key %q: did you mean %q?", keys[0], near)
	}
	return fmt.Sprintf("unknown key %q: the keys are %s", keys[0], strings.Join(known, ", "))
}

func missing(keys []string, s *jsonschema.Schema, url string) string {
	why := strings.Join(keys, ", ") + " is missing"
	if strings.Contains(url, "/then") || strings.Contains(url, "/else") {
		return why + about(s)
	}
	return why
}

func alternatives(s *jsonschema.Schema) string {
	var keys []string
	for _, option := range s.OneOf {
		keys = append(keys, option.Required...)
	}
	return strings.Join(keys, ", ")
}

func list(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

// show gives the wrong value, followed by a space, or nothing where it may be a secret: a value that the schema marks
// as writeOnly, or a text with an @ in it, which may be an address with a password.
func show(s *jsonschema.Schema, doc any, path []string) string {
	if s.WriteOnly {
		return ""
	}
	for _, name := range path {
		switch v := doc.(type) {
		case map[string]any:
			doc = v[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(v) {
				return ""
			}
			doc = v[i]
		}
	}
	text, err := json.Marshal(doc)
	if err != nil || len(text) > 60 || strings.Contains(string(text), "@") {
		return ""
	}
	if _, section := doc.(map[string]any); section {
		return ""
	}
	return string(text) + " "
}
