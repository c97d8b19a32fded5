package kafka_test

import (
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"k6suite/extension/certs"
	"k6suite/extension/kafka"
)

// inMemory is a client whose certificates lie in no file.
func inMemory(w world, pair certs.Pair) *kafka.TLS {
	return &kafka.TLS{CA: w.authority.PEM(), Cert: pair.Cert, Key: pair.Key}
}

func TestCertificatesNeedNoFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, cfg := cluster(t, kfake.TLS(w.mutual()))
	cfg.TLS = inMemory(w, w.issue(certs.Subject{Name: "alice"}))
	require.Equal(t, "CN=alice,O=k6suite", cfg.TLS.Subject())
	taken := make(chan string, 100)
	cfg.Secured = func(address string, _ tls.ConnectionState) { taken <- address }
	cfg.Refused = func(_, why string) { t.Error(why) }
	_, err := kafka.Probe(within(t), cfg)
	require.NoError(t, err)
	require.Equal(t, cfg.Brokers[0], <-taken)
}

func TestARefusedCertificateIsToldOfWithItsReason(t *testing.T) {
	t.Parallel()
	w, foreign := newWorld(t), newWorld(t)
	_, cfg := cluster(t, kfake.TLS(foreign.server(here())))
	cfg.TLS = inMemory(w, certs.Pair{})
	require.Empty(t, cfg.TLS.Subject())
	refused := make(chan string, 100)
	cfg.Refused = func(address, why string) { refused <- address + " " + why }
	_, err := kafka.Probe(within(t), cfg)
	const want = "TLS: the certificate of the broker (CN=broker,O=k6suite) is signed by CN=ours,O=k6suite, which is not the authority " +
		"that this run has made for its target"
	require.ErrorContains(t, err, want)
	require.Equal(t, cfg.Brokers[0]+" "+want, <-refused)

	// also later, from a client that nobody has tried before
	err = admin(t, cfg).CreateTopic(within(t), kafka.TopicSpec{Topic: "t", Partitions: 1, Replication: 1})
	require.ErrorContains(t, err, want)
	require.Equal(t, "TLS_FAILED", kafka.ErrorName(err))
}

func TestWhatIsNotTheCertificateIsNoRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, cfg := cluster(t)
	cfg.TLS = w.client()
	cfg.Refused = func(_, why string) { t.Error(why) }
	_, err := kafka.Probe(within(t), cfg)
	require.ErrorContains(t, err, "the listener speaks plain text, and the client TLS")
}

func TestOwnCertificatesThatAreRefusedAreNamed(t *testing.T) {
	t.Parallel()
	w, foreign := newWorld(t), newWorld(t)
	_, cfg := cluster(t, kfake.TLS(w.mutual()))
	cfg.TLS = inMemory(w, foreign.issue(certs.Subject{Name: "mallory"}))
	_, err := kafka.Probe(within(t), cfg)
	require.ErrorContains(t, err, "TLS: the broker refuses the client's certificate (made for this run: CN=mallory,O=k6suite, signed by "+
		"CN=ours,O=k6suite")
	require.NotContains(t, err.Error(), "PRIVATE")
}
