package kafkaproxy_test

import (
	"context"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/kafkaproxy"
)

const deadline = 30 * time.Second

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	t.Cleanup(cancel)
	return ctx
}

// fake starts a cluster of three brokers without the proxy.
func fake(t *testing.T, options ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(3)}, options...)...)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	return cluster
}

func start(t *testing.T, options kafkaproxy.Options) *kafkaproxy.Proxy {
	t.Helper()
	p, err := kafkaproxy.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func client(t *testing.T, addresses []string, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(addresses...)}, options...)...)
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	return cl
}

func TestMirrorHasAllTrafficPass(t *testing.T) {
	t.Parallel()
	cluster := fake(t, kfake.SeedTopics(6, "t"))
	p := start(t, kafkaproxy.Options{Brokers: cluster.ListenAddrs()[:1]})
	cl := client(t, p.Addresses(), kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for i := range 60 {
		r := &kgo.Record{Topic: "t", Partition: int32(i % 6), Value: []byte(strconv.Itoa(i))}
		require.NoError(t, cl.ProduceSync(testContext(t), r).FirstErr())
	}
	got := 0
	for got < 60 {
		fetches := cl.PollFetches(testContext(t))
		require.NoError(t, fetches.Err())
		got += fetches.NumRecords()
	}
	metadata, err := kadm.NewClient(cl).Metadata(testContext(t))
	require.NoError(t, err)
	require.Len(t, metadata.Brokers, 3)
	for _, b := range metadata.Brokers {
		require.NotContains(t, cluster.ListenAddrs(), net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))))
	}
	require.Len(t, p.Traffic(), 3)
}
