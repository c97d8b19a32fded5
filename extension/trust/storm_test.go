package trust_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/kafka/storm"
	"k6suite/extension/trust"
)

// stormed runs a small storm beside a little traffic, and judges. Its stages wait no longer than that for connections.
func stormed(t *testing.T, o trust.TargetOptions, connections int) (storm.Report, *contract.Verdict) {
	t.Helper()
	return stormedWithin(t, o, connections, 3*time.Second)
}

func stormedWithin(t *testing.T, o trust.TargetOptions, connections int, over time.Duration) (storm.Report, *contract.Verdict) {
	t.Helper()
	run := newRun(t, open(t, o), func(o *trust.Options) { o.Script, o.Records = "connection_storm", 500 })
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	_, err := run.Prepare(ctx)
	require.NoError(t, err)
	flow := make(chan error, 1)
	go func() {
		_, err := run.ProduceFlow(ctx, 1, trust.ProduceOptions{Records: 20}, trust.Flow{For: 2 * time.Minute, Every: 10 * time.Millisecond})
		flow <- err
	}()
	go func() { _, _ = run.Consume(ctx, 2, trust.ConsumeOptions{Until: trust.UntilEnd, Timeout: time.Minute}) }()
	for run.Acked() < 500 {
		time.Sleep(time.Millisecond)
	}
	report, err := run.Storm(ctx, storm.Plan{Stages: []int{connections}, Over: over, Hold: time.Second, Churn: 0.2, HalfOpen: 0.1},
		func(storm.Counts) {})
	require.NoError(t, err)
	for sent := run.Acked(); run.Acked() < sent+500; {
		time.Sleep(time.Millisecond)
	}
	run.FinishFlows()
	require.NoError(t, <-flow)
	return report, judge(t, run)
}

func TestAStormOnAHealthyTarget(t *testing.T) {
	t.Parallel()
	report, v := stormed(t, trust.TargetOptions{Profile: load(t, nil)}, 50)
	require.Equal(t, 50, report.Stages[0].Open)
	require.Equal(t, 50, report.Again.Open)
	require.Empty(t, v.Findings)
	require.Equal(t, contract.Inconclusive, statuses(v)["NFR3.4"], "it is about 10,000")
	require.Equal(t, contract.Pass, statuses(v)["NFR1.5"])
	require.NotNil(t, v.Storm)
	require.NotEmpty(t, v.Storm.Resources)
}

func TestASmallerTargetIsNotAskedForTenThousand(t *testing.T) {
	t.Parallel()
	_, v := stormed(t, trust.TargetOptions{Profile: load(t, map[string]string{"K6_PROFILE_LIMITS_CONNECTIONS": "50"})}, 50)
	require.Equal(t, contract.NotClaimed, statuses(v)["NFR3.4"])
	require.Equal(t, contract.Pass, statuses(v)["NFR1.5"])
	require.Empty(t, v.Findings)
}

func TestLiesAboutConnectionsAreFound(t *testing.T) {
	t.Parallel()
	for lie, rule := range map[string]string{"connection-limit": "CONNECTION_LIMIT", "connection-leak": "RESOURCE_LEAK"} {
		t.Run(lie, func(t *testing.T) {
			t.Parallel()
			_, v := stormed(t, trust.TargetOptions{
				Profile: load(t, map[string]string{"K6_PROFILE_LIMITS_RELEASE": "1s"}), Lies: []string{lie}, Seed: 1,
			}, 300)
			require.NotEmpty(t, v.Findings)
			for _, f := range v.Findings {
				require.Equal(t, rule, f.Rule(), f.Detail)
			}
			require.Equal(t, contract.Fail, statuses(v)["NFR3.4"])
		})
	}
}

// What this side lacks is never the target's.
func TestAStormThatWasNoneBlamesNobody(t *testing.T) {
	t.Parallel()
	for name, stormer := range map[string]trust.Stormer{
		"no descriptors": func(context.Context, storm.Plan, func(storm.Counts)) (storm.Report, error) {
			return storm.Report{Stages: []storm.Stage{{Asked: 50, Open: 10, TurnedDown: 40}}, Ours: "no descriptors"}, nil
		},
		"5 of them were not open in time": func(context.Context, storm.Plan, func(storm.Counts)) (storm.Report, error) {
			return storm.Report{Stages: []storm.Stage{{Asked: 50, Open: 45, Unfinished: 5}}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, v := stormed(t, trust.TargetOptions{Profile: load(t, nil), Storm: stormer}, 50)
			require.Empty(t, v.Findings)
			require.Equal(t, contract.Inconclusive, statuses(v)["NFR3.4"])
			require.Contains(t, v.Doubts[0].Text, name)
		})
	}
}

func TestAStormThatCannotBeginIsAnError(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{
		Profile: load(t, nil),
		Storm: func(context.Context, storm.Plan, func(storm.Counts)) (storm.Report, error) {
			return storm.Report{}, errors.New("no such program")
		},
	})
	run := newRun(t, target, func(o *trust.Options) { o.Script = "connection_storm" })
	_, err := run.Prepare(t.Context())
	require.NoError(t, err)
	_, err = run.Storm(t.Context(), storm.Plan{Stages: []int{1}, Over: time.Second}, nil)
	require.ErrorContains(t, err, "no such program")
	judge(t, run) // which closes its clients
	other := newRun(t, target, nil)
	_, err = other.Storm(t.Context(), storm.Plan{Stages: []int{1}}, nil)
	require.ErrorContains(t, err, "smoke_single does not judge NFR3.4")
}
