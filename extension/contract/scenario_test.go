package contract_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

func TestRequirementsHaveUniqueIDsAndKnownClaims(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range contract.Requirements() {
		require.False(t, seen[r.ID], r.ID)
		seen[r.ID] = true
		require.NotEmpty(t, r.Title, r.ID)
		for _, claim := range r.Claims {
			require.Contains(t, everything(), claim, r.ID)
		}
	}
	require.Len(t, seen, 64)
}

func TestEveryRequirementIsJudgedByAScenario(t *testing.T) {
	t.Parallel()
	for _, r := range contract.Requirements() {
		require.True(t, slices.ContainsFunc(contract.Scenarios(), func(s contract.Scenario) bool { return s.JudgesRequirement(r.ID) }), r.ID)
	}
	for _, s := range contract.Scenarios() {
		require.NotEmpty(t, s.Judges, s.Script)
		for _, id := range s.Judges {
			_, ok := contract.RequirementOf(id)
			require.True(t, ok, "%s in %s", id, s.Script)
		}
	}
}

func TestStages(t *testing.T) {
	t.Parallel()
	pr, err := contract.Stage(contract.StagePR)
	require.NoError(t, err)
	require.Len(t, pr, 9)
	main, err := contract.Stage(contract.StageMain)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(main), len(pr))
	for _, s := range main {
		require.True(t, s.Exists)
	}
	_, err = contract.Stage("nightly")
	require.EqualError(t, err, `stage "nightly": the stages are pr, main, release`)
}

func TestScenarioOf(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"produce_consume", "produce_consume.js", "tests/produce_consume.js", "/a/b/produce_consume.js"} {
		s, err := contract.ScenarioOf(name)
		require.NoError(t, err)
		require.Equal(t, "S3", s.ID)
		require.Equal(t, int64(100_000), s.MinAcked)
		require.True(t, s.JudgesRequirement("NFR3.5"))
		require.True(t, s.JudgesRule(ledger.Partitioner))
		require.False(t, s.JudgesRule("STUCK"))
	}
}
