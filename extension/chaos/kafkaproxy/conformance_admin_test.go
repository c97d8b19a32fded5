package kafkaproxy_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func adminBehaviours() []behaviour {
	return []behaviour{
		{name: "configurations of topics", run: topicConfigs},
		{name: "configurations of brokers", run: brokerConfigs},
		{name: "ACLs are made, described, and deleted", run: acls},
		{name: "client quotas are set, described, and removed", run: quotas},
		{name: "SCRAM credentials are set, described, and removed", run: scramCredentials},
		{name: "log directories are described", run: logDirs},
		{name: "leaders are elected", run: electLeaders},
		{name: "reassignments are listed", run: reassignments},
		{name: "producers are described", run: producers},
		{name: "transactions are listed and described", run: transactionsListed},
		{name: "the end of a leader's epoch", run: leaderEpochs},
	}
}

func topicConfigs(t *testing.T, w *world) {
	t.Helper()
	topics := []string{w.topic(t, 1), w.topic(t, 1)}
	admin, value := w.admin(t), "123456"
	altered, err := admin.AlterTopicConfigs(w.context(t), []kadm.AlterConfig{{Name: "retention.ms", Value: &value}}, topics...)
	require.NoError(t, err)
	for _, one := range altered {
		require.NoError(t, one.Err)
	}
	require.Eventually(t, func() bool { // brokers learn of configurations in their own time
		described, err := admin.DescribeTopicConfigs(w.context(t), topics...)
		require.NoError(t, err)
		require.Len(t, described, 2)
		return has(described, "retention.ms", value)
	}, patience, pace)
	unknown, err := admin.DescribeTopicConfigs(w.context(t), w.name("unknown"))
	require.NoError(t, err)
	require.Error(t, unknown[0].Err)
}

// has reports whether each resource has the configuration.
func has(described kadm.ResourceConfigs, name, value string) bool {
	for _, resource := range described {
		found := false
		for _, config := range resource.Configs {
			found = found || config.Key == name && config.MaybeValue() == value
		}
		if resource.Err != nil || !found {
			return false
		}
	}
	return true
}

// brokerConfigs describes the configuration of every broker that is shown, and alters that of all.
func brokerConfigs(t *testing.T, w *world) {
	t.Helper()
	admin := w.admin(t)
	brokers, err := admin.ListBrokers(w.context(t))
	require.NoError(t, err)
	described, err := admin.DescribeBrokerConfigs(w.context(t), brokers.NodeIDs()...)
	require.NoError(t, err)
	require.Len(t, described, len(brokers))
	for _, broker := range described {
		require.NoError(t, broker.Err)
		require.NotEmpty(t, broker.Configs)
		require.Contains(t, brokers.NodeIDs(), atoi(t, broker.Name))
	}
	const name = "log.cleaner.delete.retention.ms"
	value := strconv.Itoa(86400000 + len(w.mode)) // nobody here compacts anything
	set := []kadm.AlterConfig{{Name: name, Value: &value}}
	altered, err := admin.AlterBrokerConfigs(w.context(t), set)
	require.NoError(t, err)
	for _, one := range altered {
		require.NoError(t, one.Err)
	}
	altered, err = admin.AlterBrokerConfigs(w.context(t), []kadm.AlterConfig{{Op: kadm.DeleteConfig, Name: name}})
	require.NoError(t, err)
	for _, one := range altered {
		require.NoError(t, one.Err)
	}
}

func atoi(t *testing.T, s string) int32 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 32)
	require.NoError(t, err)
	return int32(n)
}

func acls(t *testing.T, w *world) {
	t.Helper()
	topic, user := w.name("acl"), "User:"+w.name("user")
	acl := func() *kadm.ACLBuilder {
		return kadm.NewACLs().Topics(topic).Allow(user).AllowHosts("*").Operations(kadm.OpRead, kadm.OpWrite).
			ResourcePatternType(kadm.ACLPatternLiteral)
	}
	admin := w.admin(t)
	count := func() int {
		described, err := admin.DescribeACLs(w.context(t), acl())
		require.NoError(t, err)
		n := 0
		for _, filter := range described {
			require.NoError(t, filter.Err)
			n += len(filter.Described)
		}
		return n
	}
	require.Zero(t, count())
	made, err := admin.CreateACLs(w.context(t), acl())
	require.NoError(t, err)
	require.Len(t, made, 2)
	for _, one := range made {
		require.NoError(t, one.Err)
	}
	require.Eventually(t, func() bool { return count() == 2 }, patience, pace)
	deleted, err := admin.DeleteACLs(w.context(t), acl())
	require.NoError(t, err)
	for _, one := range deleted {
		require.NoError(t, one.Err)
		require.Len(t, one.Deleted, 1)
	}
	require.Eventually(t, func() bool { return count() == 0 }, patience, pace)
}

func quotas(t *testing.T, w *world) {
	t.Helper()
	client := w.name("quota")
	entity := kadm.ClientQuotaEntity{{Type: "client-id", Name: &client}}
	admin := w.admin(t)
	alter := func(op kadm.AlterClientQuotaOp) {
		entry := kadm.AlterClientQuotaEntry{Entity: entity, Ops: []kadm.AlterClientQuotaOp{op}}
		altered, err := admin.AlterClientQuotas(w.context(t), []kadm.AlterClientQuotaEntry{entry})
		require.NoError(t, err)
		require.Len(t, altered, 1)
		require.NoError(t, altered[0].Err)
	}
	count := func() int {
		named := []kadm.DescribeClientQuotaComponent{{Type: "client-id", MatchName: &client}}
		described, err := admin.DescribeClientQuotas(w.context(t), true, named)
		require.NoError(t, err)
		return len(described)
	}
	alter(kadm.AlterClientQuotaOp{Key: "producer_byte_rate", Value: 1e9})
	require.Eventually(t, func() bool { return count() == 1 }, patience, pace)
	alter(kadm.AlterClientQuotaOp{Key: "producer_byte_rate", Remove: true})
	require.Eventually(t, func() bool { return count() == 0 }, patience, pace)
}

func scramCredentials(t *testing.T, w *world) {
	t.Helper()
	user := w.name("scram")
	admin := w.admin(t)
	describe := func() error {
		described, err := admin.DescribeUserSCRAMs(w.context(t), user)
		require.NoError(t, err)
		return described[user].Err
	}
	require.ErrorIs(t, describe(), kerr.ResourceNotFound)
	set, err := admin.AlterUserSCRAMs(w.context(t), nil, []kadm.UpsertSCRAM{
		{User: user, Mechanism: kadm.ScramSha256, Iterations: 4096, Password: "of no use"},
	})
	require.NoError(t, err)
	require.NoError(t, set.Error())
	require.Eventually(t, func() bool { return describe() == nil }, patience, pace)
	removed, err := admin.AlterUserSCRAMs(w.context(t), []kadm.DeleteSCRAM{{User: user, Mechanism: kadm.ScramSha256}}, nil)
	require.NoError(t, err)
	require.NoError(t, removed.Error())
	require.Eventually(t, func() bool { return describe() != nil }, patience, pace)
}

// logDirs finds every partition in a directory of its leader at least.
func logDirs(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 6)
	w.produce(t, w.client(t), spread(topic, 6, 1)...)
	described, err := w.admin(t).DescribeAllLogDirs(w.context(t), nil)
	require.NoError(t, err)
	require.NotEmpty(t, described)
	found := map[int32]struct{}{}
	described.Each(func(dir kadm.DescribedLogDir) {
		require.NoError(t, dir.Err)
		for p := range dir.Topics[topic] {
			found[p] = struct{}{}
		}
	})
	require.Len(t, found, 6)
}

func electLeaders(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 6)
	elected, err := w.admin(t).ElectLeaders(w.context(t), kadm.ElectPreferredReplica, kadm.TopicsSet{topic: {0: {}, 3: {}, 5: {}}})
	require.NoError(t, err)
	require.Len(t, elected[topic], 3)
	for _, result := range elected[topic] {
		if result.Err != nil { // the preferred replica leads already
			require.ErrorIs(t, result.Err, kerr.ElectionNotNeeded)
		}
	}
}

func reassignments(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 3)
	listed, err := w.admin(t).ListPartitionReassignments(w.context(t), kadm.TopicsSet{topic: {0: {}, 1: {}, 2: {}}})
	require.NoError(t, err)
	require.Empty(t, listed[topic])
}

// producers are found where they write, while a transaction is open: kfake shows them then only.
func producers(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 6)
	cl := w.client(t, kgo.TransactionalID(w.name("transaction")))
	require.NoError(t, cl.BeginTransaction())
	w.produce(t, cl, spread(topic, 6, 3)...)
	id, _, err := cl.ProducerID(w.context(t))
	require.NoError(t, err)
	asked := kadm.TopicsSet{}
	asked.Add(topic, 0, 1, 2, 3, 4, 5)
	described, err := w.admin(t).DescribeProducers(w.context(t), asked)
	require.NoError(t, err)
	for p := range int32(6) {
		one, ok := described[topic].Partitions[p]
		require.True(t, ok)
		require.NoError(t, one.Err)
		require.Contains(t, one.ActiveProducers, id)
		require.Zero(t, one.ActiveProducers[id].CurrentTxnStartOffset)
	}
	require.NoError(t, cl.EndTransaction(w.context(t), kgo.TryCommit))
}

// transactionsListed has transactions open, enough of them that each broker coordinates one, all but surely.
func transactionsListed(t *testing.T, w *world) {
	t.Helper()
	const many = 6
	topic := w.topic(t, 3)
	open := map[string]*kgo.Client{}
	for range many {
		id := w.name("transaction")
		open[id] = w.client(t, kgo.TransactionalID(id))
		require.NoError(t, open[id].BeginTransaction())
		w.produce(t, open[id], spread(topic, 3, 1)...)
	}
	admin := w.admin(t)
	listed, err := admin.ListTransactions(w.context(t), nil, []string{"Ongoing"})
	require.NoError(t, err)
	described, err := admin.DescribeTransactions(w.context(t), listed.TransactionalIDs()...)
	require.NoError(t, err)
	for id, cl := range open {
		require.Contains(t, listed, id)
		require.NoError(t, described[id].Err)
		require.Equal(t, "Ongoing", described[id].State)
		require.Len(t, described[id].Topics[topic], 3)
		require.NoError(t, cl.EndTransaction(w.context(t), kgo.TryAbort))
	}
	require.Eventually(t, func() bool { // markers are written after the answer
		again, err := admin.ListTransactions(w.context(t), nil, []string{"Ongoing"})
		require.NoError(t, err)
		for id := range open {
			if _, still := again[id]; still {
				return false
			}
		}
		return true
	}, patience, pace)
}

func leaderEpochs(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 6)
	sent := w.produce(t, w.client(t), spread(topic, 6, 4)...)
	listed, err := w.admin(t).ListEndOffsets(w.context(t), topic) // metadata of a single endpoint tells no epochs
	require.NoError(t, err)
	var request kadm.OffsetForLeaderEpochRequest
	for _, p := range listed[topic] {
		request.Add(topic, p.Partition, p.LeaderEpoch)
	}
	ends, err := w.admin(t).OffsetForLeaderEpoch(w.context(t), request)
	require.NoError(t, err)
	require.Len(t, ends[topic], 6)
	for _, end := range ends[topic] {
		require.NoError(t, end.Err)
		require.EqualValues(t, len(sent)/6, end.EndOffset)
	}
}
