package profile

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"k6suite/config"
)

const schemaURL = "https://k6suite.invalid/profile.schema.json"

// schema is the compiled profile.schema.json: of a whole file, and of one profile in it.
type schema struct {
	compiler *jsonschema.Compiler
	file     *jsonschema.Schema
	profile  *jsonschema.Schema
}

func newSchema() (*schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema()))
	if err != nil {
		return nil, fmt.Errorf("profile.schema.json: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	for _, format := range formats() {
		c.RegisterFormat(format)
	}
	if err := c.AddResource(schemaURL, doc); err != nil {
		return nil, fmt.Errorf("profile.schema.json: %w", err)
	}
	s := &schema{compiler: c}
	if s.file, err = c.Compile(schemaURL); err != nil {
		return nil, fmt.Errorf("profile.schema.json: %w", err)
	}
	if s.profile, err = c.Compile(schemaURL + "#/$defs/profile"); err != nil {
		return nil, fmt.Errorf("profile.schema.json: %w", err)
	}
	return s, nil
}

// resolve follows $ref to the schema that holds the keywords.
func resolve(s *jsonschema.Schema) *jsonschema.Schema {
	for s.Ref != nil {
		s = s.Ref
	}
	return s
}

// isObject reports whether the schema describes a section rather than a value.
func isObject(s *jsonschema.Schema) bool {
	return s.Types != nil && slices.Contains(s.Types.ToStrings(), "object")
}

// defaultOf finds the default where a schema is used, else where it is defined.
func defaultOf(s *jsonschema.Schema) *any {
	for ; s != nil; s = s.Ref {
		if s.Default != nil {
			return s.Default
		}
	}
	return nil
}

// fill puts the schema's defaults where a profile says nothing. What has a wrong type is left for validation to refuse.
func fill(s *jsonschema.Schema, value any) {
	if items := resolve(s).Items2020; items != nil {
		elements, _ := value.([]any)
		for _, element := range elements {
			fill(items, element)
		}
		return
	}
	object, ok := value.(map[string]any)
	if !ok {
		return
	}
	for name, property := range resolve(s).Properties {
		if _, given := object[name]; !given {
			if d := defaultOf(property); d != nil {
				object[name] = clone(*d)
			}
		}
		if section, given := object[name]; given {
			fill(property, section)
		}
	}
}

// clone copies a JSON value, so that no two profiles share a section.
func clone(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = clone(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = clone(e)
		}
		return out
	default:
		return v
	}
}
