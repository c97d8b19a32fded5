package suite

import (
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMemoryThatGrowsIsNoticed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		peaks []float64
		want  string
	}{
		"nothing measured":            {[]float64{0, 0, 0, 0, 0, 0, 0}, trendUnknown},
		"too few":                     {[]float64{100, 200, 300, 400, 500}, trendUnknown},
		"flat":                        {[]float64{210, 190, 205, 215, 200, 211}, trendFlat},
		"one peak among many":         {[]float64{200, 210, 190, 205, 200, 210, 190, 900, 205}, trendFlat},
		"growing":                     {[]float64{200, 210, 250, 280, 330, 360}, trendGrowing},
		"half as much of a little":    {[]float64{20, 20, 22, 25, 30, 30}, trendFlat},
		"shrinking":                   {[]float64{400, 380, 300, 280, 200, 180}, trendFlat},
		"what is missing is left out": {[]float64{200, 0, 210, 250, 0, 280, 330, 360}, trendGrowing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, trendOf(tc.peaks).Trend)
		})
	}
}

func TestGrowingMemoryIsNoPass(t *testing.T) {
	t.Parallel()
	s := soak{Status: "PASS"}
	for _, peak := range []float64{200, 210, 250, 280, 330, 360} {
		s.Rounds = append(s.Rounds, soakRound{Status: "PASS", PeakMiB: peak})
	}
	s.conclude(s.Began)
	var exit *ExitError
	require.ErrorAs(t, s.exit(), &exit)
	require.Equal(t, exitInconclusive, exit.Code)
	require.ErrorContains(t, exit, "memory grows")
	s.Memory.Trend = trendFlat
	require.NoError(t, s.exit())
}

func TestAFindingStandsThoughTheSoakIsInterrupted(t *testing.T) {
	t.Parallel()
	s := soak{Status: "FAIL", Interrupted: true, Rounds: []soakRound{{Status: "FAIL", Seed: 9}}}
	s.conclude(s.Began)
	require.Contains(t, s.Replay, "K6_SEED=9")
	var exit *ExitError
	require.ErrorAs(t, s.exit(), &exit)
	require.Equal(t, exitFail, exit.Code)
}

func TestPeakMemoryOfAProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	require.EqualValues(t, 5120, highWater("Name:\tk6\nVmPeak:\t  9999 kB\nVmHWM:\t    5120 kB\n"))
	memory := &peakMemory{}
	ended := memory.watch(os.Getpid())
	ended()
	require.Greater(t, memory.mebibytes(), 1.0)

	gone := exec.Command("true")
	require.NoError(t, gone.Run())
	memory = &peakMemory{}
	memory.watch(gone.Process.Pid)()
	require.Zero(t, memory.mebibytes(), "who has ended takes nothing")
}
