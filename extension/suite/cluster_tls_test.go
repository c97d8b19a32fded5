package suite_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/suite"
)

// cluster runs the command until the test has done with it, and gives the address that it prints.
func cluster(t *testing.T, args ...string) (address string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	in, out := io.Pipe()
	cmd := suite.NewCommand()
	cmd.SetArgs(append([]string{"cluster", "--brokers", "1"}, args...))
	cmd.SetOut(out)
	ended := make(chan error, 1)
	go func() {
		err := cmd.ExecuteContext(ctx)
		_ = out.Close()
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		_, _ = io.Copy(io.Discard, in)
		require.NoError(t, <-ended)
	})
	var said strings.Builder
	for buffer := make([]byte, 1024); !strings.Contains(said.String(), "ready;"); {
		n, err := in.Read(buffer)
		require.NoError(t, err)
		said.Write(buffer[:n])
	}
	require.NotContains(t, said.String(), "PRIVATE")
	for line := range strings.Lines(said.String()) {
		if rest, ok := strings.CutPrefix(line, "bootstrap"); ok {
			address = strings.TrimSpace(rest)
		}
	}
	return address
}

func TestAClusterWritesWhatItsClientsNeedForTLS(t *testing.T) {
	t.Parallel()
	ca, client := filepath.Join(t.TempDir(), "ca.pem"), filepath.Join(t.TempDir(), "client.pem")
	address := cluster(t, "--tls-ca", ca, "--tls-client", client)
	text, err := os.ReadFile(ca)
	require.NoError(t, err)
	require.NotContains(t, string(text), "PRIVATE")
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(text))
	own, err := tls.LoadX509KeyPair(client, client)
	require.NoError(t, err)
	info, err := os.Stat(client)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	// TLS 1.2: there a client hears within the handshake that its certificate is missing
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err = (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	require.Error(t, err)
	config.Certificates = []tls.Certificate{own}
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
}

func TestAClusterThatCannotWriteItsCertificatesDoesNotRun(t *testing.T) {
	t.Parallel()
	nowhere := filepath.Join(t.TempDir(), "missing", "file.pem")
	here := filepath.Join(t.TempDir(), "ca.pem")
	for want, args := range map[string][]string{
		"--tls-client needs --tls-ca": {"--tls-client", here},
		"--tls-ca: open ":             {"--tls-ca", nowhere},
		"--tls-client: open ":         {"--tls-ca", here, "--tls-client", nowhere},
	} {
		cmd := suite.NewCommand()
		cmd.SetArgs(append([]string{"cluster", "--brokers", "1"}, args...))
		cmd.SetOut(io.Discard)
		require.ErrorContains(t, cmd.ExecuteContext(t.Context()), want)
	}
}
