// Package config carries the profiles that the project ships, and their JSON Schema, inside the binary.
package config

import _ "embed"

//go:embed profiles.json
var profiles string

//go:embed profile.schema.json
var schema string

// Profiles is config/profiles.json as it was when the binary was built.
func Profiles() []byte { return []byte(profiles) }

// Schema is config/profile.schema.json (JSON Schema 2020-12) as it was when the binary was built.
func Schema() []byte { return []byte(schema) }
