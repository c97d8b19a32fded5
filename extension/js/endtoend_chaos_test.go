package js_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
)

func TestAFaultThatHitsNothingProvesNothing(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "extension/js/testdata/unhit_fault.js")
	require.Equal(t, 99, k.wait(t), k.out.String())
	verdict := k.verdict(t)
	require.Equal(t, contract.Inconclusive, verdict.Status)
	require.Contains(t, k.out.String(), `fault 1 hit nothing: {"action":"disconnect","api":"Produce","topic":"nobody-*"}`)
}

func TestAFaultEndsWithTheTest(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "extension/js/testdata/endless_fault.js")
	waitFor(t, k, `the fault has hit (true)`)
	require.NoError(t, k.cmd.Process.Signal(os.Interrupt))
	require.Equal(t, 105, k.wait(t), k.out.String())
	require.Equal(t, contract.Inconclusive, k.verdict(t).Status)
	require.Empty(t, k.verdict(t).Findings)
	require.NotContains(t, k.out.String(), "hit nothing")
}

func TestWrongFaultsThrowWhereTheyAreMade(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "extension/js/testdata/wrong_fault.js")
	require.Zero(t, k.wait(t), k.out.String())
	out := k.out.String()
	require.Equal(t, 5, strings.Count(out, "refused: inject: "), out)
	require.NotContains(t, out, "accepted")
	for _, want := range []string{"drop", "topic", "Heartbeat", "a fault is an object such as"} {
		require.Contains(t, out, want)
	}
}

func TestWithoutAProxyAFaultSaysWhatToDo(t *testing.T) {
	t.Parallel()
	k := startK6(t, []string{"K6_PROFILE_CLAIMS_SINGLE_ENDPOINT=false"}, "run", "extension/js/testdata/unhit_fault.js")
	require.Equal(t, 99, k.wait(t), k.out.String())
	require.Contains(t, k.out.String(), "how messages are disturbed: chaos.kafkaProxy, mirror or single-endpoint")
	require.Equal(t, contract.Inconclusive, k.verdict(t).Status)
}

// Whatever happens on the wire is noticed, exactly, and nothing else is.
func TestMessageFaultsAreNoticed(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "tests/message_faults.js")
	require.Zero(t, k.wait(t), k.out.String())
	verdict := k.verdict(t)
	require.Equal(t, contract.Pass, verdict.Status)
	seen := map[string]bool{}
	for _, f := range verdict.Foreseen {
		seen[string(f.Code)] = true
	}
	require.Equal(t, map[string]bool{"LOST_ACKED": true, "DUPLICATE": true}, seen)
	require.Regexp(t, `chaos_faults_injected\.+: 5 `, k.out.String())
}

// The same faults on brokers of their own addresses, through a mirror.
func TestMessageFaultsAreNoticedThroughAMirror(t *testing.T) {
	t.Parallel()
	env := []string{"K6_PROFILE_CLAIMS_SINGLE_ENDPOINT=false", "K6_PROFILE_CHAOS_KAFKA_PROXY=mirror"}
	k := startK6(t, env, "run", "tests/message_faults.js")
	require.Zero(t, k.wait(t), k.out.String())
	require.Equal(t, contract.Pass, k.verdict(t).Status)
	require.NotEmpty(t, k.verdict(t).Foreseen)
}

// Samples say in which phase of the run they were taken.
func TestSamplesCarryTheirPhase(t *testing.T) {
	t.Parallel()
	samples := filepath.Join(t.TempDir(), "samples.json")
	k := startK6(t, nil, "run", "--out", "json="+samples, "tests/message_faults.js")
	require.Zero(t, k.wait(t), k.out.String())
	text, err := os.ReadFile(samples)
	require.NoError(t, err)
	phases := map[string]map[string]bool{}
	for line := range strings.Lines(string(text)) {
		var sample struct {
			Metric string
			Data   struct{ Tags map[string]string }
		}
		require.NoError(t, json.Unmarshal([]byte(line), &sample))
		if phase := sample.Data.Tags["phase"]; phase != "" {
			if phases[sample.Metric] == nil {
				phases[sample.Metric] = map[string]bool{}
			}
			phases[sample.Metric][phase] = true
		}
	}
	require.Contains(t, phases["kafka_writer_message_count"], "recovery")
	require.Contains(t, phases["chaos_faults_injected"], "fault")
	require.Contains(t, phases["checks"], "final")
}
