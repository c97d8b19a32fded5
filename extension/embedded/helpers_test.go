package embedded_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/embedded"
)

// deadline ends a test that hangs; nothing waits for it to pass.
const deadline = time.Minute

func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	t.Cleanup(cancel)
	return ctx
}

func start(t testing.TB, options embedded.Options) *embedded.Cluster {
	t.Helper()
	c, err := embedded.Start(testContext(t), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func client(t testing.TB, c *embedded.Cluster, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	options = append([]kgo.Opt{
		kgo.SeedBrokers(c.Bootstrap()...), kgo.MetadataMinAge(20 * time.Millisecond), kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond }),
	}, options...)
	if c.Authority() != nil {
		options = append([]kgo.Opt{kgo.DialTLSConfig(trusting(t, c))}, options...)
	}
	cl, err := kgo.NewClient(options...)
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	return cl
}

func createTopic(t testing.TB, c *embedded.Cluster, name string, partitions int32, configs map[string]*string) {
	t.Helper()
	_, err := kadm.NewClient(client(t, c)).CreateTopic(testContext(t), partitions, -1, configs, name)
	require.NoError(t, err)
}

func record(topic string, partition int32, n int) *kgo.Record {
	return &kgo.Record{
		Topic: topic, Partition: partition, Key: fmt.Appendf(nil, "key-%d", n), Value: fmt.Appendf(nil, "value-%06d", n),
		Headers: []kgo.RecordHeader{{Key: "k6-id", Value: fmt.Appendf(nil, "id-%06d", n)}},
	}
}

// produce sends records one batch after the other and returns them as they were acked.
func produce(t testing.TB, cl *kgo.Client, topic string, partition int32, batches, size int) []*kgo.Record {
	t.Helper()
	var sent []*kgo.Record
	for b := range batches {
		group := make([]*kgo.Record, size)
		for i := range group {
			group[i] = record(topic, partition, b*size+i)
		}
		require.NoError(t, cl.ProduceSync(testContext(t), group...).FirstErr())
		sent = append(sent, group...)
	}
	return sent
}

// read returns the records of a partition from the start to the end that ListOffsets names, by a new client.
func read(t testing.TB, c *embedded.Cluster, topic string, partition int32) []*kgo.Record {
	t.Helper()
	return readFrom(t, c, topic, partition, 0, end(t, c, topic, partition))
}

func readFrom(t testing.TB, c *embedded.Cluster, topic string, partition int32, from, to int64) []*kgo.Record {
	t.Helper()
	cl := client(t, c, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().At(from)}}))
	var got []*kgo.Record
	for next := from; next < to; {
		fetches := cl.PollFetches(testContext(t))
		fetches.EachError(func(_ string, _ int32, err error) {
			require.ErrorAs(t, err, new(*kgo.ErrDataLoss)) // what a client makes of the lie "rewind": it says so, and goes on
		})
		fetches.EachRecord(func(r *kgo.Record) {
			got = append(got, r)
			next = r.Offset + 1
		})
	}
	return got
}

func end(t testing.TB, c *embedded.Cluster, topic string, partition int32) int64 {
	t.Helper()
	offsets, err := kadm.NewClient(client(t, c)).ListEndOffsets(testContext(t), topic)
	require.NoError(t, err)
	o, ok := offsets.Lookup(topic, partition)
	require.True(t, ok)
	require.NoError(t, o.Err)
	return o.Offset
}

// scrape returns the metrics of the cluster as they are served.
func scrape(t testing.TB, c *embedded.Cluster) string {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(testContext(t), http.MethodGet, c.MetricsURL(), nil)
	require.NoError(t, err)
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

func manual() kgo.Opt { return kgo.RecordPartitioner(kgo.ManualPartitioner()) }
