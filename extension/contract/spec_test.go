package contract_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

var update = flag.Bool("update", false, "rewrite the tables in SPEC/ and DOCS/")

const root = "../.."

// stableIDs are the ids that saved verdicts and scripts of others may name: how many each group holds.
func stableIDs() []string {
	var out []string
	for _, g := range []struct {
		group string
		ids   int
	}{
		{"F1", 4},
		{"F2", 6},
		{"F3", 5},
		{"F4", 6},
		{"F5", 5},
		{"F6", 4},
		{"F7", 4},
		{"F8", 7},
		{"NFR1", 5},
		{"NFR2", 5},
		{"NFR3", 5},
		{"NFR4", 4},
		{"NFR5", 4},
	} {
		for n := 1; n <= g.ids; n++ {
			out = append(out, fmt.Sprintf("%s.%d", g.group, n))
		}
	}
	return out
}

func TestIDsAreStable(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, r := range contract.Requirements() {
		ids = append(ids, r.ID)
	}
	require.Equal(t, stableIDs(), ids)
}

// Each id is in SPEC with its rules, its claims and the scripts that judge it, the planned ones marked as such.
func TestSpec(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"SPEC/features.md", "SPEC/nfr.md", "SPEC/scenarios.md", "DOCS/test-reference.md"} {
		name := filepath.Join(root, filepath.FromSlash(file))
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		want := fillTables(t, string(text))
		if *update {
			require.NoError(t, os.WriteFile(name, []byte(want), 0o644))
			continue
		}
		require.Equal(t, want, string(text), "%s differs from extension/contract: go test ./extension/contract -run TestSpec -update", file)
	}
}

func TestSpecNamesEveryID(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, file := range []string{"features.md", "nfr.md"} {
		text, err := os.ReadFile(filepath.Join(root, "SPEC", file))
		require.NoError(t, err)
		all.Write(text)
	}
	row := regexp.MustCompile(`(?m)^\| (N?FR?\d\.\d) \|.*\| ([^|]+) \|$`)
	var found []string
	for _, match := range row.FindAllStringSubmatch(all.String(), -1) {
		found = append(found, match[1])
		require.NotEmpty(t, strings.TrimSpace(match[2]), "%s is judged by no script, and none is planned", match[1])
	}
	require.Equal(t, stableIDs(), found)
}

// Scripts and the scenarios agree on what is judged: neither side knows a script or an id that the other does not.
func TestScriptsNameWhatTheyJudge(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob(filepath.Join(root, "tests", "*.js"))
	require.NoError(t, err)
	line := regexp.MustCompile(`(?m)^// judges: (.+)$`)
	var found []string
	for _, script := range scripts {
		scenario, err := contract.ScenarioOf(script)
		require.NoError(t, err, "%s belongs to no scenario", script)
		require.True(t, scenario.Exists, "%s is said to be planned, and it is there", script)
		found = append(found, scenario.Script)
		text, err := os.ReadFile(script)
		require.NoError(t, err)
		lines := line.FindAllStringSubmatch(string(text), -1)
		require.Len(t, lines, 1, "%s needs one line \"// judges: F2.1 …\"", script)
		require.Equal(t, scenario.Judges, strings.Fields(lines[0][1]), "%s judges other ids than its scenario", script)
	}
	for _, scenario := range contract.Scenarios() {
		require.Equal(t, scenario.Exists, slices.Contains(found, scenario.Script), "%s", scenario.Script)
	}
}

// fillTables puts the table of each group between its markers.
func fillTables(t *testing.T, text string) string {
	t.Helper()
	markers := regexp.MustCompile(`(?s)<!-- (\w+) -->\n.*?<!-- /\w+ -->`)
	require.NotEmpty(t, markers.FindString(text))
	return markers.ReplaceAllStringFunc(text, func(block string) string {
		name := markers.FindStringSubmatch(block)[1]
		var table string
		switch name {
		case "scenarios":
			table = scenarioTable()
		case "scripts":
			table = scriptTable()
		case "rules":
			table = ruleTable()
		default:
			table = requirementTable(name)
		}
		return fmt.Sprintf("<!-- %s -->\n%s<!-- /%s -->", name, table, name)
	})
}

func requirementTable(group string) string {
	var b strings.Builder
	b.WriteString("| Id | Requirement | Broken by | Claims | Judged by |\n|---|---|---|---|---|\n")
	for _, r := range contract.Requirements() {
		if strings.HasPrefix(r.ID, group+".") {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.ID, r.Title, rules(r.Rules), words(r.Claims), judgedBy(r.ID))
		}
	}
	return b.String()
}

func rules(codes []ledger.Code) string {
	if len(codes) == 0 {
		return "an expectation"
	}
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = string(c)
	}
	return strings.Join(out, ", ")
}

func words(names []string) string {
	if len(names) == 0 {
		return "–"
	}
	return strings.Join(names, ", ")
}

// judgedBy names the scripts, or the whole scenario where each of its scripts judges the requirement.
func judgedBy(id string) string {
	var out []string
	for _, scenario := range []string{"S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10"} {
		all, scripts := 0, []string{}
		for _, s := range contract.Scenarios() {
			if s.ID != scenario {
				continue
			}
			all++
			if s.JudgesRequirement(id) && s.Exists {
				scripts = append(scripts, s.Script)
			} else if s.JudgesRequirement(id) {
				scripts = append(scripts, "planned: "+s.Script)
			}
		}
		switch {
		case len(scripts) == all && all > 1 && !strings.Contains(strings.Join(scripts, " "), "planned"):
			out = append(out, "all of "+scenario)
		case len(scripts) > 0:
			out = append(out, fmt.Sprintf("%s (%s)", strings.Join(scripts, ", "), scenario))
		}
	}
	return strings.Join(out, "; ")
}

func scenarioTable() string {
	var b strings.Builder
	b.WriteString("| Scenario | Script | Stage | Load and fault | Records | Judges |\n|---|---|---|---|---|---|\n")
	for _, s := range contract.Scenarios() {
		script, records := "`"+s.Script+".js`", strconv.FormatInt(s.MinAcked, 10)
		if !s.Exists {
			script, records = script+" *planned*", "–"
		}
		fmt.Fprintf(&b, "| %s %s | %s | %s | %s | %s | %s |\n", s.ID, s.Title, script, s.Stage, s.Load, records, strings.Join(s.Judges, " "))
	}
	return b.String()
}

func scriptTable() string {
	var b strings.Builder
	b.WriteString("| Script | Scenario | What it does | Records |\n|---|---|---|---|\n")
	for _, s := range contract.Scenarios() {
		if s.Exists {
			fmt.Fprintf(&b, "| `tests/%s.js` | %s %s | %s | %d |\n", s.Script, s.ID, s.Title, s.Load, s.MinAcked)
		}
	}
	return b.String()
}

func ruleTable() string {
	var b strings.Builder
	b.WriteString("| Rule | Broken when | Breaks |\n|---|---|---|\n")
	for _, rule := range ledger.Rules() {
		var ids []string
		for _, r := range contract.Requirements() {
			if r.BrokenBy(rule.Name()) {
				ids = append(ids, r.ID)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", rule.Name(), rule.Definition, strings.Join(ids, " "))
	}
	return b.String()
}
