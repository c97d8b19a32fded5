package kafkaproxy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/internal/wire"
)

// identity returns how a server at 127.0.0.1 proves who it is, and how its clients check that, with a certificate of its own.
func identity(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12},
		&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// requireRoundTrip has a client produce a record and read it back.
func requireRoundTrip(t *testing.T, addresses []string, options ...kgo.Opt) {
	t.Helper()
	cl := client(t, addresses, append(options, kgo.ConsumeTopics("t"), kgo.DefaultProduceTopic("t"))...)
	require.NoError(t, cl.ProduceSync(testContext(t), kgo.StringRecord("there and back")).FirstErr())
	fetches := cl.PollFetches(testContext(t))
	require.NoError(t, fetches.Err())
	require.Equal(t, "there and back", string(fetches.Records()[0].Value))
}

func TestTLSEndsAtTheProxyOnEitherSide(t *testing.T) {
	t.Parallel()
	for _, single := range modes() {
		for _, side := range []struct{ client, broker bool }{{true, false}, {false, true}, {true, true}} {
			o := kafkaproxy.Options{SingleEndpoint: single}
			var brokers []kfake.Opt
			var clients []kgo.Opt
			if side.client {
				server, trusting := identity(t)
				o.TLS, clients = server, []kgo.Opt{kgo.DialTLSConfig(trusting)}
			}
			if side.broker {
				server, trusting := identity(t)
				o.BrokerTLS, brokers = trusting, []kfake.Opt{kfake.TLS(server)}
			}
			o.Brokers = fake(t, append(brokers, kfake.SeedTopics(3, "t"))...).ListenAddrs()
			requireRoundTrip(t, start(t, o).Addresses(), clients...)
		}
	}
}

func TestAClientThatDoesNotTrustTheProxyIsNamed(t *testing.T) {
	t.Parallel()
	server, _ := identity(t)
	_, trusting := identity(t) // somebody else
	log := newLogbook()
	p := start(t, kafkaproxy.Options{Brokers: fake(t).ListenAddrs()[:1], TLS: server, Logger: slog.New(log)})
	conn := dialRaw(t, p.Addresses()[0])
	trusting.ServerName = "127.0.0.1"
	require.Error(t, tls.Client(conn, trusting).HandshakeContext(testContext(t)))
	log.requireOne(t, conn.LocalAddr(), "TLS handshake", "bad certificate")
}

func TestAClientThatSpeaksPlainTextToTLSIsNamed(t *testing.T) {
	t.Parallel()
	server, _ := identity(t)
	log := newLogbook()
	p := start(t, kafkaproxy.Options{Brokers: fake(t).ListenAddrs()[:1], TLS: server, Logger: slog.New(log)})
	conn := dialRaw(t, p.Addresses()[0])
	_, err := conn.Write(wire.EncodeRequest(offer(), 1, "raw"))
	require.NoError(t, err)
	log.requireOne(t, conn.LocalAddr(), "TLS handshake", "does not look like")
}

func TestABrokerThatIsNotTrustedIsNamed(t *testing.T) {
	t.Parallel()
	server, _ := identity(t)
	_, trusting := identity(t) // somebody else
	broker := fake(t, kfake.TLS(server)).ListenAddrs()[0]
	log := newLogbook()
	p := start(t, kafkaproxy.Options{Brokers: []string{broker}, BrokerTLS: trusting, Logger: slog.New(log)})
	conn := dialRaw(t, p.Addresses()[0])
	_, err := conn.Write(wire.EncodeRequest(offer(), 1, "raw"))
	require.NoError(t, err)
	requireEnd(t, conn)
	log.requireOne(t, conn.LocalAddr(), broker, "TLS", "unknown authority")
}

func TestSASLPassesAMirrorAsItIs(t *testing.T) {
	t.Parallel()
	const user, password = "somebody", "something"
	proofs := map[string]sasl.Mechanism{
		"PLAIN":         plain.Auth{User: user, Pass: password}.AsMechanism(),
		"SCRAM-SHA-256": scram.Auth{User: user, Pass: password}.AsSha256Mechanism(),
		"SCRAM-SHA-512": scram.Auth{User: user, Pass: password}.AsSha512Mechanism(),
	}
	for name, proof := range proofs {
		brokers := fake(t, kfake.SeedTopics(3, "t"), kfake.EnableSASL(), kfake.Superuser(name, user, password)).ListenAddrs()
		p := start(t, kafkaproxy.Options{Brokers: brokers})
		requireRoundTrip(t, p.Addresses(), kgo.SASL(proof))
		wrong := client(t, p.Addresses(), kgo.SASL(plain.Auth{User: user, Pass: "wrong"}.AsMechanism()))
		require.Error(t, wrong.Ping(testContext(t)), name)
	}
}
