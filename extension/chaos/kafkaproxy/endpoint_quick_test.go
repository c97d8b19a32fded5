package kafkaproxy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/kafkaproxy"
)

// back lets dead brokers be reached again.
func (w *wires) back(addresses ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, address := range addresses {
		delete(w.dead, address)
	}
}

// Clients that wait while no broker is there keep their connections, and are served when one is back.
func TestEndpointWaitsForBrokersToComeBack(t *testing.T) {
	t.Parallel()
	cluster, p, w := mortal(t)
	addresses := cluster.ListenAddrs()
	cl := eager(t, p)
	fillTopic(t, cl, "t", 60)
	for _, address := range addresses {
		w.kill(address)
	}
	metadata := make(chan error, 1)
	go func() {
		_, err := kadm.NewClient(cl).Metadata(testContext(t))
		metadata <- err
	}()
	written := outcome(t, cl, &kgo.Record{Topic: "t", Partition: 0, Value: []byte("x")})
	tried := w.refusals()
	require.Eventually(t, func() bool { return w.refusals() > tried+10 }, deadline, pace, "it goes on looking for one")
	clients := p.Clients()
	require.Empty(t, metadata)
	require.Empty(t, written)
	w.back(addresses...)
	require.NoError(t, <-metadata)
	require.NoError(t, got(t, written))
	require.Equal(t, clients, p.Clients())
}

// A cluster whose brokers were all replaced since is found by those that came later.
func TestEndpointOutlivesTheBrokersItStartedWith(t *testing.T) {
	t.Parallel()
	cluster, p, w := mortal(t)
	cl := eager(t, p)
	fillTopic(t, cl, "t", 60)
	old := cluster.ListenAddrs()
	added, _, err := cluster.AddNode(-1, 0)
	require.NoError(t, err)
	_, err = kadm.NewClient(cl).Metadata(testContext(t))
	require.NoError(t, err)
	for node, address := range old {
		require.NoError(t, cluster.RemoveNode(int32(node)))
		w.kill(address)
	}
	fillTopic(t, eager(t, p), "t", 60)
	fillTopic(t, cl, "t", 60)
	for node, of := range p.Traffic() {
		require.Equal(t, node == added, of.Live, "broker %d", node)
		require.Positive(t, of.Requests, "what is gone keeps its counts")
	}
}

// What a broker leads that has just been added reaches clients as they are.
func TestEndpointUsesABrokerThatWasAdded(t *testing.T) {
	t.Parallel()
	cluster, p, _ := mortal(t)
	writer, reader := eager(t, p), eager(t, p, fromStart("t")...)
	fillTopic(t, writer, "t", 60)
	require.Equal(t, numbers(60), read(t, reader, 60))
	clients := p.Clients()
	added, _, err := cluster.AddNode(-1, 0)
	require.NoError(t, err)
	for partition := range int32(spreadPartitions) {
		require.NoError(t, cluster.MoveTopicPartition("t", partition, added))
	}
	fillTopic(t, writer, "t", 60)
	offsets, err := kadm.NewClient(writer).ListEndOffsets(testContext(t), "t")
	require.NoError(t, err)
	require.NoError(t, offsets.Error())
	require.Equal(t, numbers(60), read(t, reader, 60))
	require.LessOrEqual(t, p.Clients(), clients+1, "the writer's admin has a connection of its own")
	require.True(t, p.Traffic()[added].Live)
	require.Positive(t, p.Traffic()[added].Requests)
}

// BenchmarkKillToAck measures how long a partition is without acks whose leader is killed, and led elsewhere at once.
func BenchmarkKillToAck(b *testing.B) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(1, "t"))
	require.NoError(b, err)
	defer cluster.Close()
	w := newWires()
	p, err := kafkaproxy.Start(b.Context(), kafkaproxy.Options{Brokers: cluster.ListenAddrs(), SingleEndpoint: true, Dial: w.dial})
	require.NoError(b, err)
	defer func() { require.NoError(b, p.Close()) }()
	cl, err := kgo.NewClient(kgo.SeedBrokers(p.Addresses()...), kgo.DefaultProduceTopic("t"), kgo.MetadataMinAge(20*time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 10 * time.Millisecond }))
	require.NoError(b, err)
	defer cl.Close()
	addresses := cluster.ListenAddrs()
	for i := 0; b.Loop(); i++ {
		leader := int32(i % 3)
		require.NoError(b, cluster.MoveTopicPartition("t", 0, leader))
		require.NoError(b, cl.ProduceSync(b.Context(), kgo.StringRecord("before")).FirstErr())
		w.kill(addresses[leader])
		require.NoError(b, cluster.MoveTopicPartition("t", 0, (leader+1)%3))
		require.NoError(b, cl.ProduceSync(b.Context(), kgo.StringRecord("after")).FirstErr())
		w.back(addresses[leader])
	}
}
