package kafkaproxy_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/chaos/kafkaproxy"
)

// produceRaw asks for one batch to be written, of which no broker has to take anything.
func produceRaw(acks int16, partitions ...int32) *kmsg.ProduceRequest {
	q := kmsg.NewPtrProduceRequest()
	q.Version, q.Acks, q.TimeoutMillis = 9, acks, 1000
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic = "t"
	for _, p := range partitions {
		topic.Partitions = append(topic.Partitions, kmsg.ProduceRequestTopicPartition{Partition: p, Records: []byte("no batch")})
	}
	q.Topics = []kmsg.ProduceRequestTopic{topic}
	return q
}

func codes(m *kmsg.ProduceResponse) (all []int16) {
	for _, p := range m.Topics[0].Partitions {
		all = append(all, p.ErrorCode)
	}
	return all
}

// What certainly reached nobody is refused as by a broker that does not lead; what may have been written is not.
func TestEndpointTellsTheUnsentFromTheUnknown(t *testing.T) {
	t.Parallel()
	cluster, p, w := mortal(t)
	addresses := cluster.ListenAddrs()
	d := talk(t, p.Addresses()[0])
	got := make(chan struct{})
	cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		if cluster.CurrentNode() != 1 {
			return nil, nil, false
		}
		close(got)
		cluster.SleepControl(func() { <-t.Context().Done() })
		return nil, nil, true
	})
	q := produceRaw(-1, 0, 1, 2)
	d.send(q)
	<-got
	w.kill(addresses[1])
	all := codes(d.hear(q).(*kmsg.ProduceResponse))
	require.NotEqual(t, kerr.NetworkException.Code, all[0])
	require.Equal(t, kerr.NetworkException.Code, all[1], "broker 1 got it, and nobody knows what it did")
	require.NotEqual(t, kerr.NetworkException.Code, all[2])
	require.Equal(t, kerr.NotLeaderForPartition.Code, codes(d.say(q).(*kmsg.ProduceResponse))[1], "it cannot even be reached")
}

func TestEndpointAsksAnotherBrokerIfOneIsDown(t *testing.T) {
	t.Parallel()
	cluster := fake(t)
	dead, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, dead.Close())
	p := start(t, kafkaproxy.Options{Brokers: []string{dead.Addr().String(), cluster.ListenAddrs()[2]}, SingleEndpoint: true})
	require.NoError(t, client(t, p.Addresses()).Ping(testContext(t)))
}

func TestEndpointEndsTheConnectionIfNobodyIsThere(t *testing.T) {
	t.Parallel()
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }
	p := start(t, kafkaproxy.Options{Brokers: []string{"127.0.0.1:1"}, SingleEndpoint: true, Dial: dial})
	require.Error(t, client(t, p.Addresses(), kgo.RequestRetries(0), kgo.RetryTimeout(0)).Ping(testContext(t)))
}

// Each client is refused, or not, for itself.
func TestEndpointAuthorizationIsTheClientsOwn(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t, append(secured(), kfake.EnableACLs(), kfake.User("PLAIN", "mallory", password))...)
	q := produceRaw(-1, 0, 1)
	require.Equal(t, []int16{kerr.TopicAuthorizationFailed.Code, kerr.TopicAuthorizationFailed.Code},
		codes(introduced(t, p, "mallory").say(q).(*kmsg.ProduceResponse)))
	for _, code := range codes(introduced(t, p, user).say(q).(*kmsg.ProduceResponse)) {
		require.NotEqual(t, kerr.TopicAuthorizationFailed.Code, code)
	}
	require.Len(t, cluster.ListenAddrs(), 3)
}

// introduced is a connection of a client that has authenticated.
func introduced(t *testing.T, p *kafkaproxy.Proxy, name string) *dialogue {
	t.Helper()
	d := talk(t, p.Addresses()[0])
	require.Zero(t, d.say(handshake("PLAIN")).(*kmsg.SASLHandshakeResponse).ErrorCode)
	authenticate := kmsg.NewPtrSASLAuthenticateRequest()
	authenticate.Version, authenticate.SASLAuthBytes = 1, []byte("\x00"+name+"\x00"+password)
	require.Zero(t, d.say(authenticate).(*kmsg.SASLAuthenticateResponse).ErrorCode)
	return d
}

func TestEndpointWithoutAcks(t *testing.T) {
	t.Parallel()
	_, p := behind(t)
	cl := client(t, p.Addresses(), append(fromStart("t"), manual(), kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())...)
	fillTopic(t, cl, "t", 60)
	require.Equal(t, numbers(60), read(t, cl, 60))
}

// Rules that name a broker act on the way to it; those that do not, where the client is.
func TestEndpointRulesOfOneBroker(t *testing.T) {
	t.Parallel()
	_, p := behind(t)
	const spec = `{"api": "Produce", "action": "error", "error": "NOT_LEADER_OR_FOLLOWER", "broker": 1, "times": 1}`
	rule, err := kafkaproxy.ParseRule([]byte(spec))
	require.NoError(t, err)
	fault, err := p.Inject(rule)
	require.NoError(t, err)
	cl := client(t, p.Addresses(), append(fromStart("t"), manual())...)
	fillTopic(t, cl, "t", 60)
	require.EqualValues(t, 1, fault.Hits())
	require.Equal(t, numbers(60), read(t, cl, 60))
	_, err = kadm.NewClient(cl).ListEndOffsets(testContext(t), "t")
	require.NoError(t, err)
}

// A broker that falls silent holds clients up until it speaks again, and costs them nothing then.
func TestEndpointRecoversFromASilentBroker(t *testing.T) {
	t.Parallel()
	_, p := behind(t)
	reader := client(t, p.Addresses(), fromStart("t")...)
	writer := client(t, p.Addresses(), manual())
	fillTopic(t, writer, "t", 60)
	require.Equal(t, numbers(60), read(t, reader, 60))
	rule, err := kafkaproxy.ParseRule([]byte(`{"action": "blackhole", "broker": 1}`))
	require.NoError(t, err)
	fault, err := p.Inject(rule)
	require.NoError(t, err)
	written := make(chan error, spreadPartitions)
	for partition := range int32(spreadPartitions) {
		r := &kgo.Record{Topic: "t", Partition: partition, Value: []byte("x")}
		writer.Produce(testContext(t), r, func(_ *kgo.Record, err error) { written <- err })
	}
	require.Eventually(t, func() bool { return fault.Hits() > 0 }, deadline, pace)
	fault.Stop()
	for range spreadPartitions {
		require.NoError(t, <-written)
	}
	require.Len(t, read(t, reader, spreadPartitions), spreadPartitions)
}
