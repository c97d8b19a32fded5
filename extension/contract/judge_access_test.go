package contract_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

func TestAccessIsJudgedByWhatWasGrantedAndDenied(t *testing.T) {
	t.Parallel()
	whole := ledger.AccessEvidence{Granted: 40, Reads: 10, Writes: 12, Existing: 4}
	leak := func(aspect string) []ledger.Finding {
		return []ledger.Finding{{Code: ledger.AccessLeak, Aspect: aspect, Partition: -1, Offset: -1, Sequence: -1}}
	}
	unsure := [4]contract.Status{contract.Inconclusive, contract.Inconclusive, contract.Inconclusive, contract.Inconclusive}
	const pass, fail, unsaid, unclaimed = contract.Pass, contract.Fail, contract.Inconclusive, contract.NotClaimed
	for name, c := range map[string]struct {
		seen      ledger.AccessEvidence
		findings  []ledger.Finding
		unclaimed bool
		want      [4]contract.Status // F7.1 to F7.4
	}{
		"both sides seen":          {seen: whole, want: [4]contract.Status{pass, pass, pass, pass}},
		"not claimed":              {seen: whole, unclaimed: true, want: [4]contract.Status{unclaimed, unclaimed, unclaimed, unclaimed}},
		"nothing seen":             {want: unsure},
		"nobody is served":         {seen: ledger.AccessEvidence{Reads: 1, Writes: 1, Existing: 1}, want: unsure},
		"one thing works for none": {seen: ledger.AccessEvidence{Granted: 4, Reads: 1, Writes: 1, Existing: 1, Unproven: 1}, want: unsure},
		"only reads were tried":    {seen: ledger.AccessEvidence{Granted: 4, Reads: 1}, want: [4]contract.Status{pass, unsaid, pass, unsaid}},
		"a read leaks":             {seen: whole, findings: leak(ledger.AccessRead), want: [4]contract.Status{fail, pass, pass, fail}},
		"a change leaks":           {seen: whole, findings: leak(ledger.AccessWrite), want: [4]contract.Status{pass, fail, pass, fail}},
		"a name leaks":             {seen: whole, findings: leak(ledger.AccessExistence), want: [4]contract.Status{pass, pass, pass, fail}},
		"an unclear refusal": {
			seen: whole, findings: []ledger.Finding{{Code: ledger.UnclearRefusal, Partition: -1, Offset: -1, Sequence: -1}},
			want: [4]contract.Status{pass, pass, fail, pass},
		},
		"an owner is refused": {
			seen: whole, findings: []ledger.Finding{{Code: ledger.AccessRefused, Partition: -1, Offset: -1, Sequence: -1}},
			want: [4]contract.Status{pass, pass, fail, pass},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := contract.Judge(contract.Input{
				Script: "permission_boundary", Claims: map[string]bool{contract.ClaimACLs: !c.unclaimed}, Findings: c.findings,
				Measured: contract.Measured{Acked: 3, Access: c.seen},
			})
			require.NoError(t, err)
			require.Len(t, v.Requirements, 4)
			for i, r := range v.Requirements {
				require.Equal(t, c.want[i], r.Status, "%s %v", r.ID, r.Evidence)
			}
		})
	}
}
