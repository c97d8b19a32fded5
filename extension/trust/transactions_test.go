package trust_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/embedded"
	"k6suite/extension/trust"
)

const (
	transactionWriters = 2
	transactionRounds  = 12
	transactionRecords = 24
)

func aboutTransactions(lie embedded.Lie) bool { return slices.Contains(lie.Scripts, "transactions") }

func newTransactionalRun(t *testing.T, target *trust.Target) *trust.Run {
	t.Helper()
	return newRun(t, target, func(o *trust.Options) {
		o.Script, o.Topics = "transactions", []string{"in-" + o.RunID, "out-" + o.RunID}
		o.Records = transactionWriters * transactionRounds * transactionRecords
	})
}

// transacts has writers commit and abort while a processor crashes and comes back, and a reader of what is committed begins again and
// again.
func transacts(t *testing.T, run *trust.Run) (crashed, after trust.Transformed) {
	t.Helper()
	_, err := run.Prepare(t.Context())
	require.NoError(t, err)
	var writing, reading sync.WaitGroup
	for vu := range int64(transactionWriters) {
		writing.Go(func() {
			for round := range transactionRounds {
				got, err := run.Transact(t.Context(), vu, trust.TransactOptions{
					Records: transactionRecords, Abort: round%3 == 2, Hold: 100 * time.Millisecond, Timeout: 3 * time.Minute,
				})
				if err != nil || got.Unknown+got.Failed > 0 {
					t.Errorf("transaction %d: %+v %v", round, got, err)
				}
			}
		})
	}
	written := make(chan struct{})
	reading.Go(func() {
		for {
			_, err := run.Consume(t.Context(), 7, trust.ConsumeOptions{Committed: true, For: time.Second})
			if err != nil {
				t.Errorf("reading what is committed: %v", err)
			}
			select {
			case <-written:
				return
			default:
			}
		}
	})
	options := trust.TransformOptions{Group: "g", Batch: 40, AbortEvery: 3, CrashAfter: 3, Timeout: 3 * time.Minute}
	crashed, err = run.Transform(t.Context(), options)
	require.NoError(t, err)
	options.CrashAfter = 0
	after, err = run.Transform(t.Context(), options)
	require.NoError(t, err)
	writing.Wait()
	close(written)
	reading.Wait()
	return crashed, after
}

func TestTransactionsOfAnHonestTargetPass(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	run := newTransactionalRun(t, target)
	crashed, after := transacts(t, run)
	require.True(t, crashed.Crashed)
	require.False(t, crashed.Complete)
	require.True(t, after.Complete)
	require.Positive(t, after.Records)
	verdict := judge(t, run)
	require.Equal(t, contract.Pass, verdict.Status, "%+v %+v", verdict.Findings, verdict.Doubts)
	require.Equal(t, map[string]contract.Status{"F8.3": contract.Pass, "F8.4": contract.Pass}, statuses(verdict))
	m := verdict.Transactions
	require.Positive(t, m.Redone, "%+v", m)
	require.Positive(t, m.Hidden, "%+v", m)
	require.EqualValues(t, 2, m.CommittedReads)
	require.Zero(t, m.Unknown)
}

func TestEachLieAboutTransactionsIsFoundByItsRuleAlone(t *testing.T) {
	t.Parallel()
	for _, lie := range embedded.Lies() {
		if !aboutTransactions(lie) {
			continue
		}
		t.Run(lie.Name, func(t *testing.T) {
			t.Parallel()
			target := open(t, trust.TargetOptions{Profile: load(t, nil), Lies: []string{lie.Name}, Seed: 1})
			run := newTransactionalRun(t, target)
			transacts(t, run)
			verdict := judge(t, run)
			require.Positive(t, verdict.LieHits[lie.Name], "the lie was never told")
			require.Equal(t, contract.Fail, verdict.Status, "%+v", verdict.Doubts)
			require.NotEmpty(t, verdict.Findings)
			for _, f := range verdict.Findings {
				require.Equal(t, lie.Rule, f.Rule(), "%+v", f)
			}
		})
	}
}

func TestWhatTransactionsOfARunRefuse(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	run := newTransactionalRun(t, target)
	_, err := run.Transact(t.Context(), 1, trust.TransactOptions{Topic: "other"})
	require.ErrorContains(t, err, `topic "other" is none of the run`)
	for what, o := range map[string]trust.TransformOptions{
		"name a group":                   {},
		`topic "other" is none`:          {Group: "g", To: "other"},
		"from and to are the same topic": {Group: "g", From: run.Topics()[0], To: run.Topics()[0]},
	} {
		_, err := run.Transform(t.Context(), o)
		require.ErrorContains(t, err, what)
	}
	_, err = newRun(t, target, nil).Transform(t.Context(), trust.TransformOptions{Group: "g"})
	require.ErrorContains(t, err, "one topic only")
}
