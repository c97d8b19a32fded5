package trust

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
	"k6suite/extension/profile"
)

// A member keeps what it has while the coordinator moves it from epoch to epoch, and another one is given some of it: only that the first
// is heard in its new epoch, too, though nothing changes for it, shows that both have it.
func TestTwoOwnersAtOneEpochAreFound(t *testing.T) {
	t.Parallel()
	p, err := profile.Load(profile.Options{File: "../../config/profiles.json", Env: func(string) (string, bool) { return "", false }})
	require.NoError(t, err)
	target, err := OpenTarget(t.Context(), TargetOptions{Profile: p, Lies: []string{"double-assignment"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, target.Close()) })
	run, err := NewRun(target, Options{Script: "consumer_groups", RunID: p.RunID, Partitions: 4, Records: 100, Results: t.TempDir()})
	require.NoError(t, err)
	_, err = run.Prepare(t.Context())
	require.NoError(t, err)

	ctx, end := context.WithCancel(t.Context())
	const members = 2
	read := make(chan error, members)
	member := func(vu int64) {
		_, err := run.Consume(ctx, vu, ConsumeOptions{Group: "g", Protocol: kafka.ProtocolConsumer, Timeout: 5 * time.Minute})
		read <- err
	}
	go member(1)
	require.True(t, run.MembersSeen(t.Context(), "g", 1, time.Minute))
	go member(2)
	double := func(f ledger.Finding) bool { return f.Code == ledger.GroupDouble }
	require.Eventually(t, func() bool {
		return slices.ContainsFunc(run.ledger.Judge(ledger.JudgeOptions{}).Findings, double)
	}, 3*time.Minute, 50*time.Millisecond)
	end()
	for range members {
		require.NoError(t, <-read)
	}
	verdict, err := run.Judge(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, verdict.Findings)
	require.False(t, slices.ContainsFunc(verdict.Findings, func(f ledger.Finding) bool { return !double(f) }), "%v", verdict.Findings)
}
