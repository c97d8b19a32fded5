package contract_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

func TestMergeTakesTheWorst(t *testing.T) {
	t.Parallel()
	good := judge(t, healthy())

	in := healthy()
	in.Script = "smoke_shared"
	in.Measured.Acked, in.Measured.Sent, in.MinAcked = 1600, 1600, 1600
	in.Measured.Found, in.Measured.Read = 1600, 1600
	in.Measured.Audit.Acked, in.Measured.Audit.Records = 1600, 1600
	in.Findings = []ledger.Finding{{Code: ledger.Duplicate, Detail: "twice"}}
	bad := judge(t, in)

	in = healthy()
	in.Measured.Ordered = 0
	in.Notes = []string{"a hole"}
	vague := judge(t, in)

	all := contract.Merge([]contract.Verdict{good, bad, vague})
	require.Equal(t, contract.Fail, all.Status)
	require.Equal(t, 2, all.ExitCode())
	require.Equal(t, []string{"smoke_shared: DUPLICATE: twice"}, judgement(t, all, "F3.5").Evidence)
	require.Equal(t, contract.Inconclusive, status(t, all, "F2.5"))
	require.Equal(t, contract.Pass, status(t, all, "F2.1"))
	require.Len(t, judgement(t, all, "F2.1").Evidence, 3)
	require.Regexp(t, "^smoke_shared: ", judgement(t, all, "F2.1").Evidence[0], "the run with the most records tells most")
	require.Equal(t, []contract.ScriptStatus{
		{Script: "smoke_single", Status: contract.Pass, Acked: 1000},
		{Script: "smoke_shared", Status: contract.Fail, Acked: 1600},
		{Script: "smoke_single", Status: contract.Inconclusive, Acked: 1000},
	}, all.Scripts)
	require.Equal(t, int64(3600), all.Acked)
	require.Len(t, all.Findings, 1)
	require.Equal(t, []string{"smoke_single: a hole"}, all.Notes)

	require.Equal(t, contract.Pass, contract.Merge([]contract.Verdict{good, good}).Status)
	require.Equal(t, contract.Inconclusive, contract.Merge([]contract.Verdict{good, vague}).Status)
}

func TestMergeOfNothingIsInconclusive(t *testing.T) {
	t.Parallel()
	require.Equal(t, 3, contract.Merge(nil).Status.ExitCode())
}

func TestNotClaimedGivesWayToAnyOutcome(t *testing.T) {
	t.Parallel()
	in := healthy()
	in.Claims = map[string]bool{}
	all := contract.Merge([]contract.Verdict{judge(t, in), judge(t, healthy())})
	require.Equal(t, contract.Pass, status(t, all, "F6.1"))
	require.Len(t, judgement(t, all, "F6.1").Evidence, 1)
}

func TestUnknownStatusIsNeverAPass(t *testing.T) {
	t.Parallel()
	require.Equal(t, 1, contract.Status("").ExitCode())
	all := contract.Merge([]contract.Verdict{{Script: "a", Status: contract.Pass}, {Script: "b"}})
	require.NotEqual(t, contract.Pass, all.Status)
	require.NotZero(t, all.ExitCode())
}
