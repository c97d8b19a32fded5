package kafkaproxy_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/internal/wire"
)

const (
	user     = "alice"
	password = "only-for-this-test"
)

func secured() []kfake.Opt {
	return []kfake.Opt{
		kfake.EnableSASL(), kfake.Superuser("PLAIN", user, password), kfake.Superuser("SCRAM-SHA-256", user, password),
	}
}

func TestEndpointSaysPlainToEachBroker(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t, secured()...)
	authenticated := count(cluster, kmsg.SASLAuthenticate)
	cl := client(t, p.Addresses(), append(fromStart("t"), manual(), kgo.SASL(plain.Auth{User: user, Pass: password}.AsMechanism()))...)
	fillTopic(t, cl, "t", 60)
	require.Equal(t, numbers(60), read(t, cl, 60))
	require.Equal(t, []string{"0", "1", "2"}, authenticated.nodes())
}

func TestEndpointPassesOnThatAPasswordIsWrong(t *testing.T) {
	t.Parallel()
	_, p := behind(t, secured()...)
	cl := client(t, p.Addresses(), kgo.SASL(plain.Auth{User: user, Pass: "wrong"}.AsMechanism()), kgo.RequestRetries(0))
	require.Error(t, cl.Ping(testContext(t)))
}

func TestEndpointWithoutAuthenticationSeesNothing(t *testing.T) {
	t.Parallel()
	_, p := behind(t, secured()...)
	require.Error(t, client(t, p.Addresses(), kgo.RequestRetries(0)).Ping(testContext(t)))
}

func TestEndpointRefusesScram(t *testing.T) {
	t.Parallel()
	_, p := behind(t, secured()...)
	cl := client(t, p.Addresses(), kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha256Mechanism()), kgo.RequestRetries(0))
	err := cl.Ping(testContext(t))
	require.ErrorIs(t, err, kerr.UnsupportedSaslMechanism)

	response := talk(t, p.Addresses()[0]).say(handshake("SCRAM-SHA-256")).(*kmsg.SASLHandshakeResponse)
	require.Equal(t, kerr.UnsupportedSaslMechanism.Code, response.ErrorCode)
	require.Equal(t, []string{"PLAIN"}, response.SupportedMechanisms)
}

func TestMirrorPassesScramThrough(t *testing.T) {
	t.Parallel()
	cluster := fake(t, append(secured(), kfake.SeedTopics(spreadPartitions, "t"))...)
	spreadTopic(t, cluster, "t")
	p := start(t, kafkaproxy.Options{Brokers: cluster.ListenAddrs()})
	cl := client(t, p.Addresses(), append(fromStart("t"), manual(), kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha256Mechanism()))...)
	fillTopic(t, cl, "t", 60)
	require.Equal(t, numbers(60), read(t, cl, 60))
}

// Clients authenticate again before their session is over (KIP-368). Brokers that the session has been to already hear of it.
func TestEndpointRepeatsReauthentication(t *testing.T) {
	t.Parallel()
	cluster, p := behind(t, append(secured(), kfake.BrokerConfigs(map[string]string{"connections.max.reauth.ms": "3600000"}))...)
	authenticated := count(cluster, kmsg.SASLAuthenticate)
	d := talk(t, p.Addresses()[0])
	authenticate := kmsg.NewPtrSASLAuthenticateRequest()
	authenticate.Version, authenticate.SASLAuthBytes = 1, []byte("\x00"+user+"\x00"+password)
	everywhere := kmsg.NewPtrListOffsetsRequest()
	everywhere.Version = 4
	for partition := range int32(3) {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = partition, -1
		everywhere.Topics = append(everywhere.Topics, kmsg.ListOffsetsRequestTopic{
			Topic: "t", Partitions: []kmsg.ListOffsetsRequestTopicPartition{p},
		})
	}
	for round := 1; round <= 3; round++ {
		require.Zero(t, d.say(handshake("PLAIN")).(*kmsg.SASLHandshakeResponse).ErrorCode)
		answer := d.say(authenticate).(*kmsg.SASLAuthenticateResponse)
		require.Zero(t, answer.ErrorCode)
		require.Positive(t, answer.SessionLifetimeMillis)
		offsets := d.say(everywhere).(*kmsg.ListOffsetsResponse)
		require.Len(t, offsets.Topics, 3)
		for _, topic := range offsets.Topics {
			require.Zero(t, topic.Partitions[0].ErrorCode)
		}
		for node := range int32(3) {
			require.GreaterOrEqual(t, authenticated.of(node), round)
		}
	}
}

// dialogue is a connection of a client that does what it is told, without a mind of its own.
type dialogue struct {
	t    *testing.T
	conn net.Conn
}

func talk(t *testing.T, address string) *dialogue {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(testContext(t), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &dialogue{t, conn}
}

// say sends a request in its version, and waits for the answer.
func (d *dialogue) say(request kmsg.Request) kmsg.Response {
	d.t.Helper()
	d.send(request)
	return d.hear(request)
}

func (d *dialogue) send(request kmsg.Request) {
	d.t.Helper()
	_, err := d.conn.Write(wire.EncodeRequest(request, 7, "dialogue"))
	require.NoError(d.t, err)
}

func (d *dialogue) hear(request kmsg.Request) kmsg.Response {
	d.t.Helper()
	frame, err := wire.ReadFrame(d.conn)
	require.NoError(d.t, err)
	response := request.ResponseKind()
	response.SetVersion(request.GetVersion())
	require.NoError(d.t, wire.DecodeResponse(frame, response))
	return response
}

func handshake(mechanism string) kmsg.Request {
	request := kmsg.NewPtrSASLHandshakeRequest()
	request.Version, request.Mechanism = 1, mechanism
	return request
}
