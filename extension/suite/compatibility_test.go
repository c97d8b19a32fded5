package suite_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/report"
)

// runOf is the contract that a run of two scripts has left.
func runOf(t *testing.T, results, id string, subject contract.Subject, status contract.Status, lies map[string]int64) {
	t.Helper()
	subject.At = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	judgements := []contract.Judgement{
		{ID: "F2.1", Title: "produce", Status: status, Evidence: []string{"seen"}},
		{ID: "F3.1", Title: "in storage", Status: contract.NotClaimed, Evidence: []string{"not claimed"}},
	}
	merged := contract.Merge([]contract.Verdict{
		{
			Script: "diagnose", Run: id, Profile: "kafka-local", System: "kafka", Subject: subject, Status: status,
			Requirements: judgements, LieHits: lies,
		},
		{Script: "smoke_single", Run: id, Profile: "kafka-local", System: "kafka", Subject: subject, Status: contract.Pass},
	})
	require.NoError(t, report.Save(filepath.Join(results, id), merged))
}

func compatibility(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return execute(t.Context(), append([]string{"compatibility"}, args...)...)
}

func TestCompatibilityIsTheWorstOfEachTarget(t *testing.T) {
	t.Parallel()
	results := t.TempDir()
	one := contract.Subject{Version: "4.4.0", Brokers: 1, Suite: "aaa"}
	again := contract.Subject{Version: "4.4.0", Brokers: 1, Suite: "bbb"}
	three := contract.Subject{Version: "4.4.0", Brokers: 3, Suite: "aaa"}
	old := contract.Subject{Version: "3.9.2", Brokers: 3, Suite: "aaa"}
	runOf(t, results, "first", one, contract.Fail, nil)
	runOf(t, results, "second", again, contract.Pass, nil)
	runOf(t, results, "three", three, contract.Pass, nil)
	runOf(t, results, "old", old, contract.Inconclusive, nil)
	runOf(t, results, "lied", contract.Subject{Version: "0.0.1"}, contract.Fail, map[string]int64{"lose-record": 1})
	alone := contract.Verdict{Script: "smoke_single", System: "other", Status: contract.Pass}
	require.NoError(t, report.Save(filepath.Join(results, "alone"), alone))
	require.NoError(t, os.WriteFile(filepath.Join(results, "a file"), nil, 0o644))
	require.NoError(t, os.Mkdir(filepath.Join(results, "no verdict"), 0o755))

	text, err := compatibility(t, "--results", results)
	require.NoError(t, err)
	require.Regexp(t, `\| A \| kafka \| 3\.9\.2 \| 3 \| .kafka-local. \| 2 of \d+ \| 2026-03-04 \| aaa \| INCONCLUSIVE \|`, text)
	require.Regexp(t, `\| B \| kafka \| 4\.4\.0 \| 1 \| .* \| aaa, bbb|bbb, aaa \| FAIL \|`, text)
	require.Regexp(t, `\| C \| kafka \| 4\.4\.0 \| 3 \| .* \| PASS \|`, text)
	require.Regexp(t, `\| F2\.1 .* \| INCONCLUSIVE \| FAIL \| PASS \|\n`, text, "the later PASS does not make up for the FAIL")
	require.Regexp(t, `\| F3\.1 .* \| NOT CLAIMED \| NOT CLAIMED \| NOT CLAIMED \|\n`, text)
	require.NotContains(t, text, "| F7.1", "no script has judged it")
	require.Regexp(t, `on no target: .*F7\.1`, text)
	require.NotContains(t, text, "0.0.1", "a target that lies is nobody's")
	require.NotContains(t, text, "| other |", "one script alone is no contract")
}

func TestCompatibilityIsWrittenBetweenItsMarks(t *testing.T) {
	t.Parallel()
	results := t.TempDir()
	runOf(t, results, "run", contract.Subject{Version: "4.4.0", Brokers: 1}, contract.Pass, nil)
	file := filepath.Join(t.TempDir(), "document.md")
	require.NoError(t, os.WriteFile(file, []byte("before\n<!-- verdicts -->\nold\n<!-- /verdicts -->\nafter\n"), 0o644))
	for range 2 {
		_, err := compatibility(t, "--results", results, "--file", file)
		require.NoError(t, err)
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Regexp(t, `(?s)^before\n<!-- verdicts -->\n\| \| System .*\n<!-- /verdicts -->\nafter\n$`, string(text))
	require.NotContains(t, string(text), "old")

	require.NoError(t, os.WriteFile(file, []byte("nothing here\n"), 0o644))
	_, err = compatibility(t, "--results", results, "--file", file)
	require.Equal(t, 1, exitOf(t, err))
	require.ErrorContains(t, err, "<!-- verdicts -->")
	text, err = os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "nothing here\n", string(text))
}

func TestCompatibilityOfNothing(t *testing.T) {
	t.Parallel()
	_, err := compatibility(t, "--results", t.TempDir())
	require.Equal(t, 1, exitOf(t, err))
	require.ErrorContains(t, err, "no run of several scripts")
	_, err = compatibility(t, "--results", filepath.Join(t.TempDir(), "nowhere"))
	require.Equal(t, 1, exitOf(t, err))
	results := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(results, "torn"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(results, "torn", report.VerdictFile), []byte("{"), 0o644))
	_, err = compatibility(t, "--results", results)
	require.ErrorContains(t, err, "torn", "a verdict that cannot be read may be a FAIL")
}
