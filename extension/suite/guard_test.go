package suite_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/chaos/platform/process"
	"k6suite/extension/objectstore"
	"k6suite/extension/profile"
)

// A whole cluster as a process, under the guard that k6 would have, is killed and started again: what was acked is there.
func TestAClusterAsAProcessIsKilledAndComesBack(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	store, err := objectstore.Serve(objectstore.ServeOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	address := unused(t)
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	p, err := process.Open(ctx, process.Options{Dir: t.TempDir(), Chaos: &profile.Chaos{Brokers: []profile.Broker{{
		Address: address,
		Command: profile.Command{
			Start: []string{
				"${k6}", "x", "suite", "cluster", "--port", port, "--s3-endpoint", store.URL(), "--s3-create-bucket", "--lie=${K6_CLUSTER_LIE:-}",
			},
			Ready: profile.Ready{Timeout: profile.Duration(30 * time.Second)},
		},
	}}}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })

	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.DefaultProduceTopic("t"), kgo.AllowAutoTopicCreation(),
		kgo.MetadataMinAge(20*time.Millisecond), kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.ProduceSync(ctx, kgo.StringRecord("before")).FirstErr())
	require.NoError(t, p.Kill(ctx, 0))
	brokers, err := p.Brokers(ctx)
	require.NoError(t, err)
	require.Equal(t, []platform.Broker{{Address: address, State: platform.Dead}}, brokers)
	require.NoError(t, p.Start(ctx, 0))
	require.NoError(t, client.ProduceSync(ctx, kgo.StringRecord("after")).FirstErr())
	var values []string
	for len(values) < 2 && ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	require.ElementsMatch(t, []string{"before", "after"}, values)
	require.NoError(t, p.Stop(ctx, 0))
	require.Empty(t, p.Died())
	require.Contains(t, p.Tail(0), "stopped", "it was asked to end, and did")
}

// unused gives an address that nobody had a moment ago.
func unused(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
