package js_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/cmd"

	_ "k6suite/extension" // what xk6 builds into k6
	"k6suite/extension/contract"
	"k6suite/extension/report"
)

// asK6 makes this test binary be k6, with the extension as xk6 builds it in.
const asK6 = "K6SUITE_TEST_BINARY_IS_K6"

func TestMain(m *testing.M) {
	if os.Getenv(asK6) != "" {
		cmd.Execute()
		return
	}
	os.Exit(m.Run())
}

// k6 is one k6 process in the root of the repository.
type k6 struct {
	cmd     *exec.Cmd
	out     output
	results string
}

func startK6(t *testing.T, env []string, args ...string) *k6 {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	k := &k6{results: t.TempDir()}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	k.cmd = exec.CommandContext(ctx, binary, args...)
	k.cmd.Dir = filepath.Join("..", "..")
	k.cmd.Env = append(os.Environ(), asK6+"=1", "K6_RESULTS="+k.results, "K6_RUN_ID=test", "K6_ADDRESS=", "NO_COLOR=1")
	k.cmd.Env = append(k.cmd.Env, env...)
	k.cmd.Stdout, k.cmd.Stderr = &k.out, &k.out
	require.NoError(t, k.cmd.Start())
	return k
}

// wait gives the exit code.
func (k *k6) wait(t *testing.T) int {
	t.Helper()
	err := k.cmd.Wait()
	if exited, ok := errors.AsType[*exec.ExitError](err); ok {
		return exited.ExitCode()
	}
	require.NoError(t, err)
	return 0
}

func (k *k6) verdict(t *testing.T) contract.Verdict {
	t.Helper()
	verdict, err := report.ReadVerdict(filepath.Join(k.results, "test"))
	require.NoError(t, err, k.out.String())
	return verdict
}

// output is what k6 has printed so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// waitFor waits until k6 prints what a pattern matches, and gives its first group.
func waitFor(t *testing.T, k *k6, pattern string) string {
	t.Helper()
	wanted := regexp.MustCompile(pattern)
	require.Eventually(t, func() bool { return wanted.MatchString(k.out.String()) }, time.Minute, 20*time.Millisecond)
	return wanted.FindStringSubmatch(k.out.String())[1]
}

func TestHealthyScriptExitsZeroAndPrintsItsContract(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "tests/smoke_single.js")
	require.Zero(t, k.wait(t), k.out.String())
	require.Equal(t, contract.Pass, k.verdict(t).Status)
	require.Contains(t, k.out.String(), "Contract of smoke_single on profile embedded")
	require.Regexp(t, `kafka_writer_message_count\.+: 1002 `, k.out.String())
	require.Regexp(t, `data_sent\.+: [0-9.]+ MB`, k.out.String())
}

func TestLieExits99AndNamesItsRuleAlone(t *testing.T) {
	t.Parallel()
	k := startK6(t, []string{"K6_LIE=lose-record"}, "run", "tests/smoke_single.js")
	require.Equal(t, 99, k.wait(t), k.out.String())
	verdict := k.verdict(t)
	require.Equal(t, contract.Fail, verdict.Status)
	for _, f := range verdict.Findings {
		require.EqualValues(t, "LOST_ACKED", f.Code)
	}
	lines, err := os.ReadFile(filepath.Join(k.results, "test", report.FindingsFile))
	require.NoError(t, err)
	var first map[string]any
	require.NoError(t, json.Unmarshal(bytes.SplitN(lines, []byte("\n"), 2)[0], &first))
	require.Equal(t, "LOST_ACKED", first["code"])
	require.NotEmpty(t, first["record"])
	require.Contains(t, k.out.String(), "LOST_ACKED")
}

func TestUnknownProfileListsThoseThatExist(t *testing.T) {
	t.Parallel()
	k := startK6(t, []string{"K6_PROFILE=nope"}, "run", "tests/diagnose.js")
	require.Equal(t, 107, k.wait(t), k.out.String())
	require.Contains(t, k.out.String(), `no profile \"nope\"`)
	require.Contains(t, k.out.String(), "kafka-local")
}

func TestUnknownLieIsRefusedWithTheNearest(t *testing.T) {
	t.Parallel()
	k := startK6(t, []string{"K6_LIE=loose-record"}, "run", "tests/diagnose.js")
	require.NotZero(t, k.wait(t))
	require.Contains(t, k.out.String(), "lose-record")
}

func TestNothingListeningIsInconclusiveAndSaysWhere(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	k := startK6(t, []string{"K6_PROFILE=local-service", "K6_BROKERS=" + address}, "run", "tests/diagnose.js")
	require.Equal(t, 99, k.wait(t), k.out.String())
	verdict := k.verdict(t)
	require.Equal(t, contract.Inconclusive, verdict.Status)
	require.Contains(t, verdict.Doubts[0].Text, "local-service")
	require.Contains(t, verdict.Doubts[0].Text, address)
}

func TestCtrlCSkipsTheFinalPhaseAndIsInconclusive(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "extension/js/testdata/endless.js")
	bootstrap := waitFor(t, k, `bootstrap ([0-9.:]+)`)
	require.NoError(t, k.cmd.Process.Signal(syscall.SIGINT))
	require.Equal(t, 105, k.wait(t), k.out.String()) // k6's code for a test that was aborted from outside
	verdict := k.verdict(t)
	require.Equal(t, contract.Inconclusive, verdict.Status)
	require.Zero(t, verdict.FinalReads)
	require.Contains(t, verdict.Doubts[0].Text, "SIGINT")
	_, err := net.DialTimeout("tcp", bootstrap, time.Second)
	require.Error(t, err, "the embedded target is gone")
}

func TestScriptThatForgetsToJudgeDoesNotPass(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "extension/js/testdata/unjudged.js")
	require.Equal(t, 99, k.wait(t), k.out.String())
	require.Equal(t, contract.Inconclusive, k.verdict(t).Status, "the end of the test judged it")
}

func TestStampedRecordsOfAScriptAreTracked(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "extension/js/testdata/stamped.js")
	require.Zero(t, k.wait(t), k.out.String())
	verdict := k.verdict(t)
	require.Equal(t, contract.Pass, verdict.Status)
	require.EqualValues(t, 1001, verdict.Acked, "1000 stamped ones and the control")
	require.EqualValues(t, 1001, verdict.LiveRead)
}

func TestSeveralScriptsGoToTheSuite(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "tests/diagnose.js", "tests/smoke_metrics.js")
	require.Zero(t, k.wait(t), k.out.String())
	require.Contains(t, k.out.String(), "k6 x suite run")
	require.Contains(t, k.out.String(), "Contract of 2 scripts")
}
