package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// aboutHandshake says what a handshake failed for. Servers that take it for something else hang up or say nothing.
func (c Config) aboutHandshake(ctx context.Context, address string, err error) string {
	if why := c.TLS.aboutCertificate(err); why != "" {
		return why
	}
	switch {
	case alertOf(err) != "":
		return c.aboutAlert(alertOf(err))
	case c.speaksPlainText(ctx, address):
		return wantsPlainText
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return fmt.Sprintf("TLS: the certificate of the broker is refused: %v", errors.Unwrap(err))
	}
	return fmt.Sprintf("TLS: %v: does a broker listen there, and does it speak TLS 1.2 or later?", err)
}

// aboutCertificate says what is wrong with the broker's certificate, "" if that is not what it is about.
func (t TLS) aboutCertificate(err error) string {
	var (
		invalid   x509.CertificateInvalidError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return aboutValidity(invalid.Cert, time.Now())
	case errors.As(err, &authority):
		return fmt.Sprintf("TLS: the certificate of the broker (%s) is signed by %s, which %s", subjectOf(leaf(err, authority.Cert)),
			issuerOf(leaf(err, authority.Cert)), t.distrust())
	case errors.As(err, &host):
		return fmt.Sprintf("TLS: the certificate of the broker (%s) is valid for %s, and not for %s: connect by a name that it is valid for, "+
			"or set client.tls.serverName to one", subjectOf(host.Certificate), names(host.Certificate), host.Host)
	}
	return ""
}

func (c Config) speaksPlainText(ctx context.Context, address string) bool {
	c.TLS = nil
	return c.answersHello(ctx, address)
}

func aboutValidity(cert *x509.Certificate, now time.Time) string {
	if now.Before(cert.NotBefore) {
		return fmt.Sprintf("TLS: the certificate of the broker (%s) is not valid before %s: is the clock of this machine right?",
			subjectOf(cert), cert.NotBefore.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("TLS: the certificate of the broker (%s) expired at %s: give the broker a new one", subjectOf(cert),
		cert.NotAfter.UTC().Format(time.RFC3339))
}

// distrust says why an authority is not trusted, and what to do about it.
func (t TLS) distrust() string {
	switch {
	case t.CAFile == "" && len(t.CA) > 0:
		return "is not the authority that this run has made for its target"
	case t.CAFile == "":
		return "this machine does not trust: name the file with that authority in client.tls.caFile"
	}
	return fmt.Sprintf("is not in client.tls.caFile (%s): name the file with that authority there", t.CAFile)
}

// alertOf is what the other side said was wrong, "" if it said nothing. The type of such errors is not exported.
func alertOf(err error) string {
	_, alert, found := strings.Cut(err.Error(), "remote error: tls: ")
	if !found {
		return ""
	}
	return alert
}

// aboutAlert explains why the broker ended a handshake. With TLS 1.3 that comes after the client has done with it.
func (c Config) aboutAlert(alert string) string {
	switch {
	case c.TLS == nil:
		return wantsTLS
	case strings.Contains(alert, "protocol version"), strings.Contains(alert, "handshake failure") && c.TLS.identified():
		return fmt.Sprintf("TLS: broker and client find no version or cipher that both know (the broker says: %s): have it speak "+
			"TLS 1.2 or later", alert)
	case strings.Contains(alert, "unrecognized name"):
		return fmt.Sprintf("TLS: the broker does not know the name that it is asked for (it says: %s): set client.tls.serverName", alert)
	case !c.TLS.identified():
		return fmt.Sprintf("TLS: the broker wants a certificate of the client, and none is configured (it says: %s): "+
			"set client.tls.certFile and client.tls.keyFile", alert)
	}
	return fmt.Sprintf("TLS: the broker refuses the client's certificate (%s; it says: %s): is it signed by an authority that "+
		"the broker trusts?",
		c.TLS.ownCertificate(), alert)
}

// ownCertificate tells of the client's certificate what the broker sees of it.
func (t TLS) ownCertificate() string {
	where, text := t.CertFile, t.Cert
	if where != "" {
		var err error
		if text, err = os.ReadFile(where); err != nil {
			return where
		}
	} else {
		where = "made for this run"
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return where
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return where
	}
	return fmt.Sprintf("%s: %s, signed by %s, valid until %s", where, subjectOf(cert), issuerOf(cert),
		cert.NotAfter.UTC().Format(time.RFC3339))
}

// leaf is the broker's own certificate, where the error has kept what it sent.
func leaf(err error, otherwise *x509.Certificate) *x509.Certificate {
	if v := (*tls.CertificateVerificationError)(nil); errors.As(err, &v) && len(v.UnverifiedCertificates) > 0 {
		return v.UnverifiedCertificates[0]
	}
	return otherwise
}

func subjectOf(cert *x509.Certificate) string {
	if cert == nil {
		return "unknown"
	}
	if name := cert.Subject.String(); name != "" {
		return name
	}
	return names(cert)
}

func issuerOf(cert *x509.Certificate) string {
	if cert == nil || cert.Issuer.String() == "" {
		return "an authority without a name"
	}
	return cert.Issuer.String()
}

// names are those that a certificate is valid for.
func names(cert *x509.Certificate) string {
	all := append([]string{}, cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		all = append(all, net.IP.String(ip))
	}
	if len(all) == 0 {
		return "no host"
	}
	return strings.Join(all, ", ")
}
