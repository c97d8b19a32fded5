package kafkaproxy_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// The brokers, each proxy and the clients are processes of their own on one machine, so that whoever works takes time from all
// others: the ratios are lower than with a machine for each. And through a single endpoint a client has one connection where it has
// three to three brokers.

const (
	benchRounds = 7
	benchBytes  = 128 << 20
	// The load of the latencies: senders, each of which sends one record at a time, at equal pace.
	benchSenders = 4
	benchPace    = 4 * time.Millisecond
	benchSends   = 500
)

// way is how clients reach the brokers.
type way struct {
	name    string
	seeds   []string
	through map[string]string // broker → where to dial instead
}

func (w way) client(b *testing.B, options ...kgo.Opt) *kgo.Client {
	b.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(w.seeds...), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.DefaultProduceTopic(benchTopic),
		kgo.MaxBufferedRecords(64_000),
		kgo.Dialer(func(ctx context.Context, network, address string) (net.Conn, error) {
			if other := w.through[address]; other != "" {
				address = other
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}),
	}, options...)...)
	require.NoError(b, err)
	return cl
}

// ways starts brokers and everything that can stand before them. The first one is direct.
func ways(b *testing.B, brokersAre string) []way {
	b.Helper()
	brokers := startProcess(b, brokersAre).addresses
	forward := func(p process) map[string]string {
		m := map[string]string{}
		for i, broker := range brokers {
			m[broker] = p.addresses[i]
		}
		return m
	}
	all := []way{
		{name: "direct", seeds: brokers},
		{name: "mirror", seeds: startProcess(b, roleMirror, brokers...).addresses},
		{name: "single", seeds: startProcess(b, roleSingle, brokers...).addresses},
		{name: "passthrough", seeds: brokers, through: forward(startProcess(b, rolePassthrough, brokers...))},
	}
	if binary := os.Getenv("TOXIPROXY"); binary != "" {
		toxiproxy := run(b, exec.Command(binary, brokers...))
		all = append(all, way{name: "toxiproxy", seeds: brokers, through: forward(toxiproxy)})
	}
	return all
}

// compareWays measures each way in turn, round by round, and reports the median of what relate makes of it and of direct.
func compareWays(b *testing.B, all []way, unit string, measure func(w way) float64, relate func(direct, way float64) float64) {
	b.Helper()
	for range b.N {
		related := map[string][]float64{}
		for range benchRounds {
			direct := measure(all[0])
			for _, w := range all[1:] {
				related[w.name] = append(related[w.name], relate(direct, measure(w)))
			}
		}
		for _, w := range all[1:] {
			slices.Sort(related[w.name])
			b.ReportMetric(related[w.name][benchRounds/2], w.name+unit)
		}
	}
	b.ReportMetric(0, "ns/op") // the ratios are what counts
}

func rate(direct, way float64) float64  { return direct / way }
func extra(direct, way float64) float64 { return way - direct }

// BenchmarkProduce sends 128 MiB of records of 1,000 bytes to 12 partitions on 3 brokers, acks=all, and reports rates as ratios to
// direct ones.
func BenchmarkProduce(b *testing.B) {
	eachKind(b, func(b *testing.B, kind string) {
		b.Helper()
		all := ways(b, kind)
		compareWays(b, all, "/direct", func(w way) float64 {
			took := produceLoad(b, w)
			if kind == roleKfake {
				empty(b, all[0])
			}
			return took.Seconds()
		}, rate)
	})
}

// BenchmarkFetch reads as much.
func BenchmarkFetch(b *testing.B) {
	eachKind(b, func(b *testing.B, kind string) {
		b.Helper()
		all := ways(b, kind)
		if kind == roleKfake {
			produceLoad(b, all[0])
		}
		compareWays(b, all, "/direct", func(w way) float64 {
			cl := w.client(b, kgo.ConsumeTopics(benchTopic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
			defer cl.Close()
			began := time.Now()
			for n := benchBytes / benchValue; n > 0; {
				fetches := cl.PollFetches(b.Context())
				require.NoError(b, fetches.Err())
				n -= fetches.NumRecords()
			}
			return time.Since(began).Seconds()
		}, rate)
	})
}

// eachKind runs a benchmark with brokers that keep what they are sent, and with such that do nothing but answer: the first ones show
// what a test notices of the proxy, the second ones show the proxy and nothing else.
func eachKind(b *testing.B, run func(b *testing.B, kind string)) {
	b.Helper()
	for _, kind := range []string{roleKfake, roleInstant} {
		b.Run(kind, func(b *testing.B) { run(b, kind) })
	}
}

// produceLoad sends records, and returns how long it took from the first one that a client which has its connections sends.
func produceLoad(b *testing.B, w way) time.Duration {
	b.Helper()
	cl := w.client(b)
	defer cl.Close()
	value := make([]byte, benchValue)
	require.NoError(b, cl.ProduceSync(b.Context(), &kgo.Record{Value: value}).FirstErr())
	began := time.Now()
	for range benchBytes / benchValue {
		cl.Produce(b.Context(), &kgo.Record{Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				b.Error(err)
			}
		})
	}
	require.NoError(b, cl.Flush(b.Context()))
	return time.Since(began)
}

// empty deletes the records that were produced, so that one way does not pay for the memory of the one before.
func empty(b *testing.B, w way) {
	b.Helper()
	cl := w.client(b)
	defer cl.Close()
	admin := kadm.NewClient(cl)
	ends, err := admin.ListEndOffsets(b.Context(), benchTopic)
	require.NoError(b, err)
	deleted, err := admin.DeleteRecords(b.Context(), ends.Offsets())
	require.NoError(b, err)
	require.NoError(b, deleted.Error())
}

// BenchmarkSendLatency has 4 producers send 250 single records a second each, acks=all, and reports by how many milliseconds the
// 99th percentile of the time to the ack is greater than a direct one.
func BenchmarkSendLatency(b *testing.B) {
	compareWays(b, ways(b, roleInstant), "-p99-ms-more", func(w way) float64 {
		took := make([][]time.Duration, benchSenders)
		var senders sync.WaitGroup
		for i := range took {
			senders.Go(func() { took[i] = paced(b, w) })
		}
		senders.Wait()
		all := slices.Concat(took...)
		slices.Sort(all)
		return float64(all[len(all)*99/100].Microseconds()) / 1000
	}, extra)
}

// paced sends one record after the other at a pace that does not depend on the answers.
func paced(b *testing.B, w way) []time.Duration {
	b.Helper()
	cl := w.client(b)
	defer cl.Close()
	send := func() {
		require.NoError(b, cl.ProduceSync(b.Context(), &kgo.Record{Value: make([]byte, 100)}).FirstErr())
	}
	for range 2 * benchPartitions {
		send() // connections to all brokers
	}
	took := make([]time.Duration, benchSends)
	due := time.Now()
	for i := range took {
		due = due.Add(benchPace)
		time.Sleep(time.Until(due))
		began := time.Now()
		send()
		took[i] = time.Since(began)
	}
	return took
}

// BenchmarkIdleConnections opens 5,000 connections, asks for versions and metadata on each, leaves them alone, and reports the
// resident memory of the proxy's process.
func BenchmarkIdleConnections(b *testing.B) {
	const connections = 5000
	brokers := startProcess(b, roleInstant).addresses
	for _, role := range []string{roleMirror, roleSingle} {
		p := startProcess(b, role, brokers...)
		before := resident(b, p.pid)
		conns := make([]net.Conn, connections)
		for i := range conns {
			conn, err := net.Dial("tcp", p.addresses[0])
			require.NoError(b, err)
			defer conn.Close()
			ask(b, conn, offer())
			ask(b, conn, describe())
			conns[i] = conn
		}
		b.ReportMetric(before, role+"-MiB-without")
		b.ReportMetric(resident(b, p.pid), role+"-MiB")
	}
	b.ReportMetric(0, "ns/op")
}

// resident gives the resident memory of a process in MiB.
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(b, err)
	_, rest, found := strings.Cut(string(text), "VmRSS:")
	require.True(b, found, "no VmRSS")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(b, err)
	return float64(kib) / 1024
}
