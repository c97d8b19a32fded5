package kafkaproxy_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/chaos/kafkaproxy"
)

const spreadPartitions = 6

// spreadTopic gives the partitions of topic t to the brokers in turn: kfake chooses leaders at random.
func spreadTopic(t *testing.T, cluster *kfake.Cluster, topic string) {
	t.Helper()
	for p := range int32(spreadPartitions) {
		require.NoError(t, cluster.MoveTopicPartition(topic, p, p%3))
	}
}

// behind starts a cluster of three brokers, and a proxy that has them all behind one address. Topic t is spread over them.
func behind(t *testing.T, options ...kfake.Opt) (*kfake.Cluster, *kafkaproxy.Proxy) {
	t.Helper()
	cluster := fake(t, append([]kfake.Opt{kfake.SeedTopics(spreadPartitions, "t")}, options...)...)
	spreadTopic(t, cluster, "t")
	return cluster, start(t, kafkaproxy.Options{Brokers: cluster.ListenAddrs(), SingleEndpoint: true})
}

// counted counts the requests that each broker gets.
type counted struct {
	mu  sync.Mutex
	all map[string]int
}

func count(cluster *kfake.Cluster, key kmsg.Key) *counted {
	c := &counted{all: map[string]int{}}
	cluster.ControlKey(int16(key), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all[strconv.Itoa(int(cluster.CurrentNode()))]++
		return nil, nil, false
	})
	return c
}

func (c *counted) nodes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var nodes []string
	for node := range c.all {
		nodes = append(nodes, node)
	}
	slices.Sort(nodes)
	return nodes
}

func (c *counted) of(node int32) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all[strconv.Itoa(int(node))]
}

// fillTopic produces one record after the other, to all partitions in turn.
func fillTopic(t *testing.T, cl *kgo.Client, topic string, records int) {
	t.Helper()
	var batch []*kgo.Record
	for i := range records {
		batch = append(batch, &kgo.Record{Topic: topic, Partition: int32(i % spreadPartitions), Value: []byte(strconv.Itoa(i))})
	}
	require.NoError(t, cl.ProduceSync(testContext(t), batch...).FirstErr())
}

// read consumes until it has so many records, and returns the values, sorted. kfake forgets where the epochs of former leaders end, and
// has its clients read again then: what comes again after that is left out.
func read(t *testing.T, cl *kgo.Client, records int) []string {
	t.Helper()
	var values []string
	again := false
	for len(values) < records {
		fetches := cl.PollFetches(testContext(t))
		fetches.EachError(func(_ string, _ int32, err error) {
			if lost := (*kgo.ErrDataLoss)(nil); !errors.As(err, &lost) {
				require.NoError(t, err)
			}
			again = true
		})
		fetches.EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
		slices.Sort(values)
		if again {
			values = slices.Compact(values)
		}
	}
	return values
}

func numbers(n int) []string {
	var all []string
	for i := range n {
		all = append(all, strconv.Itoa(i))
	}
	slices.Sort(all)
	return all
}

func manual() kgo.Opt { return kgo.RecordPartitioner(kgo.ManualPartitioner()) }

func fromStart(topics ...string) []kgo.Opt {
	return []kgo.Opt{kgo.ConsumeTopics(topics...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}
}

func TestEndpointShowsOneBroker(t *testing.T) {
	t.Parallel()
	_, p := behind(t)
	require.Len(t, p.Addresses(), 1)
	admin := kadm.NewClient(client(t, p.Addresses()))
	metadata, err := admin.Metadata(testContext(t))
	require.NoError(t, err)
	require.Len(t, metadata.Brokers, 1)
	require.Zero(t, metadata.Brokers[0].NodeID)
	require.Equal(t, p.Addresses()[0], fmt.Sprintf("%s:%d", metadata.Brokers[0].Host, metadata.Brokers[0].Port))
	require.Zero(t, metadata.Controller)
	metadata.Topics.EachPartition(func(d kadm.PartitionDetail) {
		require.NoError(t, d.Err)
		require.Zero(t, d.Leader)
		require.Equal(t, []int32{0}, d.Replicas)
		require.Equal(t, []int32{0}, d.ISR)
		require.Empty(t, d.OfflineReplicas)
	})
	require.Len(t, metadata.Topics["t"].Partitions, spreadPartitions)
}

func TestEndpointRoutesRecordsToLeaders(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t)
	cl := client(t, p.Addresses(), append(fromStart("t"), manual())...)
	fillTopic(t, cl, "t", 600)
	require.Equal(t, numbers(600), read(t, cl, 600))
	traffic := p.Traffic()
	require.Len(t, traffic, 3)
	for node, of := range traffic {
		require.Positive(t, of.Requests, "broker %d", node)
		require.Positive(t, of.Connections, "broker %d", node)
	}
	require.Len(t, cluster.ListenAddrs(), 3)
}

func TestEndpointPassesOnWhatItsBrokersShare(t *testing.T) {
	t.Parallel()
	_, p := behind(t)
	admin := kadm.NewClient(client(t, p.Addresses()))
	versions, err := admin.ApiVersions(testContext(t))
	require.NoError(t, err)
	require.Len(t, versions, 1)
	node := versions[0]
	_, _, offered := node.KeyVersions(int16(kmsg.AlterReplicaLogDirs))
	require.False(t, offered, "it speaks of one broker's disks")
	_, highest, offered := node.KeyVersions(int16(kmsg.Fetch))
	require.True(t, offered)
	require.Positive(t, highest)
}
