package trust

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
)

func TestOfSeveralConnectionsTheWeakestIsReported(t *testing.T) {
	t.Parallel()
	var s secured
	require.Nil(t, s.measured(), "no connection was TLS")
	soon, late := time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
	cert := func(name string, until time.Time) []*x509.Certificate {
		return []*x509.Certificate{{Subject: pkix.Name{CommonName: name}, Issuer: pkix.Name{CommonName: "authority"}, NotAfter: until}}
	}
	s.saw(tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256, PeerCertificates: cert("one", late)},
		true, "CN=me")
	s.saw(tls.ConnectionState{
		Version: tls.VersionTLS12, CipherSuite: tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, PeerCertificates: cert("two", soon),
	}, true, "CN=me")
	s.saw(tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256, PeerCertificates: cert("three",
		late)}, true, "CN=me")
	require.Equal(t, &contract.TLS{
		Connections: 3, Checked: true, Version: "TLS 1.2", Cipher: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Subject: "CN=two",
		Issuer: "CN=authority",
		Until:  soon, Client: "CN=me",
	}, s.measured())

	s.saw(tls.ConnectionState{Version: tls.VersionTLS13}, false, "")
	s.saw(tls.ConnectionState{Version: tls.VersionTLS13}, true, "")
	require.False(t, s.measured().Checked, "one that nobody checked is one too many")
}
