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

// anyBroker asks every broker as a user, and reports whether one of the answers is as it is looked for.
func anyBroker(
	t *testing.T, c *embedded.Cluster, who kgo.Opt, ask kmsg.Request, sought func(r kmsg.Response, err error) bool,
) bool {
	t.Helper()
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(int16(kmsg.Fetch), 12) // a request that names the topic
	found := false
	for _, seed := range client(t, c, who, kgo.MaxVersions(versions)).SeedBrokers() {
		r, err := seed.Request(testContext(t), ask)
		found = sought(r, err) || found
	}
	return found
}

func bob() kgo.Opt { return as("bob", "builder") }

// accessEffects report whether who may not gets what the lie gives him, and who may does not.
func accessEffects() map[string]func(*testing.T, *embedded.Cluster) bool {
	return map[string]func(*testing.T, *embedded.Cluster) bool{
		"acl-leaks-fetch": func(t *testing.T, c *embedded.Cluster) bool {
			t.Helper()
			produce(t, client(t, c, manual()), "t", 0, 1, 1)
			ask := kmsg.NewPtrFetchRequest()
			topic, part := kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
			part.PartitionMaxBytes, part.CurrentLeaderEpoch = 1<<20, -1
			topic.Topic, topic.Partitions = "t", append(topic.Partitions, part)
			ask.MaxBytes, ask.SessionEpoch, ask.Topics = 1<<20, -1, append(ask.Topics, topic)
			return anyBroker(t, c, bob(), ask, func(r kmsg.Response, err error) bool {
				require.NoError(t, err)
				topics := r.(*kmsg.FetchResponse).Topics
				return len(topics) > 0 && len(topics[0].Partitions[0].RecordBatches) > 0
			})
		},
		"acl-leaks-commit": func(t *testing.T, c *embedded.Cluster) bool {
			t.Helper()
			ask := kmsg.NewPtrOffsetCommitRequest()
			topic, part := kmsg.NewOffsetCommitRequestTopic(), kmsg.NewOffsetCommitRequestTopicPartition()
			part.Offset = 1
			topic.Topic, topic.Partitions = "t", append(topic.Partitions, part)
			ask.Group, ask.Generation, ask.Topics = "g", -1, append(ask.Topics, topic)
			versions := kversion.Stable()
			versions.SetMaxKeyVersion(int16(kmsg.OffsetCommit), 9)
			for _, seed := range client(t, c, bob(), kgo.MaxVersions(versions)).SeedBrokers() {
				_, err := seed.Request(testContext(t), ask)
				require.NoError(t, err)
			}
			offsets, err := kadm.NewClient(client(t, c)).FetchOffsets(testContext(t), "g")
			return err == nil && len(offsets) > 0
		},
		"acl-shows-topics": func(t *testing.T, c *embedded.Cluster) bool {
			t.Helper()
			topics, err := kadm.NewClient(client(t, c, bob())).ListTopics(testContext(t))
			require.NoError(t, err)
			return topics.Has("t")
		},
		"acl-tells-existence": func(t *testing.T, c *embedded.Cluster) bool {
			t.Helper()
			ask := kmsg.NewPtrMetadataRequest()
			topic := kmsg.NewMetadataRequestTopic()
			topic.Topic = kmsg.StringPtr("absent")
			ask.Topics = append(ask.Topics, topic)
			return anyBroker(t, c, bob(), ask, func(r kmsg.Response, err error) bool {
				require.NoError(t, err)
				return r.(*kmsg.MetadataResponse).Topics[0].ErrorCode == kerr.UnknownTopicOrPartition.Code
			})
		},
		"acl-refuses-owner": func(t *testing.T, c *embedded.Cluster) bool {
			t.Helper()
			allow(t, c, reads("alice", "t"))
			ask := kmsg.NewPtrListOffsetsRequest()
			topic, part := kmsg.NewListOffsetsRequestTopic(), kmsg.NewListOffsetsRequestTopicPartition()
			part.Timestamp, part.CurrentLeaderEpoch = -1, -1
			topic.Topic, topic.Partitions = "t", append(topic.Partitions, part)
			ask.ReplicaID, ask.Topics = -1, append(ask.Topics, topic)
			return anyBroker(t, c, as("alice", "wonderland"), ask, func(r kmsg.Response, err error) bool {
				require.NoError(t, err)
				return r.(*kmsg.ListOffsetsResponse).Topics[0].Partitions[0].ErrorCode == kerr.TopicAuthorizationFailed.Code
			})
		},
		"acl-hangs-up": func(t *testing.T, c *embedded.Cluster) bool {
			t.Helper()
			ask := kmsg.NewPtrCreateTopicsRequest()
			topic := kmsg.NewCreateTopicsRequestTopic()
			topic.Topic, topic.NumPartitions, topic.ReplicationFactor = "new", 1, -1
			ask.Topics = append(ask.Topics, topic)
			return anyBroker(t, c, bob(), ask, func(_ kmsg.Response, err error) bool { return err != nil })
		},
		"acl-wrong-error": func(t *testing.T, c *embedded.Cluster) bool {
			t.Helper()
			ask := kmsg.NewPtrInitProducerIDRequest()
			ask.TransactionalID, ask.TransactionTimeoutMillis, ask.ProducerID, ask.ProducerEpoch = kmsg.StringPtr("x"), 1000, -1, -1
			return anyBroker(t, c, bob(), ask, func(r kmsg.Response, err error) bool {
				require.NoError(t, err)
				return r.(*kmsg.InitProducerIDResponse).ErrorCode == kerr.UnknownServerError.Code
			})
		},
	}
}
