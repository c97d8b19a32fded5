package profile

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the table in DOCS/profiles.md")

// The table of values in the documentation is made from the schema, which is the one source of both.
func TestDocumentedVariables(t *testing.T) {
	t.Parallel()
	const file = "../../DOCS/profiles.md"
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	s, err := newSchema()
	require.NoError(t, err)
	block := regexp.MustCompile(`(?s)<!-- variables -->\n.*?<!-- /variables -->`)
	require.Len(t, block.FindAllString(string(text), -1), 1)
	want := block.ReplaceAllLiteralString(string(text), "<!-- variables -->\n"+variableTable(t, s)+"<!-- /variables -->")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(text), "differs from the schema: go test ./extension/profile -run TestDocumentedVariables -update")
}

func variableTable(t *testing.T, s *schema) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| Value | Default | What it is | Variable |\n|---|---|---|---|\n")
	for _, l := range leaves(s.profile) {
		at, standard := s.profile, "–"
		for _, name := range l.path {
			at = resolve(at).Properties[name]
		}
		if d := defaultOf(at); d != nil {
			text, err := json.Marshal(*d)
			require.NoError(t, err)
			standard = "`" + string(text) + "`"
		}
		what := resolve(at).Description + words(resolve(at))
		fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` |\n", strings.Join(l.path, "."), standard, what, l.variable)
	}
	return b.String()
}

// words lists what an enum allows.
func words(s *jsonschema.Schema) string {
	if s.Enum == nil {
		return ""
	}
	return ": " + list(s.Enum.Values)
}

func TestVariablesAreUnambiguous(t *testing.T) {
	t.Parallel()
	s, err := newSchema()
	require.NoError(t, err)
	all := leaves(s.profile)
	seen := map[string][]string{}
	for _, l := range all {
		require.NotContains(t, seen, l.variable, "%v and %v", seen[l.variable], l.path)
		seen[l.variable] = l.path
	}
	require.Equal(t, []string{"objectStore", "bucket"}, seen["K6_PROFILE_OBJECT_STORE_BUCKET"])
	require.Equal(t, []string{"client", "tls", "insecureSkipVerify"}, seen["K6_PROFILE_CLIENT_TLS_INSECURE_SKIP_VERIFY"])
	for variable := range shortForms() {
		require.Contains(t, seen, variable)
	}
}
