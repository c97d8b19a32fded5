package suite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
	"k6suite/extension/report"
	"k6suite/extension/saved"
	"k6suite/extension/suite"
)

// keepRun saves a run that has lost what it sent, or has sent too little to say, with its verdict.
func keepRun(t *testing.T, dir string, lost bool) {
	t.Helper()
	l := ledger.New(ledger.Options{Run: "r"})
	run := &saved.Run{Ledger: l, Input: contract.Input{Script: "smoke_single", Run: "r", Profile: "kafka-local"}}
	if lost {
		tp := ledger.TopicPartition{Topic: "t"}
		made := l.NewProducer(ledger.ProducerOptions{}).Make(nil, 60)
		l.Settle(ledger.Outcome{Serial: made.Serial, Kind: ledger.Acked, TP: tp})
		for _, name := range []string{"1", "2"} {
			f := l.NewFinalRead(name)
			f.Begin(tp, ledger.Ends{Listed: 1, HighWatermark: -1})
			f.End(tp, ledger.Ends{Listed: 1, HighWatermark: 1, Reached: 1, EmptyAtEnd: true})
		}
	}
	verdict, err := run.Judge()
	require.NoError(t, err)
	require.NoError(t, report.Save(dir, verdict))
	require.NoError(t, saved.Write(filepath.Join(dir, saved.File), run))
}

// verifies runs `x suite verify`, and gives its exit code with all that it says.
func verifies(t *testing.T, files ...string) (exit int, out string) {
	t.Helper()
	text, err := verifying(t, files...)
	var with *suite.ExitError
	require.ErrorAs(t, err, &with)
	return with.Code, text + err.Error()
}

func verifying(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return execute(t.Context(), append([]string{"verify"}, args...)...)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keepRun(t, filepath.Join(dir, "a"), false)
	code, out := verifies(t, filepath.Join(dir, "a", saved.File))
	require.Equal(t, 3, code, out)
	require.Contains(t, out, "smoke_single on kafka-local, run r, began ")

	keepRun(t, filepath.Join(dir, "b"), true)
	code, out = verifies(t, dir)
	require.Equal(t, 2, code, out)
	require.Contains(t, out, "LOST_ACKED")
	require.Contains(t, out, "the worst of 2 saved runs is FAIL")
}

func TestVerifySaysWhatIsJudgedDifferently(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keepRun(t, dir, true)
	verdict, err := report.ReadVerdict(dir)
	require.NoError(t, err)
	verdict.Findings, verdict.Acked = nil, 7
	require.NoError(t, report.Save(dir, verdict))
	code, out := verifies(t, dir)
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "it is judged differently now, in findings, measured: compare with verdict.json beside it")
}

func TestVerifySaysWhatIsNoSavedRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	code, out := verifies(t, dir)
	require.Equal(t, 1, code)
	require.Contains(t, out, dir+": no run is saved in it: k6 x suite run --save does so")
	file := filepath.Join(dir, "x")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	code, out = verifies(t, file)
	require.Equal(t, 1, code)
	require.Contains(t, out, "no run was saved there")
}
