package kafkaproxy_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/kafkaproxy"
)

// bench is a cluster with a proxy in front of it, for rules to act on.
type bench struct {
	cluster *kfake.Cluster
	proxy   *kafkaproxy.Proxy
}

// newBench has the topics "t" and "u" of two partitions each.
func newBench(t *testing.T, change ...func(*kafkaproxy.Options)) *bench {
	t.Helper()
	return benchOn(t, fake(t, kfake.SeedTopics(2, "t", "u"), kfake.NumBrokers(1)), change...)
}

// newEndpointBench has three brokers behind one address.
func newEndpointBench(t *testing.T, change ...func(*kafkaproxy.Options)) *bench {
	t.Helper()
	single := func(o *kafkaproxy.Options) { o.SingleEndpoint = true }
	return benchOn(t, fake(t, kfake.SeedTopics(6, "t", "u")), append(change, single)...)
}

func benchOn(t *testing.T, cluster *kfake.Cluster, change ...func(*kafkaproxy.Options)) *bench {
	t.Helper()
	options := kafkaproxy.Options{Brokers: cluster.ListenAddrs()}
	for _, c := range change {
		c(&options)
	}
	return &bench{cluster: cluster, proxy: start(t, options)}
}

// inject puts a rule to work.
func (b *bench) inject(t *testing.T, spec string) *kafkaproxy.Fault {
	t.Helper()
	rule, err := kafkaproxy.ParseRule([]byte(spec))
	require.NoError(t, err)
	f, err := b.proxy.Inject(rule)
	require.NoError(t, err)
	return f
}

// client connects through the proxy.
func (b *bench) client(t *testing.T, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	options = append([]kgo.Opt{
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(20 * time.Millisecond), kgo.FetchMaxWait(50 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 10 * time.Millisecond }), kgo.ManualFlushing(),
		kgo.UnknownTopicRetries(100),
	}, options...)
	return client(t, b.proxy.Addresses(), options...)
}

func plainProducer() kgo.Opt { return kgo.DisableIdempotentWrite() }

func message(topic string, partition int32, value string) *kgo.Record {
	return &kgo.Record{
		Topic: topic, Partition: partition, Key: []byte("key-" + value), Value: []byte(value),
		Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("of " + value)}},
	}
}

// send produces one batch and waits for its outcome. It returns the records as they were acked.
func send(t *testing.T, cl *kgo.Client, topic string, partition int32, values ...string) []*kgo.Record {
	t.Helper()
	records := make([]*kgo.Record, len(values))
	for i, v := range values {
		records[i] = message(topic, partition, v)
	}
	require.NoError(t, sendRecords(t, cl, records...).FirstErr())
	return records
}

// sendRecords sends records in one batch for each partition, and returns what became of them.
func sendRecords(t *testing.T, cl *kgo.Client, records ...*kgo.Record) kgo.ProduceResults {
	t.Helper()
	var mu sync.Mutex
	var results kgo.ProduceResults
	for _, r := range records {
		cl.Produce(testContext(t), r, func(r *kgo.Record, err error) {
			mu.Lock()
			defer mu.Unlock()
			results = append(results, kgo.ProduceResult{Record: r, Err: err})
		})
	}
	require.NoError(t, cl.Flush(testContext(t)))
	return results
}

// sendEach produces one batch after the other.
func sendEach(t *testing.T, cl *kgo.Client, topic string, partition int32, values ...string) (all []*kgo.Record) {
	t.Helper()
	for _, v := range values {
		all = append(all, send(t, cl, topic, partition, v)...)
	}
	return all
}

// numbered gives n values.
func numbered(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s%05d", prefix, i)
	}
	return all
}

// standing returns the values that stand in the log, read past the proxy. The client checks every checksum.
func (b *bench) standing(t *testing.T, topic string, partition int32, options ...kgo.Opt) []string {
	t.Helper()
	return valuesOf(readAll(t, b.cluster.ListenAddrs(), topic, partition, options...))
}

func valuesOf(records []*kgo.Record) []string {
	all := []string{}
	for _, r := range records {
		all = append(all, string(r.Value))
	}
	return all
}

// readAll reads a partition by a new client, up to the end that it has now. It ends where the reader's position is the end, whether there
// are records before it or not.
func readAll(t *testing.T, addresses []string, topic string, partition int32, options ...kgo.Opt) []*kgo.Record {
	t.Helper()
	ctx := testContext(t)
	options = append([]kgo.Opt{
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().At(0)}}),
		kgo.FetchMaxWait(50 * time.Millisecond), kgo.KeepControlRecords(), kgo.MetadataMinAge(20 * time.Millisecond),
	}, options...)
	cl := client(t, addresses, options...)
	ends, err := kadm.NewClient(cl).ListEndOffsets(ctx, topic)
	require.NoError(t, err)
	end, ok := ends.Lookup(topic, partition)
	require.True(t, ok)
	require.NoError(t, end.Err)
	var got []*kgo.Record
	for next := int64(0); next < end.Offset; {
		fetches := cl.PollFetches(ctx)
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			next = r.Offset + 1
			if !r.Attrs.IsControl() {
				got = append(got, r)
			}
		})
	}
	return got
}

// eventually waits until something has become true.
func eventually(t *testing.T, is func() bool) {
	t.Helper()
	require.Eventually(t, is, deadline, time.Millisecond)
}

func ended(t *testing.T, f *kafkaproxy.Fault) {
	t.Helper()
	select {
	case <-f.Done():
	case <-testContext(t).Done():
		require.Fail(t, "the fault does not end")
	}
	require.False(t, f.Ended().IsZero())
}

func hits(t *testing.T, f *kafkaproxy.Fault, n int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(testContext(t), deadline)
	defer cancel()
	require.NoError(t, f.WaitHits(ctx, n))
	require.Equal(t, n, f.Hits())
}

func except(all []string, out ...string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(v string) bool { return slices.Contains(out, v) })
}
