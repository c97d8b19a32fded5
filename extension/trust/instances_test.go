package trust_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
	"k6suite/extension/kafka/storm"
	"k6suite/extension/trust"
)

// one makes a run the first of two instances.
func one(o *trust.Options) { o.Part = contract.Part{Test: "test", Number: 1, Of: 2} }

func TestWhatOnlyOneInstanceWouldKnowOfIsRefused(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	const why = "not judged over several k6 instances: run the script by one"
	_, err := trust.NewRun(target, trust.Options{
		Script: "zombie", Part: contract.Part{Test: "test", Number: 1, Of: 2}, Needs: []trust.Need{trust.Needs()[0]},
	})
	require.ErrorContains(t, err, "faults are "+why)
	run := newRun(t, target, func(o *trust.Options) { one(o); o.Script = "connection_storm" })
	_, err = run.Storm(t.Context(), storm.Plan{}, nil)
	require.ErrorContains(t, err, "storms are "+why)
	_, err = run.Transform(t.Context(), trust.TransformOptions{})
	require.ErrorContains(t, err, "processors are "+why)
	_, err = run.Trim(t.Context(), kafka.Offsets{})
	require.ErrorContains(t, err, "deleted records are "+why)
}

func TestAnInstanceTakesTheTopicThatAnotherHasMade(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	topic := trust.TopicName("smoke_single", "test")
	for range 2 {
		run := newRun(t, target, one)
		require.Equal(t, []string{topic}, run.Topics())
		t.Cleanup(func() { ends(t, run) })
		_, err := run.Prepare(t.Context())
		require.NoError(t, err)
		require.NoError(t, run.Stopped())
	}
	other := newRun(t, target, func(o *trust.Options) { one(o); o.Partitions = 7 })
	t.Cleanup(func() { ends(t, other) })
	_, err := other.Prepare(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, other.Stopped(), "another instance of test test runs another script")
}

// What a sibling loses never comes: a reader that waits for it gives up when nothing has come for a while.
func TestAReaderDoesNotWaitForEverForSiblings(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	run := newRun(t, target, func(o *trust.Options) { one(o); o.Records = 1000 })
	_, err := run.Prepare(t.Context())
	require.NoError(t, err)
	_, err = run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 500})
	require.NoError(t, err)
	got, err := run.Consume(t.Context(), 1, trust.ConsumeOptions{Timeout: 10 * time.Minute})
	require.NoError(t, err)
	require.True(t, got.Complete)
	ends(t, run)
}

// ends has a run judged, whatever comes of it, so that it lets go of its clients.
func ends(t *testing.T, run *trust.Run) {
	t.Helper()
	_, err := run.Judge(context.Background()) // the test's own context is over in its cleanup
	require.NoError(t, err)
}
