package kafkaproxy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/chaos/kafkaproxy"
)

// soon has a proxy lose patience in no time.
func soon(o *kafkaproxy.Options) { o.Silence, o.GiveUp = 50*time.Millisecond, 200*time.Millisecond }

// never has a proxy find out who is silent, and give nothing up.
func never(o *kafkaproxy.Options) { o.Silence, o.GiveUp = 50*time.Millisecond, time.Hour }

// takeOver has broker 2 lead what broker 1 led.
func takeOver(t *testing.T, cluster *kfake.Cluster) {
	t.Helper()
	for partition := range int32(spreadPartitions) {
		if partition%3 == 1 {
			require.NoError(t, cluster.MoveTopicPartition("t", partition, 2))
		}
	}
}

// eager is a client that loses no time.
func eager(t *testing.T, p *kafkaproxy.Proxy, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	return client(t, p.Addresses(), append([]kgo.Opt{
		manual(), kgo.MetadataMinAge(20 * time.Millisecond), kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 10 * time.Millisecond }),
	}, options...)...)
}

// What was sent to a silent broker waits for it; what is new goes to who leads by now.
func TestSilentBrokerHoldsUpOnlyWhatItWasSent(t *testing.T) {
	t.Parallel()
	cluster, p, relays := freezing(t, never)
	old, fresh := eager(t, p), eager(t, p)
	one(t, old, 1)
	one(t, fresh, 2)
	relays[1].freeze()
	held := outcome(t, old, &kgo.Record{Topic: "t", Partition: 1, Value: []byte("held")})
	takeOver(t, cluster)
	asked := count(cluster, kmsg.Metadata)
	require.Eventually(t, func() bool { return asked.of(0)+asked.of(2) > 0 }, deadline, pace, "the silence is noticed")
	for partition := range int32(spreadPartitions) {
		one(t, fresh, partition)
	}
	require.Empty(t, held)
	relays[1].thaw()
	require.NoError(t, got(t, held), "it hears that the broker leads no more, and sends it again")
}

// Once others lead, a broker that goes on saying nothing is given up. What it got may be written or not: nobody says that it is not.
func TestSilentBrokerIsGivenUpWhenOthersLead(t *testing.T) {
	t.Parallel()
	cluster, p, relays := freezing(t, soon)
	d := talk(t, p.Addresses()[0])
	q := produceRaw(-1, 1)
	require.NotEqual(t, kerr.NetworkException.Code, codes(d.say(q).(*kmsg.ProduceResponse))[0])
	relays[1].freeze()
	d.send(q)
	takeOver(t, cluster)
	require.Equal(t, kerr.NetworkException.Code, codes(d.hear(q).(*kmsg.ProduceResponse))[0])
	require.NotEqual(t, kerr.NotLeaderForPartition.Code, codes(d.say(q).(*kmsg.ProduceResponse))[0], "broker 2 leads")
}

func TestSilentBrokerUnderProducers(t *testing.T) {
	t.Parallel()
	cluster, p, relays := freezing(t, soon)
	records := produceWhile(t, eager(t, p), func() {
		relays[1].freeze()
		takeOver(t, cluster)
	})
	relays[1].thaw()
	requireOnce(t, p, records)
}

// As long as nobody else leads, silence is slowness.
func TestSilentBrokerIsWaitedForWhileItLeads(t *testing.T) {
	t.Parallel()
	cluster, p, relays := freezing(t, soon)
	d := talk(t, p.Addresses()[0])
	q := produceRaw(-1, 1)
	before := codes(d.say(q).(*kmsg.ProduceResponse))
	asked := count(cluster, kmsg.Metadata)
	relays[1].freeze()
	d.send(q)
	require.Eventually(t, func() bool { return asked.of(0)+asked.of(2) >= 5 }, deadline, pace, "more than GiveUp goes by")
	clients := p.Clients()
	relays[1].thaw()
	require.Equal(t, before, codes(d.hear(q).(*kmsg.ProduceResponse)))
	require.Equal(t, clients, p.Clients())
}

// What any broker can answer does not wait for a silent one, nor what all of them or the leaders answer once others have taken over.
func TestSilentBrokerKeepsNoAnswersBack(t *testing.T) {
	t.Parallel()
	for silent := range 3 {
		cluster, p, relays := freezing(t, never)
		known := eager(t, p, fromStart("t")...)
		fillTopic(t, known, "t", 60)
		require.Equal(t, numbers(60), read(t, known, 60))
		relays[silent].freeze()
		for _, cl := range []*kgo.Client{known, eager(t, p)} {
			admin := kadm.NewClient(cl)
			_, err := admin.ApiVersions(testContext(t))
			require.NoError(t, err)
			_, err = admin.Metadata(testContext(t))
			require.NoError(t, err)
			found := admin.FindGroupCoordinators(testContext(t), "g")
			require.NoError(t, found.Error())
		}
		listed := make(chan error, 2)
		go func() {
			offsets, err := kadm.NewClient(known).ListEndOffsets(testContext(t), "t")
			if err == nil {
				err = offsets.Error()
			}
			listed <- err
		}()
		go func() {
			_, err := kadm.NewClient(known).ListGroups(testContext(t))
			listed <- err
		}()
		require.NoError(t, cluster.RemoveNode(int32(silent)))
		require.NoError(t, <-listed)
		require.NoError(t, <-listed)
	}
}

// Where nobody takes over, who asks for something that needs the silent one learns that it is not to be had, and gets the rest.
func TestSilentLeaderIsNotAskedForEver(t *testing.T) {
	t.Parallel()
	_, p, relays := freezing(t, soon)
	admin := kadm.NewClient(eager(t, p, kgo.RequestRetries(0)))
	relays[1].freeze()
	offsets, err := admin.ListEndOffsets(testContext(t), "t")
	require.NoError(t, err)
	offsets.Each(func(o kadm.ListedOffset) {
		if o.Partition%3 == 1 {
			require.ErrorIs(t, o.Err, kerr.NetworkException)
		} else {
			require.NoError(t, o.Err)
		}
	})
	_, err = admin.ListGroups(testContext(t))
	require.ErrorIs(t, err, kerr.CoordinatorNotAvailable)
}

// A leader that says nothing does not keep back what others have, and what it has comes when it is back.
func TestSilentBrokerUnderReaders(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]kgo.Opt{"session": nil, "no session": {kgo.DisableFetchSessions()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, p, relays := freezing(t, never)
			writer := eager(t, p)
			fillTopic(t, writer, "t", 60)
			reader := eager(t, p, append(fromStart("t"), options...)...)
			require.Equal(t, numbers(60), read(t, reader, 60))
			relays[1].freeze()
			for range 5 {
				one(t, writer, 0)
				one(t, writer, 2)
			}
			require.Len(t, read(t, reader, 10), 10)
			relays[1].thaw()
			one(t, writer, 1)
			require.Equal(t, []string{"x"}, read(t, reader, 1))
		})
	}
}

// A reader of nothing else is not left waiting for it, nor has to connect again.
func TestSilentLeaderIsLeftByReaders(t *testing.T) {
	t.Parallel()
	cluster, p, relays := freezing(t, never)
	writer := client(t, cluster.ListenAddrs(), manual(), kgo.MetadataMinAge(20*time.Millisecond))
	one(t, writer, 1)
	reader := eager(t, p, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {1: kgo.NewOffset().AtStart()}}))
	require.Equal(t, []string{"x"}, read(t, reader, 1))
	clients := p.Clients()
	relays[1].freeze()
	takeOver(t, cluster)
	one(t, writer, 1)
	require.Equal(t, []string{"x"}, read(t, reader, 1))
	require.Equal(t, clients, p.Clients())
}

func TestSilentCoordinatorIsLeftByItsGroups(t *testing.T) {
	t.Parallel()
	cluster, p, relays := freezing(t, soon)
	writer := eager(t, p)
	fillTopic(t, writer, "t", 60)
	group := eager(t, p, append(fromStart("t"), kgo.ConsumerGroup("g"), kgo.DisableAutoCommit())...)
	require.Equal(t, numbers(60), read(t, group, 60))
	node := cluster.CoordinatorFor("g")
	relays[node].freeze()
	committed := make(chan error, 1)
	go func() { committed <- group.CommitUncommittedOffsets(testContext(t)) }()
	require.NoError(t, cluster.RemoveNode(node))
	cluster.RehashCoordinators()
	require.NoError(t, <-committed)
	fillTopic(t, writer, "t", 60)
	require.Equal(t, numbers(60), read(t, group, 60))
	require.NoError(t, group.CommitUncommittedOffsets(testContext(t)))
}
