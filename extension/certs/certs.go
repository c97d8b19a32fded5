// Package certs makes certificates on the spot: an authority of one's own, and what it vouches for. Nothing of it is meant to
// outlive a test, a target that is started for a run, or a Kafka that is started for trials.
package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

const (
	backdate = time.Hour // clocks that run a little apart must not matter
	validity = 30 * 24 * time.Hour
)

// Authority signs certificates.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// Pair is a certificate and its private key (PKCS #8), both in PEM.
type Pair struct{ Cert, Key []byte }

// Subject is what a certificate is made for.
type Subject struct {
	Name     string    // common name
	Hosts    []string  // names and IP addresses of a server; none: a client's certificate
	NotAfter time.Time // default: in 30 days
}

// NewAuthority makes an authority of that name, which trusts itself.
func NewAuthority(name string) (*Authority, error) {
	template, err := template(Subject{Name: name})
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	cert, key, err := sign(template, nil)
	if err != nil {
		return nil, fmt.Errorf("certs: authority %s: %w", name, err)
	}
	return &Authority{cert: cert, key: key, pem: encode("CERTIFICATE", cert.Raw)}, nil
}

// PEM gives the authority's certificate, for those who are to trust it.
func (a *Authority) PEM() []byte { return a.pem }

// Pool gives a pool with the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// Issue makes a certificate that the authority vouches for.
func (a *Authority) Issue(s Subject) (Pair, error) {
	template, err := template(s)
	if err != nil {
		return Pair{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(s.Hosts) > 0 {
		// brokers are clients of each other
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	cert, key, err := sign(template, a)
	if err != nil {
		return Pair{}, fmt.Errorf("certs: certificate of %s: %w", s.Name, err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("certs: key of %s: %w", s.Name, err)
	}
	return Pair{Cert: encode("CERTIFICATE", cert.Raw), Key: encode("PRIVATE KEY", private)}, nil
}

// TLS gives the pair as Go's TLS takes it.
func (p Pair) TLS() (tls.Certificate, error) {
	pair, err := tls.X509KeyPair(p.Cert, p.Key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certs: %w", err)
	}
	return pair, nil
}

func template(s Subject) (*x509.Certificate, error) {
	if s.Name == "" {
		return nil, errors.New("certs: the subject has no name")
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("certs: serial number: %w", err)
	}
	until := s.NotAfter
	if until.IsZero() {
		until = time.Now().Add(validity)
	}
	from := time.Now().Add(-backdate)
	if !until.After(from) { // expired long ago, but valid once
		from = until.Add(-backdate)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: s.Name, Organization: []string{"k6suite"}}, NotBefore: from, NotAfter: until,
	}
	for _, host := range s.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	return template, nil
}

// sign makes a key and has the authority sign for it; without one the key signs itself.
func sign(template *x509.Certificate, by *Authority) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	return cert, key, nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
