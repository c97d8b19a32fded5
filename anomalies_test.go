package k6suite_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/embedded"
	"k6suite/extension/ledger"
)

// goTests are the tests of the extension by name, with their text; one name may stand in several packages.
func goTests(t *testing.T) map[string]string {
	t.Helper()
	begin := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	all := make(map[string]string)
	require.NoError(t, filepath.WalkDir("extension", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, function := range strings.SplitAfter(string(text), "\n}\n") {
			if name := begin.FindStringSubmatch(function); name != nil {
				all[name[1]] += function
			}
		}
		return err
	}))
	return all
}

// DOCS/anomalies.md compares rules with what others look for: what it names is there, and what it says nothing of has no test.
func TestAnomaliesNameWhatIsThere(t *testing.T) {
	t.Parallel()
	judges, lies := make(map[string]bool), make(map[string]string)
	for _, r := range ledger.Rules() {
		judges[string(r.Code)], judges[string(r.Name())] = true, true
	}
	for _, r := range contract.Requirements() {
		judges[r.ID] = true
	}
	for _, l := range embedded.Lies() {
		lies[l.Name] = l.Rule
	}
	tests := goTests(t)
	named, quoted := regexp.MustCompile("`([^`]+)`"), regexp.MustCompile(`"[^"]+"`)

	document, err := os.ReadFile("DOCS/anomalies.md")
	require.NoError(t, err)
	text, rest, found := strings.Cut(string(document), "No row above has these rules:")
	require.True(t, found)
	besides := strings.Split(strings.Join(strings.Fields(strings.TrimRight(rest, ".\n")), " "), ", ")
	for _, rule := range besides {
		require.True(t, judges[rule], "no such rule: %s", rule)
	}
	rows := 0
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(line, "|\n"), "|")
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| Anomaly") {
			continue
		}
		rows++
		require.Len(t, cells, 5, line)
		rules, cases, told := strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]), named.FindAllStringSubmatch(cells[3], -1)
		if rules == "none yet" {
			require.Empty(t, cases+strings.TrimSpace(cells[3]), line)
			continue
		}
		for rule := range strings.SplitSeq(rules, ", ") {
			require.True(t, judges[rule], "no such rule: %s", rule)
			require.NotContains(t, besides, rule)
		}
		for _, lie := range told {
			require.Contains(t, strings.Split(rules, ", "), lies[lie[1]], "lie %s", lie[1])
		}
		for group := range strings.SplitSeq(cases, "; ") {
			name := named.FindStringSubmatch(group)
			require.NotNil(t, name, line)
			require.NotEmpty(t, tests[name[1]], "no such test: %s", name[1])
			for _, fires := range quoted.FindAllString(group, -1) {
				require.Contains(t, tests[name[1]], "name: "+fires+", codes:", "no rule fires in %s %s", name[1], fires)
			}
		}
	}
	require.Greater(t, rows, 50)
}
