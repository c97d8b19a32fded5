package suite_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/suite"
)

// keptProxy is a running `x suite kafkaproxy`, or another command that says what it has and waits for an interrupt.
type keptProxy struct {
	said  map[string]string // the first word of each line → the rest
	lines *bufio.Reader     // what it says from then on
	stop  func() string     // interrupts it, and returns what it said then
}

func keepProxy(t *testing.T, args ...string) keptProxy {
	t.Helper()
	return keep(t, append([]string{"kafkaproxy"}, args...)...)
}

func keep(t *testing.T, args ...string) keptProxy {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	in, out := io.Pipe()
	cmd := suite.NewCommand()
	cmd.SetOut(out)
	cmd.SetErr(io.Discard)
	cmd.SetArgs(args)
	ended := make(chan error, 1)
	go func() {
		err := cmd.ExecuteContext(ctx)
		_ = out.CloseWithError(err) // nil ends the output
		ended <- err
	}()
	lines := bufio.NewReader(in)
	k := keptProxy{said: map[string]string{}, lines: lines, stop: func() string {
		cancel()
		rest, err := io.ReadAll(lines)
		require.NoError(t, err)
		require.NoError(t, <-ended)
		return string(rest)
	}}
	t.Cleanup(cancel)
	for !strings.HasPrefix(k.said["ready;"], "Ctrl-C") {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		k.said[word] = strings.TrimSpace(rest)
	}
	return k
}

func brokers(t *testing.T, options ...kfake.Opt) []string {
	t.Helper()
	c, err := kfake.NewCluster(append(options, kfake.NumBrokers(3), kfake.SeedTopics(3, "t"))...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c.ListenAddrs()
}

func produceOne(t *testing.T, bootstrap string, options ...kgo.Opt) {
	t.Helper()
	cl, err := kgo.NewClient(append(options, kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.DefaultProduceTopic("t"))...)
	require.NoError(t, err)
	defer cl.Close()
	require.NoError(t, cl.ProduceSync(t.Context(), kgo.StringRecord("a")).FirstErr())
}

func TestKafkaProxyStandsAlone(t *testing.T) {
	t.Parallel()
	events := filepath.Join(t.TempDir(), "events.jsonl")
	k := keepProxy(t, "--brokers", strings.Join(brokers(t), ","), "--single-endpoint", "--events", events,
		"--rule", `{"api": "Produce", "topic": "t", "action": "delay", "delay": "1ms"}`)
	require.NotContains(t, k.said["bootstrap"], ",", "one address")
	produceOne(t, k.said["bootstrap"])
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, k.said["control"]+"/rules",
		strings.NewReader(`{"api": "Produce", "action": "drop"}`))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusCreated, response.StatusCode)
	produceOne(t, k.said["bootstrap"])
	rest := k.stop()
	require.Contains(t, rest, "rule 1       2 hits, ")
	require.Contains(t, rest, `rule 2       1 hits, 1 records: {"api":"Produce","action":"drop"}`)
	require.True(t, strings.HasSuffix(rest, "stopped\n"))
	text, err := os.ReadFile(events)
	require.NoError(t, err)
	require.Contains(t, string(text), `"api":"Produce"`)
}

func TestKafkaProxySpeaksTLSOnBothSides(t *testing.T) {
	t.Parallel()
	cert, key, roots, pair := certificate(t)
	secured := brokers(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}))
	k := keepProxy(t, "--brokers", strings.Join(secured, ","),
		"--control", "", "--tls-cert", cert, "--tls-key", key, "--broker-tls", "--broker-ca", cert)
	require.NotContains(t, k.said, "control")
	produceOne(t, k.said["bootstrap"], kgo.DialTLSConfig(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}))
	require.Equal(t, "stopped\n", k.stop())
}

// certificate writes a certificate for 127.0.0.1 that signs itself, and its key.
func certificate(t *testing.T) (cert, key string, roots *x509.CertPool, pair tls.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600))
	pair, err = tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	roots = x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return cert, key, roots, pair
}

func TestKafkaProxyRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for want, args := range map[string][]string{
		"no brokers":           {},
		"go together":          {"--tls-cert", empty},
		"needs --broker-tls":   {"--broker-ca", empty},
		"no certificate":       {"--broker-tls", "--broker-ca", empty},
		"--rule":               {"--rule", `{"action": "dorp"}`},
		"passthrough":          {"--passthrough", "--rule", `{"action": "disconnect"}`},
		"passthrough and sing": {"--passthrough", "--single-endpoint"},
		"starting the control": {"--control", "nowhere"},
	} {
		cmd := suite.NewCommand()
		cmd.SilenceUsage = true
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		if want != "no brokers" {
			args = append(args, "--brokers", "127.0.0.1:1")
		}
		cmd.SetArgs(append([]string{"kafkaproxy"}, args...))
		require.ErrorContains(t, cmd.ExecuteContext(t.Context()), want)
	}
}
