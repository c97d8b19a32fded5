package embedded_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"

	"k6suite/extension/embedded"
)

// Clients of two ages: one that adds partitions to transactions, and one that leaves it to the broker (KIP-890).
var clientAges = map[string]*kversion.Versions{"2.8": kversion.V2_8_0(), "newest": kversion.Stable()}

func TestTransactionsAreDurable(t *testing.T) {
	t.Parallel()
	for age, versions := range clientAges {
		t.Run(age, func(t *testing.T) {
			t.Parallel()
			c := start(t, embedded.Options{})
			createTopic(t, c, "t", 2, nil)
			cl := client(t, c, manual(), kgo.TransactionalID("tx"), kgo.MaxVersions(versions))
			transaction(t, cl, kgo.TryCommit, record("t", 0, 1), record("t", 1, 2))
			transaction(t, cl, kgo.TryAbort, record("t", 0, 3), record("t", 1, 4))
			transaction(t, cl, kgo.TryCommit, record("t", 0, 5))
			require.Equal(t, []string{"value-000001", "value-000005"}, committed(t, c, 0, 5))
			require.NoError(t, c.Restart(testContext(t)))
			require.Equal(t, []string{"value-000001", "value-000005"}, committed(t, c, 0, 6))
			transaction(t, cl, kgo.TryCommit, record("t", 0, 6))
			require.Equal(t, []string{"value-000001", "value-000005", "value-000006"}, committed(t, c, 0, 8))
			require.NoError(t, c.Restart(testContext(t)))
			require.Equal(t, []string{"value-000001", "value-000005", "value-000006"}, committed(t, c, 0, 8))
		})
	}
}

func TestATransactionThatIsOpenAtARestartIsAborted(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 1, nil)
	cl := client(t, c, manual(), kgo.TransactionalID("tx"))
	require.NoError(t, cl.BeginTransaction())
	require.NoError(t, cl.ProduceSync(testContext(t), record("t", 0, 1)).FirstErr())
	require.NoError(t, c.Restart(testContext(t)))
	require.Empty(t, committed(t, c, 0, 2))
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	require.Error(t, cl.EndTransaction(ctx, kgo.TryCommit), "the producer is fenced")
	again := client(t, c, manual(), kgo.TransactionalID("tx"))
	transaction(t, again, kgo.TryCommit, record("t", 0, 2))
	require.Equal(t, []string{"value-000002"}, committed(t, c, 0, 4))
}

func TestATransactionTimesOut(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 1, nil)
	cl := client(t, c, manual(), kgo.TransactionalID("tx"), kgo.TransactionTimeout(100*time.Millisecond))
	require.NoError(t, cl.BeginTransaction())
	require.NoError(t, cl.ProduceSync(testContext(t), record("t", 0, 1)).FirstErr())
	require.Eventually(t, func() bool { return end(t, c, "t", 0) == 2 }, deadline, 10*time.Millisecond, "the abort marker")
	require.Empty(t, committed(t, c, 0, 2))
	require.NoError(t, c.Restart(testContext(t)))
	require.Empty(t, committed(t, c, 0, 2))
}

func TestOffsetsOfATransactionAreDurable(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 1, nil)
	createTopic(t, c, "out", 1, nil)
	produce(t, client(t, c, manual()), "t", 0, 1, 5)
	session, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(c.Bootstrap()...), kgo.TransactionalID("tx"), kgo.ConsumerGroup("g"), kgo.ConsumeTopics("t"),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	)
	require.NoError(t, err)
	defer session.Close()
	require.Equal(t, 5, session.PollFetches(ctx).NumRecords())
	require.NoError(t, session.Begin())
	require.NoError(t, session.ProduceSync(ctx, &kgo.Record{Topic: "out", Value: []byte("v")}).FirstErr())
	ended, err := session.End(ctx, kgo.TryCommit)
	require.NoError(t, err)
	require.True(t, ended)
	require.NoError(t, c.Restart(ctx))
	offsets, err := kadm.NewClient(client(t, c)).FetchOffsets(ctx, "g")
	require.NoError(t, err)
	commit, ok := offsets.Lookup("t", 0)
	require.True(t, ok)
	require.EqualValues(t, 5, commit.At)
}

func TestAZombieIsFenced(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 1, nil)
	old := client(t, c, manual(), kgo.TransactionalID("tx"))
	require.NoError(t, old.BeginTransaction())
	require.NoError(t, old.ProduceSync(testContext(t), record("t", 0, 1)).FirstErr())
	now := client(t, c, manual(), kgo.TransactionalID("tx"))
	transaction(t, now, kgo.TryCommit, record("t", 0, 2))
	err := old.ProduceSync(testContext(t), record("t", 0, 3)).FirstErr()
	require.Error(t, err)
	require.NotErrorIs(t, err, kerr.UnknownServerError)
	require.Equal(t, []string{"value-000002"}, committed(t, c, 0, 4))
}

func transaction(t *testing.T, cl *kgo.Client, end kgo.TransactionEndTry, records ...*kgo.Record) {
	t.Helper()
	require.NoError(t, cl.BeginTransaction())
	require.NoError(t, cl.ProduceSync(testContext(t), records...).FirstErr())
	require.NoError(t, cl.EndTransaction(testContext(t), end))
}

// committed returns the values that a read_committed reader sees up to an offset.
func committed(t *testing.T, c *embedded.Cluster, partition int32, to int64) []string {
	t.Helper()
	return committedIn(t, c, "t", partition, to)
}

func committedIn(t *testing.T, c *embedded.Cluster, topic string, partition int32, to int64) []string {
	t.Helper()
	cl := client(t, c, kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().AtStart()}}))
	var values []string
	for next := int64(0); next < to; {
		fetches := cl.PollFetches(testContext(t))
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			next = r.Offset + 1
			if !r.Attrs.IsControl() {
				values = append(values, string(r.Value))
			}
		})
	}
	return values
}
