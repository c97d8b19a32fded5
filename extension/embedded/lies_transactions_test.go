package embedded_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"k6suite/extension/embedded"
)

// transactionEffects look for what the lies about transactions do.
var transactionEffects = map[string]func(t *testing.T, c *embedded.Cluster) bool{
	"show-aborted": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		cl := client(t, c, manual(), kgo.TransactionalID("tx"))
		transaction(t, cl, kgo.TryAbort, record("t", 0, 1))
		transaction(t, cl, kgo.TryCommit, record("t", 0, 2))
		shown := committed(t, c, 0, 4)
		require.Contains(t, shown, "value-000002")
		return slices.Contains(shown, "value-000001")
	},
	"show-open": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		cl := client(t, c, manual(), kgo.TransactionalID("tx"))
		require.NoError(t, cl.BeginTransaction())
		require.NoError(t, cl.ProduceSync(testContext(t), record("t", 0, 1)).FirstErr())
		shown := anyCommitted(t, c)
		require.NoError(t, cl.EndTransaction(testContext(t), kgo.TryAbort))
		require.Empty(t, committed(t, c, 0, 2), "once it is over, it is hidden")
		return shown
	},
	"torn-commit": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		createTopic(t, c, "pair", 2, nil)
		cl := client(t, c, manual(), kgo.TransactionalID("tx"))
		transaction(t, cl, kgo.TryCommit, record("pair", 0, 1), record("pair", 1, 2))
		require.Len(t, readFrom(t, c, "pair", 0, 0, 1), 1, "who reads all sees it")
		require.Len(t, readFrom(t, c, "pair", 1, 0, 1), 1, "who reads all sees it")
		shown := len(committedIn(t, c, "pair", 0, 2)) + len(committedIn(t, c, "pair", 1, 2))
		require.Positive(t, shown)
		return shown < 2
	},
	"forget-txn-offsets": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		produce(t, client(t, c, manual()), "t", 0, 1, 5)
		createTopic(t, c, "out", 1, nil)
		session, err := kgo.NewGroupTransactSession(
			kgo.SeedBrokers(c.Bootstrap()...), kgo.TransactionalID("tx"), kgo.ConsumerGroup("g"), kgo.ConsumeTopics("t"),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		)
		require.NoError(t, err)
		defer session.Close()
		require.Equal(t, 5, session.PollFetches(testContext(t)).NumRecords())
		require.NoError(t, session.Begin())
		require.NoError(t, session.ProduceSync(testContext(t), &kgo.Record{Topic: "out", Value: []byte("v")}).FirstErr())
		ended, err := session.End(testContext(t), kgo.TryCommit)
		require.NoError(t, err)
		require.True(t, ended)
		offsets, err := kadm.NewClient(client(t, c)).FetchOffsets(testContext(t), "g")
		require.NoError(t, err)
		_, there := offsets.Lookup("t", 0)
		return !there
	},
}

// anyCommitted reports whether one fetch of what is committed shows anything at offset 0.
func anyCommitted(t *testing.T, c *embedded.Cluster) bool {
	t.Helper()
	ask := kmsg.NewPtrFetchRequest()
	topic, part := kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
	part.PartitionMaxBytes = 1 << 20
	topic.Topic, topic.Partitions = "t", append(topic.Partitions, part)
	ask.MaxBytes, ask.SessionEpoch, ask.IsolationLevel = 1<<20, -1, 1
	ask.Topics = append(ask.Topics, topic)
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(int16(kmsg.Fetch), 12) // a request that names the topic
	answer, err := ask.RequestWith(testContext(t), client(t, c, kgo.MaxVersions(versions)).SeedBrokers()[0])
	require.NoError(t, err)
	require.Len(t, answer.Topics, 1)
	require.Zero(t, answer.Topics[0].Partitions[0].ErrorCode)
	return len(answer.Topics[0].Partitions[0].RecordBatches) > 0
}
