package suite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
	"k6suite/extension/report"
	"k6suite/extension/saved"
)

// keepInstances saves the runs of two instances that took turns in one partition. Lying, the target acked the last record of each at one
// offset, of which none of them knows alone: neither has made its final reads.
func keepInstances(t *testing.T, dir string, lying bool) {
	t.Helper()
	tp := ledger.TopicPartition{Topic: "t"}
	for instance := range 2 {
		l := ledger.New(ledger.Options{Run: "test", Instance: uint8(instance), Instances: 2})
		p := l.NewProducer(ledger.ProducerOptions{Name: "p", Idempotent: true})
		for i := range 10 {
			offset := int64(2*i + instance)
			if lying && i == 9 {
				offset = 18
			}
			l.Settle(ledger.Outcome{Serial: p.Make(nil, 60).Serial, Kind: ledger.Acked, TP: tp, Offset: offset})
		}
		run := &saved.Run{Ledger: l, Input: contract.Input{
			Script: "smoke_single", Run: fmt.Sprintf("test-%dof2", instance+1), Profile: "cluster",
			Part: contract.Part{Test: "test", Number: instance + 1, Of: 2},
		}}
		verdict, err := run.Judge()
		require.NoError(t, err)
		require.Empty(t, verdict.Findings)
		folder := filepath.Join(dir, run.Input.Run)
		require.NoError(t, report.Save(folder, verdict))
		require.NoError(t, saved.Write(filepath.Join(folder, saved.File), run))
	}
}

func TestVerifyJudgesInstancesAsOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keepInstances(t, dir, false)
	code, out := verifies(t, dir)
	require.Equal(t, 3, code, out)
	require.Contains(t, out, "instance 1 of 2 of test test, alone INCONCLUSIVE; 10 records acked")
	require.Contains(t, out, "2 of 2 as one:\nContract of smoke_single on profile cluster")
	require.Contains(t, out, "the worst of 1 saved runs is INCONCLUSIVE")
	require.Contains(t, out, "0 findings; 20 records acked")

	lying := t.TempDir()
	keepInstances(t, lying, true)
	code, out = verifies(t, filepath.Join(lying, "test-2of2"), filepath.Join(lying, "test-1of2"))
	require.Equal(t, 2, code, out)
	require.Contains(t, out, "TWO_ACKS  t partition 0 offset 18")
}

func TestVerifyNamesTheInstanceThatIsMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keepInstances(t, dir, false)
	code, out := verifies(t, filepath.Join(dir, "test-1of2"))
	require.Equal(t, 3, code, out)
	require.Contains(t, out, "1 of 2 as one:")
	require.Contains(t, out, "no file was given of instance 2: nobody knows what was sent there")
}

func TestVerifyHoldsInstancesAgainstTheirOwnVerdicts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keepInstances(t, dir, false)
	require.NoError(t, os.Rename(filepath.Join(dir, "test-1of2", report.VerdictFile), filepath.Join(dir, "test-2of2", report.VerdictFile)))
	code, out := verifies(t, dir)
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "it is judged differently now, in notes, part, run")
}
