package js_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
)

func TestScriptThatThrowsIsInconclusiveAndSaysWhere(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "extension/js/testdata/throws.js")
	require.Equal(t, 99, k.wait(t), k.out.String())
	verdict := k.verdict(t)
	require.Equal(t, contract.Inconclusive, verdict.Status)
	require.Empty(t, verdict.Findings)
	require.Contains(t, verdict.Doubts[0].Text, "scenario main did not get to its end")
	require.Contains(t, verdict.Doubts[0].Text, "something the script did not foresee")
}

func TestScriptThatIsCutOffIsInconclusive(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "extension/js/testdata/cut_off.js")
	require.Equal(t, 99, k.wait(t), k.out.String())
	verdict := k.verdict(t)
	require.Equal(t, contract.Inconclusive, verdict.Status)
	require.Contains(t, verdict.Doubts[0].Text, "k6 cut 1 iterations off")
}

func TestSecondLedgerIsRefused(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "extension/js/testdata/two_ledgers.js")
	require.Equal(t, 107, k.wait(t), k.out.String())
	require.Contains(t, k.out.String(), "a script has one ledger")
	require.Contains(t, k.out.String(), "1000 records")
}

func TestVerdictCountsAndIsPrintedOnce(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "extension/js/testdata/judged_twice.js")
	require.Zero(t, k.wait(t), k.out.String())
	require.Equal(t, 1, strings.Count(k.out.String(), "Contract of diagnose"), "once, though TestEnd and Exit both end the process")
}

func TestTeardownThatThrowsDoesNotPass(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "-e", "THROW=1", "extension/js/testdata/judged_twice.js")
	require.NotZero(t, k.wait(t), k.out.String())
	require.Contains(t, k.out.String(), "teardown did not foresee this")
}

func TestOwnFlagForTheEnvironmentWorksLikeTheEnvironment(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "-e", "K6_LIE= lose-record ,", "-e", "K6_SEED=7", "tests/smoke_single.js")
	require.Equal(t, 99, k.wait(t), k.out.String())
	verdict := k.verdict(t)
	require.Equal(t, contract.Fail, verdict.Status)
	require.Positive(t, verdict.LieHits["lose-record"])
}

func TestEnvironmentThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ env, says string }{
		"seed":               {"K6_SEED=many", "a whole number"},
		"misspelt override":  {"K6_PROFILE_LIMITS_RECOVRY=1s", "K6_PROFILE_LIMITS_RECOVERY"},
		"lie about a target": {"K6_PROFILE=kafka-local", "only the embedded target lies"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := startK6(t, nil, "run", "-e", "K6_LIE=lose-record", "-e", tc.env, "tests/diagnose.js")
			require.NotZero(t, k.wait(t), k.out.String())
			require.Contains(t, k.out.String(), tc.says)
		})
	}
}

func TestResultsThatCannotBeWrittenEndTheRunAtOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a-file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	k := startK6(t, []string{"K6_RESULTS=" + file}, "run", "tests/diagnose.js")
	require.NotZero(t, k.wait(t), k.out.String())
	require.Contains(t, k.out.String(), file)
	require.NotContains(t, k.out.String(), "PASS ")
}

func TestKilledRunLeavesNothingThatTheNextOneTripsOver(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	k := startK6(t, []string{"TMPDIR=" + temp}, "run", "extension/js/testdata/endless.js")
	bootstrap := waitFor(t, k, `bootstrap ([0-9.:]+)`)
	require.NoError(t, k.cmd.Process.Signal(syscall.SIGKILL))
	k.wait(t)
	_, err := net.DialTimeout("tcp", bootstrap, time.Second)
	require.Error(t, err, "the embedded target is gone with its process")
	next := startK6(t, []string{"TMPDIR=" + temp}, "run", "tests/diagnose.js")
	require.Zero(t, next.wait(t), next.out.String())
	require.Equal(t, contract.Pass, next.verdict(t).Status)
}
