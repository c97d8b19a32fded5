package suite_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/report"
	"k6suite/extension/suite"
)

// execute runs a command of `k6 x suite` and gives what it printed.
func execute(ctx context.Context, args ...string) (string, error) {
	var text bytes.Buffer
	cmd := suite.NewCommand()
	cmd.SetOut(&text)
	cmd.SetErr(&text)
	cmd.SilenceUsage = true
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	return text.String(), err
}

// runSuite runs `x suite run` over the fake k6 and gives what it printed and its exit code.
func runSuite(ctx context.Context, t *testing.T, results string, args ...string) (out string, exit int, err error) {
	t.Helper()
	if results != "" {
		args = append([]string{"--results", results}, args...)
	}
	out, err = execute(ctx, append([]string{"run"}, args...)...)
	if e, ok := errors.AsType[*suite.ExitError](err); ok {
		exit = e.Code
	} else if err != nil {
		exit = -1
	}
	return out, exit, err
}

func TestRunExitsByTheWorstVerdict(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		scripts []string
		exit    int
		prints  string
	}{
		"all pass":     {[]string{"smoke_single.js", "smoke_concurrent.js"}, 0, "PASS"},
		"one fails":    {[]string{"smoke_single.js", "smoke_shared.js", "smoke_metrics.js"}, 2, "FAIL"},
		"inconclusive": {[]string{"smoke_single.js", "smoke_metrics.js"}, 3, "INCONCLUSIVE"},
		"a fail counts though another could not run": {[]string{"smoke_shared.js", "diagnose.js"}, 2, "could not run"},
		"no verdict": {[]string{"smoke_single.js", "diagnose.js"}, 1, "could not run"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, exit, err := runSuite(t.Context(), t, t.TempDir(), tc.scripts...)
			require.Equal(t, tc.exit, exit, "%s\n%v", out, err)
			require.Contains(t, out, tc.prints)
			require.Contains(t, out, "F2.1", "the contract is printed")
		})
	}
}

func TestRunSaysWhyThereIsNoVerdict(t *testing.T) {
	t.Parallel()
	_, exit, err := runSuite(t.Context(), t, t.TempDir(), "diagnose.js")
	require.Equal(t, 1, exit)
	require.ErrorContains(t, err, "k6 exited 107")
	require.ErrorContains(t, err, "something broke here")
}

func TestRunHandsFlagsAndProfileOn(t *testing.T) {
	t.Parallel()
	results := t.TempDir()
	_, exit, err := runSuite(t.Context(), t, results, "--profile", "kafka-local", "-e", "A=b.js", "smoke_single.js", "--quiet")
	require.Zero(t, exit, "%v", err)
	logs, err := filepath.Glob(filepath.Join(results, "*-smoke_single", "k6.log"))
	require.NoError(t, err)
	require.Len(t, logs, 1)
	log, err := os.ReadFile(logs[0])
	require.NoError(t, err)
	require.Contains(t, string(log), "-e A=b.js --quiet smoke_single.js")
	saved, err := os.ReadFile(filepath.Join(filepath.Dir(logs[0]), "verdict.json"))
	require.NoError(t, err)
	require.Contains(t, string(saved), `"profile": "kafka-local"`)
}

func TestResultsGoWhereTheEnvironmentSays(t *testing.T) {
	results := t.TempDir()
	t.Setenv("K6_RESULTS", results)
	_, exit, err := runSuite(t.Context(), t, "", "smoke_single.js")
	require.Zero(t, exit, "%v", err)
	saved, err := filepath.Glob(filepath.Join(results, "*", "verdict.json"))
	require.NoError(t, err)
	require.Len(t, saved, 2, "the script's and the whole")
}

func TestRunRefusesWhatItCannotRun(t *testing.T) {
	t.Parallel()
	_, exit, err := runSuite(t.Context(), t, t.TempDir(), "--stage", "nightly")
	require.Equal(t, 1, exit)
	require.ErrorContains(t, err, "pr, main, release")
	_, exit, err = runSuite(t.Context(), t, t.TempDir(), "--stage")
	require.Equal(t, 1, exit)
	require.ErrorContains(t, err, "--stage needs a value")
	_, exit, err = runSuite(t.Context(), t, t.TempDir()) // there is no tests/ here
	require.Equal(t, 1, exit)
	require.ErrorContains(t, err, "tests/")
}

// whenWaiting does what a Ctrl-C does, once the script waits for it.
func whenWaiting(ctx context.Context, logs string, interrupt func()) {
	defer interrupt()
	for waiting := time.NewTicker(10 * time.Millisecond); ctx.Err() == nil; <-waiting.C {
		found, _ := filepath.Glob(logs)
		if len(found) != 1 {
			continue
		}
		if log, _ := os.ReadFile(found[0]); bytes.Contains(log, []byte("waiting")) {
			return
		}
	}
}

func TestInterruptReachesTheScriptOnce(t *testing.T) {
	t.Parallel()
	results := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	go whenWaiting(t.Context(), filepath.Join(results, "*", "k6.log"), cancel)
	out, exit, err := runSuite(ctx, t, results, "produce_consume.js", "smoke_single.js")
	require.Equal(t, 3, exit, "%s\n%v", out, err)
	require.ErrorContains(t, err, "interrupted")
	require.NotContains(t, out, "smoke_single  ", "what had not begun is not run")
}

func TestLiesAreListedWithTheirRules(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	cmd := suite.NewCommand()
	cmd.SetOut(&text)
	cmd.SetArgs([]string{"lies"})
	require.NoError(t, cmd.Execute())
	require.Regexp(t, `lose-record +LOST_ACKED`, text.String())
}

func TestVerdictThatK6ContradictsIsNoPass(t *testing.T) {
	t.Parallel()
	_, exit, err := runSuite(t.Context(), t, t.TempDir(), "smoke_topic_autocreate.js")
	require.Equal(t, 1, exit, "the script was judged PASS, and k6 exited 99 all the same")
	require.ErrorContains(t, err, "was judged PASS, yet k6 exited 99")
}

func TestVerdictOfAnEarlierRunIsNotTakenForThisOnes(t *testing.T) {
	results := t.TempDir()
	t.Setenv("K6_RUN_ID", "again")
	dir := filepath.Join(results, "again-diagnose")
	require.NoError(t, report.Save(dir, contract.Verdict{Script: "diagnose", Status: contract.Pass}))
	_, exit, err := runSuite(t.Context(), t, results, "diagnose.js")
	require.Equal(t, 1, exit)
	require.ErrorContains(t, err, "left no verdict")
}

func TestLongRunIDsKeepScriptsApart(t *testing.T) {
	results := t.TempDir()
	t.Setenv("K6_RUN_ID", strings.Repeat("r", 64))
	out, exit, err := runSuite(t.Context(), t, results, "smoke_single.js", "smoke_concurrent.js")
	require.Zero(t, exit, "%s\n%v", out, err)
	verdicts, err := filepath.Glob(filepath.Join(results, "*", report.VerdictFile))
	require.NoError(t, err)
	require.Len(t, verdicts, 3, "one of each script and that of the contract")
}

func TestAProxyIsPutBeforeTheScriptsThatNeedOne(t *testing.T) {
	results := t.TempDir()
	t.Setenv("K6_PROFILE_CHAOS_KAFKA_PROXY", "")
	_, exit, err := runSuite(t.Context(), t, results, "--kafka-proxy", "mirror", "message_faults.js", "smoke_single.js", "of_a_user.js")
	require.Zero(t, exit, "%v", err)
	for script, want := range map[string]string{"message_faults": "proxy: mirror\n", "smoke_single": "proxy: \n", "of_a_user": "proxy: \n"} {
		logs, err := filepath.Glob(filepath.Join(results, "*-"+script, "k6.log"))
		require.NoError(t, err)
		require.Len(t, logs, 1)
		log, err := os.ReadFile(logs[0])
		require.NoError(t, err)
		require.Contains(t, string(log), want, script)
	}
}
