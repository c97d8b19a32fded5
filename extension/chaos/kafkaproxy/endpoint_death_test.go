package kafkaproxy_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/kafkaproxy"
)

// wires are the connections of a proxy to its brokers: kfake itself leaves those of a removed broker open.
type wires struct {
	mu   sync.Mutex
	to   map[string][]net.Conn
	dead map[string]bool
	no   int // connections that were refused
}

func newWires() *wires { return &wires{to: map[string][]net.Conn{}, dead: map[string]bool{}} }

func (w *wires) refusals() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.no
}

func (w *wires) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	dead := w.dead[address]
	if dead {
		w.no++
	}
	w.mu.Unlock()
	if dead {
		return nil, fmt.Errorf("connection to %s refused: it is dead", address)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.to[address] = append(w.to[address], conn)
	}
	return conn, err
}

// kill ends the connections to a broker, and has it accept no more.
func (w *wires) kill(address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead[address] = true
	for _, conn := range w.to[address] {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
	w.to[address] = nil
}

// mortal is behind, with brokers that can die.
func mortal(t *testing.T, options ...kfake.Opt) (*kfake.Cluster, *kafkaproxy.Proxy, *wires) {
	t.Helper()
	cluster := fake(t, append([]kfake.Opt{kfake.SeedTopics(spreadPartitions, "t")}, options...)...)
	spreadTopic(t, cluster, "t")
	w := newWires()
	p := start(t, kafkaproxy.Options{Brokers: cluster.ListenAddrs(), SingleEndpoint: true, Dial: w.dial})
	return cluster, p, w
}

// produceWhile keeps producing until stopped, and returns how many records were acked. Each send must succeed.
func produceWhile(t *testing.T, cl *kgo.Client, change func()) int {
	t.Helper()
	var acked sync.WaitGroup
	var mu sync.Mutex
	failed := []error{}
	send := func(i int) {
		acked.Add(1)
		r := &kgo.Record{Topic: "t", Partition: int32(i % spreadPartitions), Value: fmt.Appendf(nil, "%d", i)}
		cl.Produce(testContext(t), r, func(_ *kgo.Record, err error) {
			defer acked.Done()
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, err)
			}
		})
	}
	const each = 300
	for i := range each {
		send(i)
	}
	require.NoError(t, cl.Flush(testContext(t)))
	for i := range each {
		send(each + i)
	}
	change()
	for i := range each {
		send(2*each + i)
	}
	acked.Wait()
	require.Empty(t, failed)
	return 3 * each
}

// requireOnce checks that the topic has each number once.
func requireOnce(t *testing.T, p *kafkaproxy.Proxy, records int) {
	t.Helper()
	require.Equal(t, numbers(records), read(t, client(t, p.Addresses(), fromStart("t")...), records))
	offsets, err := kadm.NewClient(client(t, p.Addresses())).ListEndOffsets(testContext(t), "t")
	require.NoError(t, err)
	sum := int64(0)
	offsets.Each(func(o kadm.ListedOffset) { sum += o.Offset })
	require.Equal(t, int64(records), sum, "something was written twice")
}

func TestEndpointBrokerDiesUnderProducers(t *testing.T) {
	t.Parallel()
	cluster, p, w := mortal(t)
	address := cluster.ListenAddrs()[1]
	cl := client(t, p.Addresses(), manual())
	records := produceWhile(t, cl, func() {
		require.NoError(t, cluster.RemoveNode(1))
		w.kill(address)
	})
	requireOnce(t, p, records)
}

func TestEndpointLeadersMoveUnderProducers(t *testing.T) {
	t.Parallel()
	cluster, p, _ := mortal(t)
	cl := client(t, p.Addresses(), manual())
	records := produceWhile(t, cl, func() {
		for partition := range int32(spreadPartitions) {
			require.NoError(t, cluster.MoveTopicPartition("t", partition, (partition+1)%3))
		}
	})
	requireOnce(t, p, records)
}

func TestEndpointBrokerDiesUnderReaders(t *testing.T) {
	t.Parallel()
	cluster, p, w := mortal(t)
	reader := client(t, p.Addresses(), fromStart("t")...)
	producer := client(t, p.Addresses(), manual())
	fillTopic(t, producer, "t", 60)
	require.Equal(t, numbers(60), read(t, reader, 60))
	address := cluster.ListenAddrs()[2]
	require.NoError(t, cluster.RemoveNode(2))
	w.kill(address)
	fillTopic(t, producer, "t", 60)
	require.Equal(t, numbers(60), read(t, reader, 60))
}

func TestEndpointAllBrokersButOneDie(t *testing.T) {
	t.Parallel()
	cluster, p, w := mortal(t)
	cl := client(t, p.Addresses(), manual())
	fillTopic(t, cl, "t", 60)
	addresses := cluster.ListenAddrs()
	for node := range int32(2) {
		require.NoError(t, cluster.RemoveNode(node))
		w.kill(addresses[node])
	}
	fillTopic(t, cl, "t", 60)
	metadata, err := kadm.NewClient(cl).Metadata(testContext(t))
	require.NoError(t, err)
	require.Len(t, metadata.Brokers, 1)
	require.Equal(t, p.Addresses()[0], fmt.Sprintf("%s:%d", metadata.Brokers[0].Host, metadata.Brokers[0].Port))
}

func TestEndpointGroupOutlivesItsCoordinator(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]bool{"classic": false, "consumer protocol": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster, p, w := mortal(t)
			producer := client(t, p.Addresses(), manual())
			fillTopic(t, producer, "t", 60)
			ctx := testContext(t)
			if next {
				ctx = context.WithValue(ctx, "opt_in_kafka_next_gen_balancer_beta", true) //nolint:revive,staticcheck // franz-go's own key
			}
			group := client(t, p.Addresses(), append(fromStart("t"), kgo.ConsumerGroup("g"), kgo.DisableAutoCommit(), kgo.WithContext(ctx))...)
			require.Equal(t, numbers(60), read(t, group, 60))
			require.NoError(t, group.CommitUncommittedOffsets(testContext(t)))

			node := cluster.CoordinatorFor("g")
			addresses := cluster.ListenAddrs()
			require.NoError(t, cluster.RemoveNode(node))
			w.kill(addresses[node])
			cluster.RehashCoordinators()
			fillTopic(t, producer, "t", 60)
			require.Equal(t, numbers(60), read(t, group, 60))
			require.NoError(t, group.CommitUncommittedOffsets(testContext(t)))
			lag, err := kadm.NewClient(producer).Lag(testContext(t), "g")
			require.NoError(t, err)
			of := lag["g"]
			require.NoError(t, of.Error())
			require.Zero(t, of.Lag.Total())
		})
	}
}
