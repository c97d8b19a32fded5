package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
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

// errHandshake marks the errors of a TLS handshake, whatever is beneath.
var errHandshake = errors.New("tls handshake")

// over puts TLS on what dial returns and finishes the handshake, so that a refused certificate is an error of the dial. Who watches is
// told of each connection that came about.
func (t TLS) over(dial DialFunc, watch func(address string, state tls.ConnectionState)) (DialFunc, error) {
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
			return nil, fmt.Errorf("%w with %s: %w", errHandshake, addr, err)
		}
		if watch != nil {
			watch(addr, conn.ConnectionState())
		}
		return conn, nil
	}, nil
}
