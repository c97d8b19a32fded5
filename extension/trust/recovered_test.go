package trust_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/trust"
)

// A run has recovered when all its partitions have acked what was sent after the heal, and not before.
func TestRecoveredWaitsForEveryPartition(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, map[string]string{"K6_PROFILE_LIMITS_STUCK": "500ms"})})
	run := newRun(t, target, func(o *trust.Options) { o.Script = "chaos_broker" })
	_, err := run.Prepare(t.Context())
	require.NoError(t, err)
	require.True(t, run.Recovered(t.Context()), "nothing was disturbed")

	h, err := target.Faults().Inject(t.Context(), []byte(`{"storage": "PutObject", "action": "delay", "delay": "10ms"}`))
	require.NoError(t, err)
	send := func(partitions ...int32) {
		for _, partition := range partitions {
			sent, err := run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 5, Partition: &partition})
			require.NoError(t, err)
			require.EqualValues(t, 5, sent.Acked)
		}
	}
	send(0, 1, 2)
	h.Stop()
	require.NoError(t, h.Err())
	send(0, 1)
	_, err = run.Consume(t.Context(), 2, trust.ConsumeOptions{Until: trust.UntilAcked})
	require.NoError(t, err)
	require.False(t, run.Recovered(t.Context()), "partition 2 has acked nothing since the heal")
	send(2)
	require.True(t, run.Recovered(t.Context()))
	judge(t, run) // which closes its clients
}
