package trust_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/embedded"
	"k6suite/extension/trust"
)

// permissions is a run of permission_boundary up to its verdict.
func permissions(t *testing.T, env map[string]string, lies ...string) (seen trust.AccessSeen, verdict *contract.Verdict, results string) {
	t.Helper()
	target := open(t, trust.TargetOptions{Profile: load(t, env), Lies: lies})
	run := newRun(t, target, func(o *trust.Options) {
		o.Script, o.Records = "permission_boundary", 3
		results = filepath.Join(o.Results, o.RunID)
	})
	_, err := run.Prepare(t.Context())
	require.NoError(t, err)
	seen, err = run.Access(t.Context(), trust.AccessOptions{})
	require.NoError(t, err)
	verdict, err = run.Judge(t.Context())
	require.NoError(t, err)
	return seen, verdict, results
}

func TestRightsAreTriedJudgedAndSaved(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]map[string]string{
		"by password":  nil,
		"by client.id": {"K6_PROFILE_EMBEDDED_PRINCIPALS": "client-id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen, verdict, results := permissions(t, env)
			require.Equal(t, contract.Pass, verdict.Status, "%+v", verdict.Requirements)
			require.Equal(t, []string{"alice", "bob"}, seen.Principals)
			require.Contains(t, seen.Matrix, "fetch")
			text, err := os.ReadFile(filepath.Join(results, trust.AccessFile))
			require.NoError(t, err)
			var saved struct{ Requests []map[string]any }
			require.NoError(t, json.Unmarshal(text, &saved))
			require.Len(t, saved.Requests, seen.Requests)
			require.Subset(t, saved.Requests[0], map[string]any{"principal": "alice", "mark": "yes", "inScope": true})
		})
	}
}

// aboutAccess tells whether a lie is told to who asks for rights.
func aboutAccess(lie embedded.Lie) bool { return slices.Contains(lie.Scripts, "permission_boundary") }

func TestEachLieAboutAccessIsFoundByItsRuleAlone(t *testing.T) {
	t.Parallel()
	told := 0
	for _, lie := range embedded.Lies() {
		if !aboutAccess(lie) {
			continue
		}
		told++
		t.Run(lie.Name, func(t *testing.T) {
			t.Parallel()
			_, verdict, _ := permissions(t, nil, lie.Name)
			require.Positive(t, verdict.LieHits[lie.Name], "the lie was never told")
			require.Equal(t, contract.Fail, verdict.Status)
			require.NotEmpty(t, verdict.Findings)
			for _, f := range verdict.Findings {
				require.Equal(t, lie.Rule, f.Rule())
			}
		})
	}
	require.Positive(t, told)
}

func TestRightsThatNobodyClaimsAreNotTried(t *testing.T) {
	t.Parallel()
	seen, verdict, results := permissions(t, map[string]string{"K6_PROFILE_CLAIMS_ACLS": "false"})
	require.Equal(t, "the profile embedded does not claim acls", seen.Stopped)
	require.Equal(t, contract.NotClaimed, verdict.Status)
	require.NoFileExists(t, filepath.Join(results, trust.AccessFile))
}
