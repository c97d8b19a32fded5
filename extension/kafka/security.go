package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// TLS encrypts the connections. Its zero value trusts the system's certificate authorities.
type TLS struct {
	CAFile             string // PEM; replaces the system's authorities
	CertFile, KeyFile  string // PEM; the client's own certificate, for mutual TLS: both or none
	ServerName         string // name to verify; default: the host that is dialled
	InsecureSkipVerify bool   // accept any certificate: for experiments only
}

// Config returns the settings as Go knows them. Files are read now.
func (t TLS) Config() (*tls.Config, error) {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: t.ServerName,
		InsecureSkipVerify: t.InsecureSkipVerify, //nolint:gosec // named so, off by default, and only the user's to choose
	}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("kafka: tls caFile: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("kafka: tls caFile %s: holds no PEM certificate", t.CAFile)
		}
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		return nil, errors.New("kafka: tls: certFile and keyFile belong together: give both or none")
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("kafka: tls certFile and keyFile: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// handshake marks the errors of a TLS handshake, whatever is beneath.
const handshake = "tls handshake"

// over puts TLS on what dial returns and finishes the handshake, so that a refused certificate is an error of the dial.
func (t TLS) over(dial DialFunc) (DialFunc, error) {
	base, err := t.Config()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		raw, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		config := base.Clone()
		if config.ServerName == "" {
			config.ServerName, _, _ = net.SplitHostPort(addr)
		}
		conn := tls.Client(raw, config)
		if err := conn.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, fmt.Errorf("%s with %s: %w", handshake, addr, err)
		}
		return conn, nil
	}, nil
}

// SASL authenticates the client. The password is named, never held: it is read from the environment variable PasswordEnv
// or the file PasswordFile (exactly one of them) each time that a connection is made.
type SASL struct {
	Mechanism    string // "PLAIN", "SCRAM-SHA-256" or "SCRAM-SHA-512"
	User         string
	PasswordEnv  string
	PasswordFile string // a trailing line break is not part of the password
}

func (s SASL) mechanism() (sasl.Mechanism, error) {
	if s.User == "" {
		return nil, errors.New("kafka: sasl: user is missing")
	}
	if _, err := s.password(); err != nil {
		return nil, err
	}
	scramAuth := func(context.Context) (scram.Auth, error) {
		pass, err := s.password()
		return scram.Auth{User: s.User, Pass: pass}, err
	}
	switch s.Mechanism {
	case "PLAIN":
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			pass, err := s.password()
			return plain.Auth{User: s.User, Pass: pass}, err
		}), nil
	case "SCRAM-SHA-256":
		return scram.Sha256(scramAuth), nil
	case "SCRAM-SHA-512":
		return scram.Sha512(scramAuth), nil
	default:
		return nil, fmt.Errorf("kafka: sasl mechanism %q: want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", s.Mechanism)
	}
}

func (s SASL) password() (string, error) {
	switch {
	case (s.PasswordEnv == "") == (s.PasswordFile == ""):
		return "", errors.New("kafka: sasl: name the password by passwordEnv or by passwordFile, one of them")
	case s.PasswordEnv != "":
		pass, ok := os.LookupEnv(s.PasswordEnv)
		if !ok {
			return "", fmt.Errorf("kafka: sasl: environment variable %s, which passwordEnv names, is not set", s.PasswordEnv)
		}
		return pass, nil
	default:
		pass, err := os.ReadFile(s.PasswordFile)
		if err != nil {
			return "", fmt.Errorf("kafka: sasl passwordFile: %w", err)
		}
		return strings.TrimRight(string(pass), "\r\n"), nil
	}
}
