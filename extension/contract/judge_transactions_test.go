package contract_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

// transacted is a run of transactions.js in which nothing went wrong.
func transacted() contract.Input {
	in := healthy()
	in.Script, in.Claims[contract.ClaimTransactions] = "transactions", true
	in.Measured.Transactions = ledger.TransactionEvidence{
		Committed: 70, Aborted: 30, Abandoned: 1, Unknown: 1, Hidden: 400, Whole: 69, CommittedReads: 2, Processed: 500, Redone: 20,
	}
	return in
}

func TestTransactionsNeedEvidence(t *testing.T) {
	t.Parallel()
	type evidence = ledger.TransactionEvidence
	const unread = "nobody read all that is committed when all was over"
	const whole = "no transaction with several records was committed and shown whole"
	for _, c := range []struct {
		id, missing string
		spoil       func(*evidence)
	}{
		{"F8.3", unread, func(e *evidence) { e.CommittedReads = 0 }},
		{"F8.3", whole, func(e *evidence) { e.Whole = 0 }},
		{"F8.3", "no transaction was aborted", func(e *evidence) { e.Aborted = 0 }},
		{"F8.3", "no acked record of a transaction that was not committed stayed hidden", func(e *evidence) { e.Hidden = 0 }},
		{"F8.4", unread, func(e *evidence) { e.CommittedReads = 0 }},
		{"F8.4", "nothing was consumed, transformed and produced", func(e *evidence) { e.Processed = 0 }},
		{
			"F8.4", "no record had to be processed again: neither a crash nor an abort came between",
			func(e *evidence) { e.Redone = 0 },
		},
	} {
		in := transacted()
		c.spoil(&in.Measured.Transactions)
		v := judge(t, in)
		require.Equal(t, contract.Inconclusive, v.Status)
		j := judgement(t, v, c.id)
		require.Equal(t, contract.Inconclusive, j.Status)
		require.Equal(t, c.missing, j.Evidence[0])
	}
}

func TestTransactionsThatAreKeptPass(t *testing.T) {
	t.Parallel()
	v := judge(t, transacted())
	require.Equal(t, contract.Pass, v.Status)
	require.Equal(t, "70 transactions committed, 69 of several records shown whole; 400 acked records of 30 aborted ones, 1 abandoned one, "+
		"1 of unknown outcome hidden from 2 complete reads of what is committed", judgement(t, v, "F8.3").Evidence[0])
	require.Equal(t, "500 source records have exactly one output each, 20 of them although an earlier one was not committed",
		judgement(t, v, "F8.4").Evidence[0])
}

func TestTransactionsAreNotClaimedByAll(t *testing.T) {
	t.Parallel()
	in := transacted()
	in.Claims[contract.ClaimTransactions] = false
	v := judge(t, in)
	require.Equal(t, contract.NotClaimed, judgement(t, v, "F8.3").Status)
	require.Equal(t, contract.NotClaimed, judgement(t, v, "F8.4").Status)
}
