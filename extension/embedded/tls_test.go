package embedded_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/embedded"
)

// trusting is what a client needs that trusts the cluster's authority, and shows the certificate that the cluster has made for it.
func trusting(t testing.TB, c *embedded.Cluster) *tls.Config {
	t.Helper()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(c.Authority()))
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if own := c.Identity(); len(own.Cert) > 0 {
		pair, err := own.TLS()
		require.NoError(t, err)
		config.Certificates = []tls.Certificate{pair}
	}
	return config
}

// certificateEffects look for what clients are shown: some connections a certificate that they refuse, and others one that they take.
var certificateEffects = map[string]func(t *testing.T, c *embedded.Cluster) bool{
	"expired-certificate": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		return refusals(t, c, func(err error) bool {
			var invalid x509.CertificateInvalidError
			return errors.As(err, &invalid) && invalid.Reason == x509.Expired
		})
	},
	"foreign-certificate": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		return refusals(t, c, func(err error) bool { return errors.As(err, new(x509.HostnameError)) })
	},
}

func refusals(t *testing.T, c *embedded.Cluster, expected func(error) bool) bool {
	t.Helper()
	taken, refused := 0, 0
	for range 30 {
		conn, err := (&tls.Dialer{Config: trusting(t, c)}).DialContext(testContext(t), "tcp", c.Bootstrap()[0])
		if err != nil {
			require.True(t, expected(err), err)
			refused++
			continue
		}
		require.NoError(t, conn.Close())
		taken++
	}
	require.Positive(t, taken)
	return refused > 0
}

func TestClientsSpeakTLSWhereTheyConnect(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]embedded.Options{
		"single endpoint":         {SingleEndpoint: true, TLS: &embedded.TLS{}},
		"brokers":                 {TLS: &embedded.TLS{}},
		"single endpoint, mutual": {SingleEndpoint: true, TLS: &embedded.TLS{Mutual: true}},
		"brokers, mutual":         {TLS: &embedded.TLS{Mutual: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, options)
			require.Equal(t, options.TLS.Mutual, len(c.Identity().Key) > 0)
			secured := kgo.DialTLSConfig(trusting(t, c))
			createTopic(t, c, "t", 3, nil)
			cl := client(t, c, secured, manual())
			var sent []*kgo.Record
			for partition := range int32(3) {
				sent = append(sent, produce(t, cl, "t", partition, 5, 4)...)
			}
			require.NoError(t, c.Restart(testContext(t)), "certificates outlive the brokers")
			for partition := range int32(3) {
				require.Len(t, read(t, c, "t", partition), len(sent)/3)
			}
		})
	}
}

func TestBrokersThatSpeakTLSAreKilledAndAskedToEnd(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{TLS: &embedded.TLS{}, Lease: shortLease})
	createTopic(t, c, "t", 3, nil)
	cl := client(t, c, manual())
	sent := produce(t, cl, "t", 0, 2, 5)
	require.NoError(t, c.Kill(testContext(t), 0))
	sent = append(sent, produce(t, cl, "t", 0, 2, 5)...)
	require.NoError(t, c.Start(testContext(t), 0))
	require.NoError(t, c.Stop(testContext(t), 1))
	sent = append(sent, produce(t, cl, "t", 0, 2, 5)...)
	require.Len(t, read(t, c, "t", 0), len(sent))
}

func TestWhoDoesNotFitIsNotLetIn(t *testing.T) {
	t.Parallel()
	for name, single := range map[string]bool{"single endpoint": true, "brokers": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, embedded.Options{SingleEndpoint: single, TLS: &embedded.TLS{Mutual: true}})
			require.NoError(t, client(t, c).Ping(testContext(t)))

			nobody := trusting(t, c)
			nobody.Certificates = nil
			require.ErrorContains(t, once(t, c, kgo.DialTLSConfig(nobody)), "certificate required")
			require.ErrorContains(t, once(t, c, kgo.DialTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12})), "unknown authority")
			stranger := start(t, embedded.Options{Brokers: 1, TLS: &embedded.TLS{Mutual: true}})
			foreign := trusting(t, stranger)
			foreign.RootCAs = trusting(t, c).RootCAs
			// the kind of the alert is the server's: it does not know who signed the certificate
			require.Error(t, once(t, c, kgo.DialTLSConfig(foreign)))
			require.Error(t, once(t, c, kgo.Dialer((&net.Dialer{}).DialContext)), "plain text")
		})
	}
}

// once asks a cluster for an answer, by a client that does not try again.
func once(t *testing.T, c *embedded.Cluster, how kgo.Opt) error {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap()...), how, kgo.RequestRetries(0))
	require.NoError(t, err)
	defer cl.Close()
	return cl.Ping(testContext(t))
}

func TestWithoutTLSThereIsNoAuthority(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{Brokers: 1})
	require.Empty(t, c.Authority())
	require.Empty(t, c.Identity())
}
