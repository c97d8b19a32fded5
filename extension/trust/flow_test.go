package trust_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/trust"
)

// Traffic flows until it is told to end, readers of every kind read all of it, and nothing is held against the target.
func TestTrafficFlowsUntilItIsFinished(t *testing.T) {
	t.Parallel()
	run := newRun(t, open(t, trust.TargetOptions{Profile: load(t, nil)}), func(o *trust.Options) { o.Records = 50 })
	_, err := run.Prepare(t.Context())
	require.NoError(t, err)
	var (
		sent          trust.Produced
		alone, member trust.Consumed
		watched       trust.Watched
		failed        [4]error
		working       sync.WaitGroup
	)
	working.Go(func() {
		o, f := trust.ProduceOptions{Records: 30, Keys: 50}, trust.Flow{For: time.Minute, Every: time.Millisecond}
		sent, failed[0] = run.ProduceFlow(t.Context(), 1, o, f)
	})
	working.Go(func() { alone, failed[1] = run.Consume(t.Context(), 2, trust.ConsumeOptions{Until: trust.UntilEnd}) })
	working.Go(func() {
		member, failed[2] = run.Consume(t.Context(), 3, trust.ConsumeOptions{Group: "g", Until: trust.UntilEnd})
	})
	working.Go(func() { watched, failed[3] = run.WatchEnds(t.Context(), trust.WatchOptions{Every: time.Millisecond}) })
	require.Eventually(t, func() bool { return run.Acked() > 1500 }, 20*time.Second, 5*time.Millisecond)
	run.FinishFlows()
	working.Wait()
	for _, err := range failed {
		require.NoError(t, err)
	}
	require.Greater(t, sent.Acked, int64(1000))
	require.GreaterOrEqual(t, alone.Records, sent.Acked)
	require.True(t, alone.Complete && member.Complete)
	require.Positive(t, watched.Questions)
	verdict, err := run.Judge(t.Context())
	require.NoError(t, err)
	require.Empty(t, verdict.Findings)
	require.Empty(t, verdict.Doubts)
	require.Equal(t, contract.Pass, verdict.Status, "%+v", verdict.Requirements)
}
