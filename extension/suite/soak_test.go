package suite_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/suite"
)

// savedSoak is what the tests read of soak.json.
type savedSoak struct {
	Status    string `json:"status"`
	FirstSeed int64  `json:"firstSeed"`
	Acked     int64  `json:"acked"`
	Replay    string `json:"replay"`
	Rounds    []struct {
		Seed    int64   `json:"seed"`
		Run     string  `json:"run"`
		Status  string  `json:"status"`
		PeakMiB float64 `json:"peakMiB"`
	} `json:"rounds"`
	Memory struct {
		Trend   string  `json:"trend"`
		MostMiB float64 `json:"mostMiB"`
	} `json:"memory"`
}

// soakWith runs `x suite soak` over the fake k6, and gives what it printed, what it saved and its exit code.
func soakWith(ctx context.Context, t *testing.T, script string, args ...string) (out string, saved savedSoak, err error) {
	t.Helper()
	return soakIn(ctx, t, t.TempDir(), script, args...)
}

func soakIn(ctx context.Context, t *testing.T, results, script string, args ...string) (out string, saved savedSoak, err error) {
	t.Helper()
	dir := t.TempDir()
	script = filepath.Join(dir, script)
	require.NoError(t, os.WriteFile(script, nil, 0o644))
	var text bytes.Buffer
	cmd := suite.NewCommand()
	cmd.SetOut(&text)
	cmd.SetErr(&text)
	cmd.SilenceUsage = true
	cmd.SetArgs(append([]string{"soak", "--script", script, "--results", results}, args...))
	err = cmd.ExecuteContext(ctx)
	files, globErr := filepath.Glob(filepath.Join(results, "soak-*", "soak.json"))
	require.NoError(t, globErr)
	if len(files) == 1 {
		summary, readErr := os.ReadFile(files[0])
		require.NoError(t, readErr)
		require.NoError(t, json.Unmarshal(summary, &saved))
		human, readErr := os.ReadFile(filepath.Join(filepath.Dir(files[0]), "soak.txt"))
		require.NoError(t, readErr)
		require.Contains(t, text.String(), string(human), "what is saved is what is printed")
	}
	return text.String(), saved, err
}

func exitOf(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var exit *suite.ExitError
	require.ErrorAs(t, err, &exit)
	return exit.Code
}

func TestSoakGoesOnWithANewSeedEachRound(t *testing.T) {
	t.Parallel()
	out, saved, err := soakWith(t.Context(), t, "smoke_single.js", "--rounds", "3", "--seed", "41", "--profile", "kafka-local")
	require.NoError(t, err, out)
	require.Equal(t, "PASS", saved.Status)
	require.Len(t, saved.Rounds, 3)
	runs := map[string]bool{}
	for i, round := range saved.Rounds {
		require.EqualValues(t, 41+i, round.Seed)
		require.Equal(t, "PASS", round.Status)
		runs[round.Run] = true
	}
	require.Len(t, runs, 3, "each round has a run id of its own, so topics of its own")
	require.Contains(t, out, "seed 43: PASS")
	require.Contains(t, out, "seeds 41 to 43")
	require.Equal(t, "unknown", saved.Memory.Trend, "three rounds tell nothing")
}

func TestSoakEndsWhenTheMinutesAreOver(t *testing.T) {
	t.Parallel()
	out, saved, err := soakWith(t.Context(), t, "smoke_single.js", "--minutes", "0.01", "--seed", "1")
	require.NoError(t, err, out)
	require.NotEmpty(t, saved.Rounds)
}

func TestSoakStopsAtTheFirstRoundThatIsNotPass(t *testing.T) {
	t.Parallel()
	for script, tc := range map[string]struct {
		exit   int
		status string
	}{
		"smoke_shared.js":    {2, "FAIL"},
		"smoke_metrics.js":   {3, "INCONCLUSIVE"},
		"not_claimed.js":     {1, "NOT CLAIMED"},
		"diagnose.js":        {1, ""},
		"fails_at_seed_7.js": {2, "FAIL"},
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			out, saved, err := soakWith(t.Context(), t, script, "--rounds", "9", "--seed", "6")
			require.Equal(t, tc.exit, exitOf(t, err), "%s\n%v", out, err)
			require.Equal(t, tc.status, saved.Status)
			want, seed := 1, "6"
			if script == "fails_at_seed_7.js" {
				want, seed = 2, "7"
			}
			require.Len(t, saved.Rounds, want)
			require.Contains(t, saved.Replay, "K6_PROFILE=embedded K6_SEED="+seed+" ./k6 run ")
			require.Contains(t, out, saved.Replay)
		})
	}
}

func TestSoakThatIsInterruptedHasShownNothing(t *testing.T) {
	t.Parallel()
	results := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	go whenWaiting(t.Context(), filepath.Join(results, "soak-*", "*", "k6.log"), cancel)
	out, saved, err := soakIn(ctx, t, results, "produce_consume.js", "--seed", "5")
	require.Equal(t, 3, exitOf(t, err), out)
	require.ErrorContains(t, err, "interrupted")
	require.Len(t, saved.Rounds, 1)
}

func TestSoakRefusesWhatItCannotRun(t *testing.T) {
	t.Parallel()
	for arg, message := range map[string]string{
		"--minutes=0": "--minutes 0", "--seed=-1": "--seed -1", "--rounds=-1": "--rounds -1", "--script=nowhere.js": "nowhere.js",
	} {
		_, saved, err := soakWith(t.Context(), t, "smoke_single.js", arg)
		require.Equal(t, 1, exitOf(t, err))
		require.ErrorContains(t, err, message)
		require.Empty(t, saved.Rounds)
	}
}
