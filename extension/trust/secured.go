package trust

import (
	"crypto/tls"
	"crypto/x509"
	"sync"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
)

// secured gathers what the run's connections were encrypted by.
type secured struct {
	mu     sync.Mutex
	seen   contract.TLS
	lowest uint16 // version
}

// watchTLS has the connections of a configuration counted.
func (r *Run) watchTLS(cfg *kafka.Config) {
	if cfg.TLS == nil {
		return
	}
	checked, own := !cfg.TLS.InsecureSkipVerify, clientName(cfg.TLS)
	cfg.Secured = func(_ string, state tls.ConnectionState) { r.secured.saw(state, checked, own) }
}

func (s *secured) saw(state tls.ConnectionState, checked bool, own string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.seen.Connections == 0
	s.seen.Connections++
	s.seen.Checked = checked && (first || s.seen.Checked)
	s.seen.Client = own
	if first || state.Version < s.lowest {
		s.lowest = state.Version
		s.seen.Version, s.seen.Cipher = tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
	}
	if len(state.PeerCertificates) == 0 {
		return
	}
	if leaf := state.PeerCertificates[0]; s.seen.Until.IsZero() || leaf.NotAfter.Before(s.seen.Until) {
		s.seen.Subject, s.seen.Issuer, s.seen.Until = leaf.Subject.String(), leaf.Issuer.String(), leaf.NotAfter
	}
}

// measured is what was seen, nil if nothing was.
func (s *secured) measured() *contract.TLS {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen.Connections == 0 {
		return nil
	}
	seen := s.seen
	return &seen
}

// clientName is whom the client's own certificate names, "" if it has none.
func clientName(t *kafka.TLS) string {
	if t.CertFile == "" {
		return ""
	}
	pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
	if err != nil {
		return ""
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return ""
	}
	return leaf.Subject.String()
}
