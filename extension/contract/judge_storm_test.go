package contract_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

// stormy is a run of connection_storm on a target that kept all promises.
func stormy() contract.Input {
	in := healed()
	in.Script, in.Claims = "connection_storm", everything()
	in.Measured.Storm = &contract.Storm{Asked: 10_000, Open: 10_000, Seconds: 12.34, Again: 10_000, Churned: 512, Acked: 4321}
	in.Expectations = append(in.Expectations, contract.Expectation{Requirement: "F1.3", What: "TLS", OK: true})
	return in
}

func TestAStormIsJudgedByTenThousand(t *testing.T) {
	t.Parallel()
	v := judge(t, stormy())
	require.Equal(t, contract.Pass, v.Status)
	require.Equal(t, "10,000 connections open at once after 12.3s, 512 closed and opened again meanwhile, 4,321 records acked beside them; "+
		"10,000 opened again after all were closed", judgement(t, v, "NFR3.4").Evidence[0])
	for name, change := range map[string]func(*contract.Measured){
		"none was measured": func(m *contract.Measured) { m.Storm = nil },
		"a smaller one":     func(m *contract.Measured) { m.Storm.Open = 9_999 },
		"not opened again":  func(m *contract.Measured) { m.Storm.Again = 0 },
		"nothing beside it": func(m *contract.Measured) { m.Storm.Acked = 0 },
	} {
		in := stormy()
		change(&in.Measured)
		require.Equal(t, contract.Inconclusive, status(t, judge(t, in), "NFR3.4"), name)
	}
}

// A target that promises fewer connections than NFR3.4 is about must keep that promise all the same.
func TestASmallerPromiseIsAPromise(t *testing.T) {
	t.Parallel()
	in := stormy()
	in.Claims[contract.ClaimConnections] = false
	in.Measured.Storm.Open, in.Measured.Storm.Again = 500, 500
	v := judge(t, in)
	require.Equal(t, contract.NotClaimed, status(t, v, "NFR3.4"))
	require.Equal(t, contract.Pass, v.Status)
	for code, id := range map[ledger.Code]string{ledger.ConnectionLimit: "F1.1", ledger.ResourceLeak: "NFR1.5"} {
		in.Findings = []ledger.Finding{{Code: code, Partition: -1, Offset: -1, Sequence: -1, Detail: "seen"}}
		v = judge(t, in)
		require.Equal(t, contract.Fail, status(t, v, id))
		require.Equal(t, contract.Fail, v.Status)
	}
}
