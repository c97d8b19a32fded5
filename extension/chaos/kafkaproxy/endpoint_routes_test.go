package kafkaproxy_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// coordinatedBy returns names whose coordinators are on all brokers.
func coordinatedBy(cluster *kfake.Cluster, prefix string) map[int32]string {
	names := map[int32]string{}
	for i := 0; len(names) < 3; i++ {
		name := prefix + strconv.Itoa(i)
		names[cluster.CoordinatorFor(name)] = name
	}
	return names
}

func commit(t *testing.T, admin *kadm.Client, group string) {
	t.Helper()
	offsets := kadm.Offsets{}
	for p := range int32(spreadPartitions) {
		offsets.Add(kadm.Offset{Topic: "t", Partition: p, At: int64(p) + 1, LeaderEpoch: -1})
	}
	require.NoError(t, admin.CommitAllOffsets(testContext(t), group, offsets))
}

func TestEndpointAsksEachGroupsCoordinator(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t)
	committed, listed := count(cluster, kmsg.OffsetCommit), count(cluster, kmsg.ListGroups)
	admin := kadm.NewClient(client(t, p.Addresses()))
	var groups []string
	for _, group := range coordinatedBy(cluster, "g") {
		groups = append(groups, group)
		commit(t, admin, group)
	}
	require.Equal(t, []string{"0", "1", "2"}, committed.nodes())

	fetched := admin.FetchManyOffsets(testContext(t), groups...) // one request for all of them
	require.NoError(t, fetched.Error())
	for _, group := range groups {
		require.Equal(t, int64(4), fetched[group].Fetched["t"][3].At)
	}
	described, err := admin.DescribeGroups(testContext(t), groups...)
	require.NoError(t, err)
	require.NoError(t, described.Error())
	require.Equal(t, inOrder(groups), described.Names())

	all, err := admin.ListGroups(testContext(t))
	require.NoError(t, err)
	require.Equal(t, inOrder(groups), all.Groups())
	require.Equal(t, []string{"0", "1", "2"}, listed.nodes())

	deleted, err := admin.DeleteGroups(testContext(t), groups...)
	require.NoError(t, err)
	require.NoError(t, deleted.Error())
	require.Len(t, deleted, 3)
}

func inOrder(groups []string) []string {
	sorted := slices.Clone(groups)
	slices.Sort(sorted)
	return sorted
}

func TestEndpointFollowsCoordinators(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t)
	cl := client(t, p.Addresses())
	admin := kadm.NewClient(cl)
	groups := coordinatedBy(cluster, "g")
	for _, group := range groups {
		commit(t, admin, group)
	}
	cluster.RehashCoordinators()
	for _, group := range groups {
		commit(t, admin, group)
	}
}

func TestEndpointTransactions(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t)
	ended := count(cluster, kmsg.EndTxn)
	for _, id := range coordinatedBy(cluster, "x") {
		cl := client(t, p.Addresses(), kgo.TransactionalID(id), manual())
		for _, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
			require.NoError(t, cl.BeginTransaction())
			fillTopic(t, cl, "t", 20)
			require.NoError(t, cl.EndTransaction(testContext(t), end))
		}
	}
	require.Equal(t, []string{"0", "1", "2"}, ended.nodes())
	reader := client(t, p.Addresses(), append(fromStart("t"), kgo.FetchIsolationLevel(kgo.ReadCommitted()))...)
	values := read(t, reader, 60)
	require.Len(t, values, 60, "what was aborted is not read")

	described, err := kadm.NewClient(reader).DescribeTransactions(testContext(t), "x0", "x1", "x2")
	require.NoError(t, err)
	require.Len(t, described, 3)
}

func TestEndpointConsumesAndCommitsInTransactions(t *testing.T) {
	t.Parallel()
	_, p := behind(t, kfake.SeedTopics(1, "out"))
	fillTopic(t, client(t, p.Addresses(), manual()), "t", 60)
	session, err := kgo.NewGroupTransactSession(append(fromStart("t"), kgo.SeedBrokers(p.Addresses()...), kgo.ConsumerGroup("g"),
		kgo.TransactionalID("x"), kgo.FetchIsolationLevel(kgo.ReadCommitted()))...)
	require.NoError(t, err)
	t.Cleanup(session.Close)
	for got := 0; got < 60; {
		fetches := session.PollFetches(testContext(t))
		require.NoError(t, fetches.Err())
		require.NoError(t, session.Begin())
		fetches.EachRecord(func(r *kgo.Record) {
			session.Produce(testContext(t), &kgo.Record{Topic: "out", Value: r.Value}, nil)
		})
		committed, err := session.End(testContext(t), kgo.TryCommit)
		require.NoError(t, err)
		require.True(t, committed)
		got += fetches.NumRecords()
	}
	require.Equal(t, numbers(60), read(t, client(t, p.Addresses(), append(fromStart("out"),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()))...), 60))
}

func TestEndpointSplitsByLeader(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t)
	listed, deleted := count(cluster, kmsg.ListOffsets), count(cluster, kmsg.DeleteRecords)
	cl := client(t, p.Addresses(), manual())
	admin := kadm.NewClient(cl)
	fillTopic(t, cl, "t", 60)
	offsets, err := admin.ListEndOffsets(testContext(t), "t")
	require.NoError(t, err)
	require.NoError(t, offsets.Error())
	require.Len(t, offsets["t"], spreadPartitions)
	results, err := admin.DeleteRecords(testContext(t), offsets.Offsets())
	require.NoError(t, err)
	require.NoError(t, results.Error())
	starts, err := admin.ListStartOffsets(testContext(t), "t")
	require.NoError(t, err)
	starts.Each(func(o kadm.ListedOffset) { require.Equal(t, int64(10), o.Offset) })
	require.Equal(t, []string{"0", "1", "2"}, listed.nodes())
	require.Equal(t, []string{"0", "1", "2"}, deleted.nodes())
}

func TestEndpointRefusesOnlyThePartitionsThatAreWrong(t *testing.T) {
	t.Parallel()
	_, p := behind(t)
	request := kmsg.NewPtrListOffsetsRequest()
	request.Version = 4
	for _, topic := range []string{"t", "nowhere"} {
		q := kmsg.NewListOffsetsRequestTopic()
		q.Topic = topic
		for _, number := range []int32{2, 77, 0} {
			p := kmsg.NewListOffsetsRequestTopicPartition()
			p.Partition, p.Timestamp, p.CurrentLeaderEpoch = number, -1, 0
			q.Partitions = append(q.Partitions, p)
		}
		request.Topics = append(request.Topics, q)
	}
	var seen []string
	for _, topic := range talk(t, p.Addresses()[0]).say(request).(*kmsg.ListOffsetsResponse).Topics {
		for _, p := range topic.Partitions {
			seen = append(seen, fmt.Sprintf("%s/%d: %d", topic.Topic, p.Partition, p.ErrorCode))
		}
	}
	require.Equal(t, "t/2: 0, t/77: 3, t/0: 0, nowhere/2: 3, nowhere/77: 3, nowhere/0: 3", strings.Join(seen, ", "))
}

func TestEndpointAdministration(t *testing.T) {
	t.Parallel()
	_, p := behind(t)
	admin := kadm.NewClient(client(t, p.Addresses()))
	ctx := testContext(t)
	created, err := admin.CreateTopic(ctx, 3, 1, nil, "made")
	require.NoError(t, err)
	require.NoError(t, created.Err)
	_, err = admin.CreatePartitions(ctx, 2, "made")
	require.NoError(t, err)
	topics, err := admin.ListTopics(ctx, "made")
	require.NoError(t, err)
	require.Len(t, topics["made"].Partitions, 5)
	dirs, err := admin.DescribeAllLogDirs(ctx, nil)
	require.NoError(t, err)
	require.Len(t, dirs[0], 3, "those of all brokers")
	deleted, err := admin.DeleteTopics(ctx, "made")
	require.NoError(t, err)
	require.NoError(t, deleted.Error())
}

func TestEndpointAssignmentToNodeZeroIsTheClustersChoice(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t)
	request := kmsg.NewPtrCreateTopicsRequest()
	request.Version, request.TimeoutMillis = 5, 1000
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = "assigned", -1, -1
	for partition := range int32(4) {
		topic.ReplicaAssignment = append(topic.ReplicaAssignment, kmsg.CreateTopicsRequestTopicReplicaAssignment{
			Partition: partition, Replicas: []int32{0},
		})
	}
	request.Topics = append(request.Topics, topic)
	got := make(chan *kmsg.CreateTopicsRequest, 1)
	cluster.ControlKey(int16(kmsg.CreateTopics), func(q kmsg.Request) (kmsg.Response, error, bool) {
		got <- q.(*kmsg.CreateTopicsRequest)
		return nil, nil, false
	})
	require.Zero(t, talk(t, p.Addresses()[0]).say(request).(*kmsg.CreateTopicsResponse).Topics[0].ErrorCode)
	q := <-got
	require.Empty(t, q.Topics[0].ReplicaAssignment)
	require.Equal(t, int32(4), q.Topics[0].NumPartitions)
	require.Equal(t, int16(1), q.Topics[0].ReplicationFactor)
}

func TestEndpointConfigurationOfNodeZeroIsThatOfAll(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t)
	altered, described := count(cluster, kmsg.IncrementalAlterConfigs), count(cluster, kmsg.DescribeConfigs)
	admin := kadm.NewClient(client(t, p.Addresses()))
	ctx := context.WithoutCancel(testContext(t))
	change := kadm.AlterConfig{Name: "max.incremental.fetch.session.cache.slots", Value: kadm.StringPtr("7")}
	results, err := admin.AlterBrokerConfigs(ctx, []kadm.AlterConfig{change}, 0)
	require.NoError(t, err)
	require.Len(t, results, 1)
	require.NoError(t, results[0].Err)
	require.Equal(t, "0", results[0].Name)
	require.Equal(t, []string{"0", "1", "2"}, altered.nodes())
	configs, err := admin.DescribeBrokerConfigs(ctx, 0)
	require.NoError(t, err)
	require.Len(t, configs, 1)
	require.NoError(t, configs[0].Err)
	require.Equal(t, "0", configs[0].Name)
	require.Len(t, described.nodes(), 1)
}

// What is under way at one time gets its answers in the order of the requests, whichever broker is first.
func TestEndpointKeepsTheOrderOfAnswers(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t)
	release := make(chan struct{})
	cluster.ControlKey(int16(kmsg.ListOffsets), func(kmsg.Request) (kmsg.Response, error, bool) {
		if cluster.CurrentNode() != 0 {
			return nil, nil, false
		}
		cluster.SleepControl(func() { <-release })
		return nil, nil, false
	})
	d := talk(t, p.Addresses()[0])
	ask := func(partition int32) kmsg.Request {
		request := kmsg.NewPtrListOffsetsRequest()
		request.Version = 4
		q := kmsg.NewListOffsetsRequestTopicPartition()
		q.Partition, q.Timestamp = partition, -1
		request.Topics = []kmsg.ListOffsetsRequestTopic{{Topic: "t", Partitions: []kmsg.ListOffsetsRequestTopicPartition{q}}}
		return request
	}
	answered := count(cluster, kmsg.ListOffsets)
	for partition := range int32(3) {
		d.send(ask(partition))
	}
	require.Eventually(t, func() bool { return answered.of(1) == 1 && answered.of(2) == 1 }, deadline, pace, "nobody waits for broker 0")
	close(release)
	for partition := range int32(3) {
		require.Equal(t, partition, d.hear(ask(partition)).(*kmsg.ListOffsetsResponse).Topics[0].Partitions[0].Partition)
	}
}
