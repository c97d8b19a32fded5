package trust

import (
	"crypto/tls"
	"maps"
	"slices"
	"sync"
	"time"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// secured gathers what the run's connections were encrypted by.
type secured struct {
	mu     sync.Mutex
	seen   contract.TLS
	lowest uint16                          // version
	shown  map[string]*ledger.Certificates // by address, to clients of the target's own settings
}

// watchTLS has the connections of a configuration counted; ours says that it is the target's own. A client that trusts somebody else
// says nothing about the target.
func (r *Run) watchTLS(cfg *kafka.Config, ours bool) {
	if cfg.TLS == nil {
		return
	}
	checked, own := !cfg.TLS.InsecureSkipVerify, cfg.TLS.Subject()
	cfg.Secured = func(_ string, state tls.ConnectionState) { r.secured.saw(state, checked, own) }
	if ours {
		r.watchCertificates(cfg)
	}
}

// watchCertificates has counted what clients of the target's own settings are shown.
func (r *Run) watchCertificates(cfg *kafka.Config) {
	if cfg.TLS == nil || cfg.TLS.InsecureSkipVerify {
		return
	}
	also := cfg.Secured
	cfg.Secured = func(address string, state tls.ConnectionState) {
		if also != nil {
			also(address, state)
		}
		r.secured.at(address, "")
	}
	cfg.Refused = r.secured.at
}

// at counts what an address showed: a certificate that was taken, or one that was not, and why.
func (s *secured) at(address, refused string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.shown[address]
	if c == nil {
		c = &ledger.Certificates{Address: address}
		if s.shown == nil {
			s.shown = map[string]*ledger.Certificates{}
		}
		s.shown[address] = c
	}
	if refused == "" {
		c.Taken++
		return
	}
	if c.Refused++; c.Refused == 1 {
		c.Why, c.At = refused, time.Now()
	}
}

// certificates are what each address showed, in the order of the addresses.
func (s *secured) certificates() []ledger.Certificates {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []ledger.Certificates
	for _, address := range slices.Sorted(maps.Keys(s.shown)) {
		all = append(all, *s.shown[address])
	}
	return all
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
