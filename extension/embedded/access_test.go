package embedded_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"k6suite/extension/chaos/s3proxy"
	"k6suite/extension/embedded"
)

func guarded() embedded.Options {
	return embedded.Options{Access: &embedded.Access{
		Users: []embedded.User{{Name: "alice", Password: "wonderland"}, {Name: "bob", Password: "builder"}},
		Super: []string{embedded.Anonymous},
	}}
}

func as(user, password string) kgo.Opt {
	return kgo.SASL(plain.Auth{User: user, Pass: password}.AsMechanism())
}

// allow lets somebody do something, by the super user who does not authenticate.
func allow(t *testing.T, c *embedded.Cluster, acls *kadm.ACLBuilder) {
	t.Helper()
	results, err := kadm.NewClient(client(t, c)).CreateACLs(testContext(t), acls.AllowHosts("*"))
	require.NoError(t, err)
	for _, r := range results {
		require.NoError(t, r.Err)
	}
}

func writes(user, topic string) *kadm.ACLBuilder {
	return kadm.NewACLs().Allow("User:" + user).Topics(topic).Operations(kadm.OpWrite).ResourcePatternType(kadm.ACLPatternLiteral)
}

func reads(user, topic string) *kadm.ACLBuilder {
	return kadm.NewACLs().Allow("User:" + user).Topics(topic).Operations(kadm.OpRead).ResourcePatternType(kadm.ACLPatternLiteral)
}

func sendOne(t *testing.T, cl *kgo.Client, topic string) error {
	t.Helper()
	return cl.ProduceSync(testContext(t), record(topic, 0, 1)).FirstErr()
}

func noRetry() kgo.Opt { return kgo.RequestRetries(0) }

func TestWhoMayDoesAndWhoMayNotIsRefused(t *testing.T) {
	t.Parallel()
	for name, single := range map[string]bool{"behind one address": true, "broker by broker": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := guarded()
			o.SingleEndpoint = single
			c := start(t, o)
			createTopic(t, c, "hers", 1, nil)
			allow(t, c, writes("alice", "hers"))

			alice := client(t, c, as("alice", "wonderland"), manual())
			require.NoError(t, sendOne(t, alice, "hers"))
			bob := client(t, c, as("bob", "builder"), manual(), kgo.UnknownTopicRetries(-1))
			require.ErrorIs(t, sendOne(t, bob, "hers"), kerr.TopicAuthorizationFailed)
			require.Len(t, read(t, c, "hers", 0), 1)

			listed, err := kadm.NewClient(bob).ListTopics(testContext(t))
			require.NoError(t, err)
			require.Empty(t, listed, "who may not describe a topic does not see it")
			created, err := kadm.NewClient(bob).CreateTopic(testContext(t), 1, -1, nil, "new")
			require.Error(t, err, created)
		})
	}
}

func TestWhatIsRefusedIsNotUploaded(t *testing.T) {
	t.Parallel()
	c := start(t, guarded())
	createTopic(t, c, "hers", 1, nil)
	puts := func() (n int) {
		for _, r := range c.RequestLog().Entries() {
			if r.Operation == s3proxy.PutObject {
				n++
			}
		}
		return n
	}
	before := puts()
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(0, 9) // a request that names the topic
	bob := client(t, c, as("bob", "builder"), kgo.MaxVersions(versions))
	part := kmsg.NewProduceRequestTopicPartition()
	part.Records = rawBatch(-1, -1, -1, 1)
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic, topic.Partitions = "hers", []kmsg.ProduceRequestTopicPartition{part}
	request := kmsg.NewPtrProduceRequest()
	request.Acks, request.TimeoutMillis, request.Topics = -1, 1000, []kmsg.ProduceRequestTopic{topic}
	for _, seed := range bob.SeedBrokers() {
		answer, err := seed.Request(testContext(t), request)
		require.NoError(t, err)
		requireCode(t, kerr.TopicAuthorizationFailed, answer.(*kmsg.ProduceResponse).Topics[0].Partitions[0])
	}
	require.Equal(t, before, puts())
	require.Empty(t, read(t, c, "hers", 0))
}

func TestEveryMechanismTellsARightPasswordFromAWrongOne(t *testing.T) {
	t.Parallel()
	c := start(t, guarded())
	createTopic(t, c, "hers", 1, nil)
	allow(t, c, writes("alice", "hers"))
	for name, by := range map[string]func(password string) sasl.Mechanism{
		"PLAIN":         func(p string) sasl.Mechanism { return plain.Auth{User: "alice", Pass: p}.AsMechanism() },
		"SCRAM-SHA-256": func(p string) sasl.Mechanism { return scram.Auth{User: "alice", Pass: p}.AsSha256Mechanism() },
		"SCRAM-SHA-512": func(p string) sasl.Mechanism { return scram.Auth{User: "alice", Pass: p}.AsSha512Mechanism() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, sendOne(t, client(t, c, kgo.SASL(by("wonderland")), manual()), "hers"))
			ctx, cancel := context.WithTimeout(testContext(t), deadline)
			defer cancel()
			err := client(t, c, kgo.SASL(by("wrong")), noRetry()).Ping(ctx)
			require.ErrorIs(t, err, kerr.SaslAuthenticationFailed)
			require.NotContains(t, err.Error(), "wonderland")
		})
	}
}

func TestAClientIDIsAPrincipalWhereItIsSaidToBe(t *testing.T) {
	t.Parallel()
	for _, byID := range []bool{true, false} {
		o := guarded()
		o.SingleEndpoint, o.Access.ByClientID = true, byID
		c := start(t, o)
		createTopic(t, c, "hers", 1, nil)
		bob := client(t, c, kgo.ClientID("bob"), manual(), kgo.UnknownTopicRetries(-1))
		if err := sendOne(t, bob, "hers"); byID {
			require.ErrorIs(t, err, kerr.TopicAuthorizationFailed)
		} else {
			require.NoError(t, err)
		}
	}
}

func TestACLsOutliveAllBrokers(t *testing.T) {
	t.Parallel()
	o := guarded()
	o.SingleEndpoint = true
	c := start(t, o)
	createTopic(t, c, "hers", 1, nil)
	allow(t, c, writes("alice", "hers"))
	allow(t, c, reads("alice", "hers"))
	deleted, err := kadm.NewClient(client(t, c)).DeleteACLs(testContext(t), reads("alice", "hers").AllowHosts("*"))
	require.NoError(t, err)
	require.Len(t, deleted, 1)
	require.NoError(t, c.Restart(testContext(t)))

	require.NoError(t, sendOne(t, client(t, c, as("alice", "wonderland"), manual()), "hers"))
	bob := client(t, c, as("bob", "builder"), manual(), kgo.UnknownTopicRetries(-1))
	require.ErrorIs(t, sendOne(t, bob, "hers"), kerr.TopicAuthorizationFailed)
	described, err := kadm.NewClient(client(t, c)).DescribeACLs(testContext(t), kadm.NewACLs().Topics("hers").
		Allow().AllowHosts().Deny().DenyHosts().Operations(kadm.OpAny).ResourcePatternType(kadm.ACLPatternAny))
	require.NoError(t, err)
	require.Len(t, described, 1)
	require.Len(t, described[0].Described, 1, "what was deleted stays deleted")
}

func TestUsersThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for name, access := range map[string]embedded.Access{
		"no name":           {Users: []embedded.User{{Password: "x"}}},
		"no password":       {Users: []embedded.User{{Name: "alice"}}},
		"twice":             {Users: []embedded.User{{Name: "alice", Password: "x"}, {Name: "alice", Password: "y"}}},
		"anonymous":         {Users: []embedded.User{{Name: embedded.Anonymous, Password: "x"}}},
		"super and unknown": {Super: []string{"alice"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := embedded.Start(testContext(t), embedded.Options{Access: &access})
			require.ErrorContains(t, err, "user")
		})
	}
}
