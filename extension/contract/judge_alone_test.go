package contract_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

// Nobody can promise that the others go on where there are none, and nothing was seen of it. All the rest is judged.
func TestWhatRestsOnOtherBrokersIsNotClaimedOfASingleOne(t *testing.T) {
	t.Parallel()
	others := map[string]bool{
		"F4.2": true, "F4.3": true, "F4.6": true, "NFR1.2": true, "NFR4.1": true, "NFR4.2": true, "NFR4.4": true,
	}
	for _, script := range chaosScripts() {
		in := chaotic(script)
		in.Alone = true
		v := judge(t, in)
		require.Equal(t, contract.Pass, v.Status, script)
		for _, j := range v.Requirements {
			want := contract.Pass
			if others[j.ID] {
				want = contract.NotClaimed
				require.Contains(t, j.Evidence[0], "it was the only one, and no other was there to go on meanwhile")
			}
			require.Equal(t, want, j.Status, "%s: %s: %v", script, j.ID, j.Evidence)
		}
	}
}

func TestASingleBrokerThatWasNeverAwayIsJudged(t *testing.T) {
	t.Parallel()
	in := chaotic("chaos_random")
	in.Alone, in.Measured.Chaos = true, contract.Chaos{StorageSlowed: 3}
	v := judge(t, in)
	require.Equal(t, contract.Pass, status(t, v, "NFR4.4"))
	require.Equal(t, contract.Inconclusive, status(t, v, "F4.1"), "no broker was away")
}

// What a rule finds counts, whoever was there.
func TestASingleBrokerIsNoExcuse(t *testing.T) {
	t.Parallel()
	in := chaotic("chaos_broker")
	in.Alone, in.Findings = true, []ledger.Finding{{Code: "LOST_ACKED"}}
	v := judge(t, in)
	require.Equal(t, contract.Fail, v.Status)
	require.Equal(t, contract.Fail, status(t, v, "F4.1"))
}
