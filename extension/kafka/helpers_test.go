package kafka_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"k6suite/extension/kafka"
)

func cluster(t testing.TB, opts ...kfake.Opt) (*kfake.Cluster, kafka.Config) {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(10 * time.Millisecond)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c, kafka.Config{Brokers: c.ListenAddrs()}
}

func producer(t testing.TB, c kafka.Config, o kafka.ProducerOptions) *kafka.Producer {
	t.Helper()
	p, err := kafka.NewProducer(c, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func consumer(t testing.TB, c kafka.Config, o kafka.ConsumerOptions) *kafka.Consumer {
	t.Helper()
	r, err := kafka.NewConsumer(c, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func admin(t testing.TB, c kafka.Config) *kafka.Admin {
	t.Helper()
	a, err := kafka.NewAdmin(c)
	require.NoError(t, err)
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// within bounds a test that would hang where it should fail.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func values(n int, topic string) []kafka.Record {
	out := make([]kafka.Record, n)
	for i := range out {
		out[i] = kafka.Record{Topic: topic, Partition: kafka.AnyPartition, Value: []byte{byte(i), byte(i >> 8)}}
	}
	return out
}

// drain polls until n records have come.
func drain(t testing.TB, r *kafka.Consumer, n int) []kafka.Record {
	t.Helper()
	ctx := within(t)
	var out []kafka.Record
	for len(out) < n {
		records, err := r.Poll(ctx, 0, time.Second)
		require.NoError(t, err)
		out = append(out, records...)
	}
	require.Len(t, out, n)
	return out
}

// meter keeps what it is told.
type meter struct {
	mu        sync.Mutex
	writes    []kafka.Writes
	reads     []kafka.Reads
	rebalance []kafka.Rebalance
}

func (m *meter) Wrote(w kafka.Writes) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes = append(m.writes, w)
}

func (m *meter) Read(r kafka.Reads) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads = append(m.reads, r)
}

func (m *meter) Rebalanced(r kafka.Rebalance) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rebalance = append(m.rebalance, r)
}

func (m *meter) written() (records int, bytes int64, latencies int, errs map[string]int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	errs = map[string]int{}
	for _, w := range m.writes {
		records += w.Records
		bytes += w.Bytes
		latencies += len(w.Latencies)
		for k, n := range w.Errors {
			errs[k] += n
		}
	}
	return records, bytes, latencies, errs
}
