package embedded_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"k6suite/extension/embedded"
)

// A consumer that is no member of a group may ask for its commits before there are any.
func TestAGroupThatIsNotThereHasNoCommits(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 2, nil)
	for name, versions := range map[string]*kversion.Versions{
		"single group": kversion.V2_8_0(), "several groups": kversion.V3_6_0(), "topic ids": kversion.Tip(),
	} {
		cl := client(t, c, kgo.MaxVersions(versions))
		got, err := kadm.NewClient(cl).FetchOffsetsForTopics(testContext(t), name, "t")
		require.NoError(t, err, name)
		for partition := range int32(2) {
			o, ok := got.Lookup("t", partition)
			require.True(t, ok, name)
			require.NoError(t, o.Err, name)
			require.EqualValues(t, -1, o.At, name)
		}
	}
	all, err := kadm.NewClient(client(t, c)).FetchOffsets(testContext(t), "none")
	require.NoError(t, err)
	require.Empty(t, all)
}

// What a transaction may yet commit is neither there nor not there, although no group is there.
func TestOffsetsOfAnOpenTransactionAreUnstableWithoutAGroup(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 1, nil)
	cl := client(t, c, kgo.TransactionalID("x"), kgo.MaxVersions(kversion.V3_6_0()))
	require.NoError(t, cl.BeginTransaction())
	require.NoError(t, cl.ProduceSync(testContext(t), record("t", 0, 1)).FirstErr())
	id, epoch, err := cl.ProducerID(testContext(t))
	require.NoError(t, err)
	add := kmsg.NewPtrAddOffsetsToTxnRequest()
	add.TransactionalID, add.ProducerID, add.ProducerEpoch, add.Group = "x", id, epoch, "g"
	added, err := add.RequestWith(testContext(t), cl)
	require.NoError(t, err)
	require.NoError(t, kerr.ErrorForCode(added.ErrorCode))
	require.NoError(t, kerr.ErrorForCode(commitInTransaction(t, cl, id, epoch)))

	fetch := func() kmsg.OffsetFetchResponseGroupTopicPartition {
		request := kmsg.NewPtrOffsetFetchRequest()
		request.RequireStable = true
		group := kmsg.NewOffsetFetchRequestGroup()
		group.Group = "g"
		topic := kmsg.NewOffsetFetchRequestGroupTopic()
		topic.Topic, topic.Partitions = "t", []int32{0}
		group.Topics = append(group.Topics, topic)
		request.Groups = append(request.Groups, group)
		response, err := request.RequestWith(testContext(t), client(t, c, kgo.MaxVersions(kversion.V3_6_0())))
		require.NoError(t, err)
		require.Zero(t, response.Groups[0].ErrorCode)
		return response.Groups[0].Topics[0].Partitions[0]
	}
	require.Equal(t, kerr.UnstableOffsetCommit.Code, fetch().ErrorCode)
	require.NoError(t, cl.EndTransaction(testContext(t), kgo.TryCommit))
	require.Zero(t, fetch().ErrorCode)
	require.EqualValues(t, 1, fetch().Offset)
}

func commitInTransaction(t *testing.T, cl *kgo.Client, id int64, epoch int16) int16 {
	t.Helper()
	request := kmsg.NewPtrTxnOffsetCommitRequest()
	request.TransactionalID, request.ProducerID, request.ProducerEpoch, request.Group = "x", id, epoch, "g"
	topic := kmsg.NewTxnOffsetCommitRequestTopic()
	topic.Topic = "t"
	partition := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	partition.Offset = 1
	topic.Partitions = append(topic.Partitions, partition)
	request.Topics = append(request.Topics, topic)
	response, err := request.RequestWith(testContext(t), cl)
	require.NoError(t, err)
	return response.Topics[0].Partitions[0].ErrorCode
}
