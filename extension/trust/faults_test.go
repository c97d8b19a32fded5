package trust_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
	"k6suite/extension/trust"
)

func inject(t *testing.T, target *trust.Target, spec string) interface {
	Hits() int64
	Stop()
	WaitHits(context.Context, int64) error
} {
	t.Helper()
	h, err := target.Faults().Inject(t.Context(), []byte(spec))
	require.NoError(t, err)
	return h
}

// disturbed cuts off every broker in the middle of traffic, heals, and sends to each partition again.
func disturbed(t *testing.T, run *trust.Run, target *trust.Target) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := run.Prepare(ctx)
	require.NoError(t, err)
	require.Equal(t, trust.Baseline, run.Phase())
	brokers, err := target.Faults().Brokers(t.Context())
	require.NoError(t, err)
	require.Len(t, brokers, 3)
	sent := make(chan error, 1)
	for _, broker := range brokers {
		fault := inject(t, target, fmt.Sprintf(`{"broker": %d, "action": "blackhole"}`, broker))
		require.Equal(t, trust.Disturbed, run.Phase())
		go func() {
			_, err := run.Produce(ctx, int64(broker), trust.ProduceOptions{Records: 300, Timeout: 3 * time.Second})
			sent <- err
		}()
		require.NoError(t, fault.WaitHits(ctx, 1))
		fault.Stop()
		require.NoError(t, <-sent)
		require.Equal(t, trust.Recovery, run.Phase())
	}
	for partition := range int32(3) {
		_, err := run.Produce(ctx, 10+int64(partition), trust.ProduceOptions{Records: 100, Partition: &partition, Timeout: 2 * time.Second})
		require.NoError(t, err)
	}
}

func TestATargetThatGoesOnAfterAPartitionPasses(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, map[string]string{"K6_PROFILE_LIMITS_STUCK": "1s"})})
	run := newRun(t, target, func(o *trust.Options) { o.Script = "network_partition" })
	disturbed(t, run, target)
	_, err := run.Consume(t.Context(), 1, trust.ConsumeOptions{})
	require.NoError(t, err)
	verdict := judge(t, run)
	require.Equal(t, contract.Pass, verdict.Status, "%+v", verdict)
	require.EqualValues(t, 3, verdict.Healed)
	require.EqualValues(t, 3, verdict.PartitionsHealed)
	require.Equal(t, trust.Final, run.Phase())
}

// What a fault takes away after its ack is lost, exactly that is, and it is the fault that lost it.
func TestWhatAFaultTakesIsForeseen(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	run := newRun(t, target, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := run.Prepare(ctx)
	require.NoError(t, err)
	fault := inject(t, target, `{"api": "Produce", "action": "drop", "nth": 2, "times": 3}`)
	for range 2 {
		sent, err := run.Produce(ctx, 1, trust.ProduceOptions{Records: 500, Keys: 50, BatchSize: 4 << 10})
		require.NoError(t, err)
		require.EqualValues(t, 500, sent.Acked)
	}
	read, err := run.Consume(ctx, 1, trust.ConsumeOptions{})
	require.NoError(t, err)
	require.True(t, read.Complete, "of what can be read")
	verdict := judge(t, run)
	require.Equal(t, contract.Pass, verdict.Status, "%+v", verdict)
	require.EqualValues(t, 3, fault.Hits())
	require.NotEmpty(t, verdict.Foreseen)
	require.Equal(t, verdict.Acked-verdict.Found, verdict.ForeseenLost)
	require.Positive(t, verdict.ForeseenLost)
}

// A target that loses records of its own does not hide behind a fault.
func TestAFaultExcusesNoOtherLoss(t *testing.T) {
	t.Parallel()
	impatient := load(t, map[string]string{"K6_PROFILE_LIMITS_RECOVERY": "500ms"})
	target := open(t, trust.TargetOptions{Profile: impatient, Lies: []string{"lose-record"}, Seed: 1})
	run := newRun(t, target, func(o *trust.Options) { o.Partitions = 1 }) // both lose from the same one
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := run.Prepare(ctx)
	require.NoError(t, err)
	inject(t, target, `{"api": "Produce", "action": "drop", "nth": 2, "times": 1}`)
	_, err = run.Produce(ctx, 1, trust.ProduceOptions{Records: 1000, Keys: 50, BatchSize: 4 << 10})
	require.NoError(t, err)
	verdict := judge(t, run)
	require.Equal(t, contract.Fail, verdict.Status)
	for _, f := range verdict.Findings {
		require.Equal(t, ledger.LostAcked, f.Code)
	}
	require.Empty(t, verdict.Foreseen, "nobody can say which of them the fault took")
}

func TestAFaultThatHitNothingIsADoubt(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	run := newRun(t, target, nil)
	_, err := run.Prepare(t.Context())
	require.NoError(t, err)
	inject(t, target, `{"api": "Produce", "topic": "nobody", "action": "disconnect"}`)
	inject(t, target, `{"api": ["Produce", "Fetch"], "topic": "nobody", "action": "drop"}`)
	verdict := judge(t, run)
	require.Equal(t, contract.Inconclusive, verdict.Status)
	require.Contains(t, verdict.Doubts[0].Text, `fault 1 hit nothing: {"api": "Produce", "topic": "nobody", "action": "disconnect"}`)
	require.Contains(t, verdict.Doubts[2].Text, "fault 2 acts on what is produced and on what is fetched")
}

func TestAClientThatIsSentElsewhereIsSeen(t *testing.T) {
	t.Parallel()
	// Brokers of their own addresses, which the profile says are one.
	target := open(t, trust.TargetOptions{Profile: load(t, map[string]string{"K6_PROFILE_CLAIMS_SINGLE_ENDPOINT": "false"})})
	target.Profile.Claims.SingleEndpoint = true
	run := newRun(t, target, nil)
	traffic(t, run)
	verdict := judge(t, run)
	require.Equal(t, contract.Fail, verdict.Status)
	require.Equal(t, contract.Fail, statuses(verdict)["F1.2"])
	require.Equal(t, contract.Pass, statuses(verdict)["F1.1"], "the bootstrap address leads everywhere")
	for _, f := range verdict.Findings {
		require.Equal(t, "METADATA_LIE/address", f.Rule())
	}
}

// Whatever a fault does to records and to what is said of them, the target is not blamed.
func TestNoFaultIsBlamedOnTheTarget(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]string{
		"parts of batches":    `{"api": "Produce", "key": "1$", "action": "drop", "times": 2}`,
		"from readers":        `{"api": "Fetch", "action": "drop", "times": 2}`,
		"refused and written": `{"api": "Produce", "on": "response", "action": "error", "error": "INVALID_RECORD", "times": 2}`,
		"spoilt":              `{"api": "Produce", "action": "corrupt", "times": 2}`,
		"spoilt for readers":  `{"api": "Fetch", "action": "corrupt", "times": 2}`,
		"doubled":             `{"api": "Produce", "action": "duplicate", "times": 2}`,
		"exchanged":           `{"api": "Produce", "action": "reorder", "times": 2}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := open(t, trust.TargetOptions{Profile: load(t, map[string]string{"K6_PROFILE_LIMITS_STUCK": "1s"})})
			run := newRun(t, target, nil)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := run.Prepare(ctx)
			require.NoError(t, err)
			fault := inject(t, target, spec)
			for range 2 {
				_, err := run.Produce(ctx, 1, trust.ProduceOptions{Records: 500, Keys: 50, BatchSize: 4 << 10})
				require.NoError(t, err)
			}
			_, err = run.Consume(ctx, 1, trust.ConsumeOptions{Timeout: 6 * time.Second})
			require.NoError(t, err)
			verdict := judge(t, run)
			require.Positive(t, fault.Hits())
			require.Empty(t, verdict.Findings)
			require.NotEqual(t, contract.Fail, verdict.Status)
		})
	}
}
