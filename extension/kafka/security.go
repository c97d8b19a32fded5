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
	CA                 []byte // the same where it lies in no file
	CertFile, KeyFile  string // PEM; the client's own certificate, for mutual TLS: both or none
	Cert, Key          []byte // the same where they lie in no file
	ServerName         string // name to verify; default: the host that is dialled
	InsecureSkipVerify bool   // accept any certificate: for experiments only
}

// Config returns the settings as Go knows them. Files are read now.
func (t TLS) Config() (*tls.Config, error) {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: t.ServerName,
		InsecureSkipVerify: t.InsecureSkipVerify, //nolint:gosec // named so, off by default, and only the user's to choose
	}
	if t.CAFile != "" || len(t.CA) > 0 {
		text, err := t.authorities()
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("kafka: tls caFile %s: holds no PEM certificate", t.CAFile)
		}
	}
	if !t.identified() {
		return config, nil
	}
	pair, err := t.pair()
	if err != nil {
		return nil, err
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// failed is the error of a handshake. A certificate that is refused is told of in the words of who has to do something about it.
func (t TLS) failed(address string, err error, refused func(address, why string)) error {
	failed := fmt.Errorf("%w with %s: %w", errHandshake, address, err)
	why := t.aboutCertificate(err)
	if why == "" {
		return failed
	}
	if refused != nil {
		refused(address, why)
	}
	return &troubleError{text: fmt.Sprintf("%v with %s: %s", errHandshake, address, why), err: failed}
}

func (t TLS) authorities() ([]byte, error) {
	if t.CAFile == "" {
		return t.CA, nil
	}
	text, err := os.ReadFile(t.CAFile)
	if err != nil {
		return nil, fmt.Errorf("kafka: tls caFile: %w", err)
	}
	return text, nil
}

// identified reports whether the client has a certificate of its own.
func (t TLS) identified() bool { return t.CertFile != "" || t.KeyFile != "" || len(t.Cert) > 0 }

// pair is the client's own certificate.
func (t TLS) pair() (tls.Certificate, error) {
	if (t.CertFile == "") != (t.KeyFile == "") {
		return tls.Certificate{}, errors.New("kafka: tls: certFile and keyFile belong together: give both or none")
	}
	var pair tls.Certificate
	var err error
	if t.CertFile != "" {
		pair, err = tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
	} else {
		pair, err = tls.X509KeyPair(t.Cert, t.Key)
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("kafka: tls certFile and keyFile: %w", err)
	}
	return pair, nil
}

// Subject is whom the client's own certificate names, "" if it has none.
func (t TLS) Subject() string {
	if !t.identified() {
		return ""
	}
	pair, err := t.pair()
	if err != nil {
		return ""
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return ""
	}
	return leaf.Subject.String()
}

// errHandshake marks the errors of a TLS handshake, whatever is beneath.
var errHandshake = errors.New("tls handshake")

// over puts TLS on what dial returns and finishes the handshake, so that a refused certificate is an error of the dial. Who watches is
// told of each connection that came about, and who wants to hear of it is told of each certificate that was refused.
func (t TLS) over(
	dial DialFunc, watch func(address string, state tls.ConnectionState), refused func(address, why string),
) (DialFunc, error) {
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
			return nil, t.failed(addr, err, refused)
		}
		if watch != nil {
			watch(addr, conn.ConnectionState())
		}
		return conn, nil
	}, nil
}
