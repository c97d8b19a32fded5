package js_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/report"
)

// startCluster starts an embedded cluster by itself, and gives the environment of k6 instances that are to use it.
func startCluster(t *testing.T, args ...string) []string {
	t.Helper()
	cluster := startK6(t, nil, append([]string{"x", "suite", "cluster"}, args...)...)
	bootstrap := waitFor(t, cluster, `bootstrap +(\S+)`)
	t.Cleanup(func() {
		require.NoError(t, cluster.cmd.Process.Signal(syscall.SIGTERM))
		require.Zero(t, cluster.wait(t), cluster.out.String())
	})
	return []string{"K6_PROFILE=cluster", "K6_BROKERS=" + bootstrap}
}

// runInstances runs a script by several k6 instances at a time, and gives the folder of their results with their exit codes.
func runInstances(t *testing.T, env []string, script string, n int) (results string, exits []int) {
	t.Helper()
	results = t.TempDir()
	var bounds []string
	for i := range n + 1 {
		bounds = append(bounds, fmt.Sprintf("%d/%d", i, n))
	}
	var all []*k6
	for i := range n {
		all = append(all, startK6(t, append([]string{"K6_RESULTS=" + results}, env...), "run", "-q",
			fmt.Sprintf("--execution-segment=%d/%d:%d/%d", i, n, i+1, n), "--execution-segment-sequence", strings.Join(bounds, ","), script))
	}
	for _, one := range all {
		exits = append(exits, one.wait(t))
		t.Log(one.out.String())
	}
	return results, exits
}

// verify judges what was saved, and gives the exit code.
func verify(t *testing.T, files ...string) (exit int, out string) {
	t.Helper()
	k := startK6(t, nil, append([]string{"x", "suite", "verify"}, files...)...)
	exit = k.wait(t)
	return exit, k.out.String()
}

func TestInstancesOfATestAreOneVerdict(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 4} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			results, exits := runInstances(t, startCluster(t), "tests/smoke_concurrent.js", n)
			require.Equal(t, make([]int, n), exits)
			first, err := report.ReadVerdict(fmt.Sprintf("%s/test-1of%d", results, n))
			require.NoError(t, err)
			require.Equal(t, contract.Part{Test: "test", Number: 1, Of: n}, first.Part)
			exit, out := verify(t, results)
			require.Zero(t, exit, out)
			require.Contains(t, out, fmt.Sprintf("%d of %d as one:", n, n))
			require.Contains(t, out, fmt.Sprintf("0 findings; %d records acked", 2000+5*n), "and the positive controls of each")
			exit, out = verify(t, results+"/test-1of"+fmt.Sprint(n))
			require.Equal(t, 3, exit, "it passes alone, and the others are missing: %s", out)
		})
	}
}

func TestARecordThatIsLostBetweenInstancesIsFound(t *testing.T) {
	t.Parallel()
	results, _ := runInstances(t, startCluster(t, "--lie", "lose-record"), "tests/smoke_concurrent.js", 2)
	exit, out := verify(t, results)
	require.Equal(t, 2, exit, out)
	require.Contains(t, out, "LOST_ACKED")
	require.NotContains(t, out, "PHANTOM")
}

func TestASegmentThatCannotBeJudgedIsRefused(t *testing.T) {
	t.Parallel()
	segment := []string{"run", "--execution-segment", "0:1/2", "--execution-segment-sequence", "0,1/2,1"}
	for why, args := range map[string][]string{
		"starts its target":                  append(segment, "tests/smoke_single.js"),
		"needs --execution-segment-sequence": {"run", "--execution-segment=0:1/2", "tests/smoke_single.js"},
		"is none of the sequence": {
			"run", "--execution-segment=0:1/3", "--execution-segment-sequence=0,1/2,1", "tests/smoke_single.js",
		},
	} {
		env := []string{"K6_PROFILE=cluster"}
		if why == "starts its target" {
			env = nil
		}
		k := startK6(t, env, args...)
		require.Equal(t, 107, k.wait(t), k.out.String())
		require.Contains(t, k.out.String(), why)
	}
	faults := startK6(t, startCluster(t), append(segment, "tests/zombie.js")...)
	require.NotZero(t, faults.wait(t))
	require.Contains(t, faults.out.String(), "faults are not judged over several k6 instances")
}
