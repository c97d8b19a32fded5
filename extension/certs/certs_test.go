package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/certs"
)

func TestAServerIsTrustedByWhoTrustsItsAuthorityAlone(t *testing.T) {
	t.Parallel()
	ours, foreign := authority(t), authority(t)
	pair := issue(t, ours, certs.Subject{Name: "server", Hosts: []string{"127.0.0.1", "localhost"}})
	expired := issue(t, ours, certs.Subject{Name: "server", Hosts: []string{"localhost"}, NotAfter: time.Now().Add(-time.Minute)})
	long := issue(t, ours, certs.Subject{Name: "server", Hosts: []string{"localhost"}, NotAfter: time.Now().AddDate(-1, 0, 0)})

	for _, name := range []string{"localhost", "127.0.0.1"} {
		require.NoError(t, shake(pair, &tls.Config{RootCAs: ours.Pool(), ServerName: name, MinVersion: tls.VersionTLS12}))
	}
	require.ErrorAs(t, shake(pair, &tls.Config{RootCAs: foreign.Pool(), ServerName: "localhost", MinVersion: tls.VersionTLS12}),
		new(x509.UnknownAuthorityError))
	require.ErrorAs(t, shake(pair, &tls.Config{RootCAs: ours.Pool(), ServerName: "other", MinVersion: tls.VersionTLS12}),
		new(x509.HostnameError))
	for _, old := range []tls.Certificate{expired, long} {
		var invalid x509.CertificateInvalidError
		require.ErrorAs(t, shake(old, &tls.Config{RootCAs: ours.Pool(), ServerName: "localhost", MinVersion: tls.VersionTLS12}), &invalid)
		require.Equal(t, x509.Expired, invalid.Reason)
	}
}

func TestAClientsCertificateIsNone(t *testing.T) {
	t.Parallel()
	ours := authority(t)
	client := issue(t, ours, certs.Subject{Name: "alice"})
	require.Error(t, shake(client, &tls.Config{RootCAs: ours.Pool(), ServerName: "localhost", MinVersion: tls.VersionTLS12}),
		"it does for no server")
	leaf, err := x509.ParseCertificate(client.Certificate[0])
	require.NoError(t, err)
	_, err = leaf.Verify(x509.VerifyOptions{Roots: ours.Pool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	require.NoError(t, err)
	require.Equal(t, "CN=alice,O=k6suite", leaf.Subject.String())
}

func TestASubjectNeedsAName(t *testing.T) {
	t.Parallel()
	_, err := authority(t).Issue(certs.Subject{})
	require.EqualError(t, err, "certs: the subject has no name")
	_, err = certs.NewAuthority("")
	require.Error(t, err)
}

func authority(t *testing.T) *certs.Authority {
	t.Helper()
	a, err := certs.NewAuthority("authority")
	require.NoError(t, err)
	return a
}

func issue(t *testing.T, a *certs.Authority, s certs.Subject) tls.Certificate {
	t.Helper()
	pair, err := a.Issue(s)
	require.NoError(t, err)
	cert, err := pair.TLS()
	require.NoError(t, err)
	return cert
}

// shake has a client and a server with that certificate shake hands, and says what the client thinks of it.
func shake(server tls.Certificate, client *tls.Config) error {
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{server}, MinVersion: tls.VersionTLS12})
	if err != nil {
		return err
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_ = conn.(*tls.Conn).Handshake()
			_ = conn.Close()
		}
	}()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", listener.Addr().String(), client)
	if err == nil {
		_ = conn.Close()
	}
	return err
}
