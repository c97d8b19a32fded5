package trust_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/profile"
	"k6suite/extension/trust"
)

// load reads a profile with an environment of the test's own.
func load(t *testing.T, env map[string]string) *profile.Profile {
	t.Helper()
	p, err := profile.Load(profile.Options{File: "../../config/profiles.json", Env: func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}})
	require.NoError(t, err)
	return p
}

// open opens a profile's target and closes it with the test.
func open(t *testing.T, o trust.TargetOptions) *trust.Target {
	t.Helper()
	target, err := trust.OpenTarget(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, target.Close()) })
	return target
}

// newRun makes a run of smoke_single whose results go to the test's folder.
func newRun(t *testing.T, target *trust.Target, change func(*trust.Options)) *trust.Run {
	t.Helper()
	opts := trust.Options{Script: "smoke_single", RunID: target.Profile.RunID, Partitions: 3, Records: 1000, Results: t.TempDir()}
	if change != nil {
		change(&opts)
	}
	run, err := trust.NewRun(target, opts)
	require.NoError(t, err)
	return run
}

// traffic prepares the run, sends what smoke_single sends, and reads it while some of it is still being sent.
func traffic(t *testing.T, run *trust.Run) (trust.Produced, trust.Consumed) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := run.Prepare(ctx)
	require.NoError(t, err)
	sent := make(chan trust.Produced, 1)
	go func() {
		defer close(sent)
		var all trust.Produced
		for range 2 { // two calls, so that the newest batch of a partition is not its only one
			produced, err := run.Produce(ctx, 1, trust.ProduceOptions{Records: 500, Keys: 50, BatchSize: 4 << 10})
			if err != nil {
				return
			}
			all.Acked += produced.Acked
		}
		sent <- all
	}()
	read, err := run.Consume(ctx, 1, trust.ConsumeOptions{Timeout: 30 * time.Second})
	require.NoError(t, err)
	return <-sent, read
}

func judge(t *testing.T, run *trust.Run) *contract.Verdict {
	t.Helper()
	verdict, err := run.Judge(t.Context())
	require.NoError(t, err)
	return verdict
}

func statuses(v *contract.Verdict) map[string]contract.Status {
	out := map[string]contract.Status{}
	for _, r := range v.Requirements {
		out[r.ID] = r.Status
	}
	return out
}
