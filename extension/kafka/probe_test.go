package kafka_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/kafka"
)

// unused is an address of this machine on which nothing listens.
func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

func TestProbeTellsTheCluster(t *testing.T) {
	t.Parallel()
	_, config := cluster(t, kfake.NumBrokers(3), kfake.ClusterID("c1"))
	info, err := kafka.Probe(within(t), config)
	require.NoError(t, err)
	require.Len(t, info.Brokers, 3)
	require.Equal(t, "c1", info.ClusterID)
	require.GreaterOrEqual(t, info.ControllerID, int32(0))
	require.Contains(t, info.APIs, int16(kmsg.Produce))

	config.Brokers = append([]string{unused(t)}, config.Brokers[0])
	_, err = kafka.Probe(within(t), config)
	require.NoError(t, err, "one address that answers is enough")
}

func TestProbeNamesWhatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	first, second := unused(t), unused(t)
	_, err := kafka.Probe(within(t), kafka.Config{Brokers: []string{first, second}})
	require.ErrorContains(t, err, first+": connection refused: nothing listens there")
	require.ErrorContains(t, err, second+": connection refused")
	var unreachable *kafka.UnreachableError
	require.ErrorAs(t, err, &unreachable)
	require.Len(t, unreachable.Addresses, 2)
	require.Equal(t, "CONNECTION_REFUSED", kafka.ErrorName(err))
}

func TestProbeDoesNotHangOnSilence(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	ctx, cancel := context.WithCancel(within(t))
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			cancel() // connected, and now silence
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	_, err = kafka.Probe(ctx, kafka.Config{Brokers: []string{l.Addr().String()}})
	require.ErrorContains(t, err, l.Addr().String())
}

func TestProbeNamesTLSAndSASLTrouble(t *testing.T) {
	t.Parallel()
	_, plain := cluster(t)
	plain.TLS, plain.DialTimeout = &kafka.TLS{}, 300*time.Millisecond
	_, err := kafka.Probe(within(t), plain)
	require.ErrorContains(t, err, "TLS: ")
	require.Equal(t, "TLS_FAILED", kafka.ErrorName(err))

	_, guarded := cluster(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "admin", "right"))
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte("wrong\n"), 0o600))
	guarded.SASL = &kafka.SASL{Mechanism: "SCRAM-SHA-256", User: "admin", PasswordFile: password}
	_, err = kafka.Probe(within(t), guarded)
	require.ErrorContains(t, err, "SASL")
	require.NotContains(t, err.Error(), "wrong", "a password is never printed")

	require.NoError(t, os.WriteFile(password, []byte("right\n"), 0o600))
	_, err = kafka.Probe(within(t), guarded)
	require.NoError(t, err)
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	ok := []string{"127.0.0.1:9092"}
	sasl := func(s kafka.SASL) kafka.Config { return kafka.Config{Brokers: ok, SASL: &s} }
	missing := filepath.Join(t.TempDir(), "missing")
	for want, c := range map[string]kafka.Config{
		"no brokers":                         {},
		`broker "kafka": want host:port`:     {Brokers: []string{"kafka"}},
		`maxVersion "zwei"`:                  {Brokers: ok, MaxVersion: "zwei"},
		"certFile and keyFile belong":        {Brokers: ok, TLS: &kafka.TLS{CertFile: "c"}},
		"tls caFile: open " + missing:        {Brokers: ok, TLS: &kafka.TLS{CAFile: missing}},
		"sasl: user is missing":              sasl(kafka.SASL{Mechanism: "PLAIN"}),
		`mechanism "GSSAPI": want PLAIN`:     sasl(kafka.SASL{Mechanism: "GSSAPI", User: "u", PasswordEnv: "PATH"}),
		"by passwordEnv or by passwordFile":  sasl(kafka.SASL{Mechanism: "PLAIN", User: "u"}),
		"variable K6SUITE_NO_SUCH_VARIABLE,": sasl(kafka.SASL{Mechanism: "PLAIN", User: "u", PasswordEnv: "K6SUITE_NO_SUCH_VARIABLE"}),
	} {
		_, err := c.Options()
		require.ErrorContains(t, err, want)
	}
	opts, err := kafka.Config{Brokers: ok, MaxVersion: "2.8"}.Options()
	require.NoError(t, err)
	require.NotEmpty(t, opts)
}

func TestOldVersionsAreSpoken(t *testing.T) {
	t.Parallel()
	_, config := cluster(t, kfake.SeedTopics(1, "t"))
	config.MaxVersion = "2.8"
	p := producer(t, config, kafka.ProducerOptions{Topic: "t"})
	_, err := p.Send(within(t), values(5, ""))
	require.NoError(t, err)
	drain(t, consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}}), 5)
}
