package embedded

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"k6suite/extension/certs"
)

// TLS has clients speak TLS where they connect: at the single endpoint, or else at each broker. What is behind the endpoint, from it to
// the brokers, stays plain text on loopback. Certificates are made for the cluster, and are nowhere but in memory.
type TLS struct {
	// Mutual lets only clients in that show a certificate of the cluster's authority, [Cluster.Identity] or another one.
	Mutual bool
}

// handshakeTimeout is how long a client may take to shake hands.
const handshakeTimeout = 10 * time.Second

// security is the cluster's authority, and what it has vouched for.
type security struct {
	authority *certs.Authority
	client    certs.Pair // "": clients need none
	server    tls.Certificate
	config    *tls.Config // of who accepts clients
}

// newSecurity makes what TLS takes, nil if nobody wants it.
func newSecurity(o *TLS, m mischief) (*security, error) {
	if o == nil {
		return nil, nil
	}
	s := &security{}
	var err error
	if s.authority, err = certs.NewAuthority("k6suite embedded authority"); err != nil {
		return nil, fmt.Errorf("embedded cluster: %w", err)
	}
	if s.server, err = s.issue(certs.Subject{Name: "k6suite embedded", Hosts: []string{"localhost", loopback}}); err != nil {
		return nil, err
	}
	s.config = &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return m.proves(s) },
	}
	if !o.Mutual {
		return s, nil
	}
	if s.client, err = s.authority.Issue(certs.Subject{Name: "k6suite client"}); err != nil {
		return nil, fmt.Errorf("embedded cluster: %w", err)
	}
	s.config.ClientAuth, s.config.ClientCAs = tls.RequireAndVerifyClientCert, s.authority.Pool()
	return s, nil
}

// issue makes a certificate for a server.
func (s *security) issue(subject certs.Subject) (tls.Certificate, error) {
	pair, err := s.authority.Issue(subject)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("embedded cluster: %w", err)
	}
	made, err := pair.TLS()
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("embedded cluster: %w", err)
	}
	return made, nil
}

// Authority returns the certificate, in PEM, by which clients check who they are talking to; nil without TLS.
func (c *Cluster) Authority() []byte {
	if c.security == nil {
		return nil
	}
	return c.security.authority.PEM()
}

// Identity returns a certificate by which a client is let in, and its key, both in PEM; empty where clients need none.
func (c *Cluster) Identity() certs.Pair {
	if c.security == nil {
		return certs.Pair{}
	}
	return c.security.client
}

// endpointTLS is how the single endpoint accepts clients, nil for plain text.
func (c *Cluster) endpointTLS() *tls.Config {
	if c.security == nil {
		return nil
	}
	return c.security.config
}

// brokerTLS is how brokers accept clients, nil for plain text: theirs is the single endpoint, if there is one.
func (c *Cluster) brokerTLS() *tls.Config {
	if c.options.SingleEndpoint {
		return nil
	}
	return c.endpointTLS()
}

// shake gives what is said to a client that has come to a broker, once both have shaken hands where that is wanted.
func (l *life) shake(ctx context.Context, sock net.Conn) (net.Conn, error) {
	if l.tls == nil {
		return sock, nil
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	secured := tls.Server(sock, l.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return secured, nil
}
