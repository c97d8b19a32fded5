package contract_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
)

func TestMergedSubjectIsWhatAllAgreeOn(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	one := contract.Subject{Version: "4.4.0", Brokers: 3, Suite: "abc", At: at}
	later := one
	later.At = at.Add(time.Hour)
	merged := contract.Merge([]contract.Verdict{{Subject: one}, {Subject: later}})
	require.Equal(t, later, merged.Subject)

	uncounted := one
	uncounted.Brokers = 0
	for _, order := range [][]contract.Verdict{{{Subject: one}, {Subject: uncounted}}, {{Subject: uncounted}, {Subject: one}}} {
		require.Equal(t, one, contract.Merge(order).Subject, "who did not count does not contradict")
	}

	other := contract.Subject{Version: "3.9.2", Brokers: 1, Suite: "def", At: at}
	merged = contract.Merge([]contract.Verdict{{Subject: later}, {Subject: other}})
	require.Equal(t, contract.Subject{At: later.At}, merged.Subject, "two targets are not one")
}
