package suite

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/embedded"
	"k6suite/extension/ledger"
)

func TestEachLieHasAScriptThatExists(t *testing.T) {
	t.Parallel()
	scenarios, err := contract.Stage(contract.StageRelease)
	require.NoError(t, err)
	for _, lie := range embedded.Lies() {
		scripts := scriptsOf(lie, scenarios)
		require.NotEmpty(t, scripts, lie.Name)
		for _, script := range scripts {
			named := func(s contract.Scenario) bool { return s.Script == script }
			require.True(t, slices.ContainsFunc(scenarios, named), "%s: %s", lie.Name, script)
		}
	}
}

func TestEachRuleHasALie(t *testing.T) {
	t.Parallel()
	for _, rule := range ledger.Rules() {
		broken := func(l embedded.Lie) bool { return ledger.Code(l.Rule) == rule.Name() }
		require.True(t, slices.ContainsFunc(embedded.Lies(), broken), rule.Name())
	}
}

func TestTheProofIsPlanned(t *testing.T) {
	t.Parallel()
	f := proveFlags{healthy: 2, random: 3, repeat: 2, lies: []string{"show-dead"}}
	lies, err := f.chosen()
	require.NoError(t, err)
	trials, err := f.plan(lies)
	require.NoError(t, err)
	var names []string
	for _, one := range trials {
		names = append(names, one.name())
	}
	require.Equal(t, []string{
		"show-dead-1-chaos_broker", "show-dead-2-chaos_broker", "healthy-2-diagnose", "healthy-3-smoke_metrics",
		"healthy-1-chaos_random", "healthy-2-chaos_random", "healthy-3-chaos_random",
	}, names)
	require.Subset(t, trials[1].environment(), []string{
		"K6_LIE=show-dead", "K6_SEED=2", "K6_PROFILE_CLAIMS_SINGLE_ENDPOINT=false", "K6_PROFILE_LIMITS_RECOVERY=2s",
	})
	require.NotContains(t, trials[2].environment(), "K6_PROFILE_CLAIMS_SINGLE_ENDPOINT=false")
}

func TestLiesAreListedWithWhatShowsThem(t *testing.T) {
	t.Parallel()
	cmd, out := newLiesCommand(), new(bytes.Buffer)
	cmd.SetOut(out)
	cmd.SetArgs(nil)
	require.NoError(t, cmd.Execute())
	require.Regexp(t, `zombie-acks +LOST_ACKED +zombie +`, out)
	require.Regexp(t, `show-dead +METADATA_LIE/dead +K6_PROFILE_CLAIMS_SINGLE_ENDPOINT=false .* chaos_broker +`, out)
	require.Regexp(t, `lose-record +LOST_ACKED +diagnose +`, out)
}

// With few scripts a lie, which is what CI has time for, each lie is still tried, and each script still has one to find.
func TestFewScriptsALieLeaveOutNeitherLieNorScript(t *testing.T) {
	t.Parallel()
	all, few := proveFlags{repeat: 1}, proveFlags{repeat: 1, scripts: 2}
	tried := func(f proveFlags) (lies map[string]int, scripts map[string]bool) {
		trials, err := f.plan(embedded.Lies())
		require.NoError(t, err)
		lies, scripts = map[string]int{}, map[string]bool{}
		for _, one := range trials {
			lies[one.lie.Name]++
			scripts[one.script] = true
		}
		return lies, scripts
	}
	allLies, allScripts := tried(all)
	fewLies, fewScripts := tried(few)
	require.Equal(t, allScripts, fewScripts)
	for lie, n := range allLies {
		require.Equal(t, min(n, 2), fewLies[lie], lie)
	}
}
