package embedded

import (
	"crypto/tls"
	"sync/atomic"
	"time"

	"k6suite/extension/certs"
)

// badCertificate shows some clients a certificate that they cannot take, as one of several machines behind an address does whose own was
// not renewed.
type badCertificate struct {
	honest
	*liar
	subject func() certs.Subject
	met     atomic.Int64 // connections
}

// rightAtFirst is how many connections are shown the right certificate before that begins.
const rightAtFirst = 9

func newExpiredCertificate(l *liar) mischief {
	return &badCertificate{liar: l, subject: func() certs.Subject {
		return certs.Subject{Name: "k6suite expired", Hosts: []string{"localhost", loopback}, NotAfter: time.Now().Add(-time.Hour)}
	}}
}

func newForeignCertificate(l *liar) mischief {
	return &badCertificate{liar: l, subject: func() certs.Subject {
		return certs.Subject{Name: "k6suite foreign", Hosts: []string{"kafka.example"}}
	}}
}

func (m *badCertificate) proves(s *security) (*tls.Certificate, error) {
	if n := m.met.Add(1); n <= rightAtFirst || n%3 != 0 || m.hits.Load() >= maxStrikes {
		return &s.server, nil
	}
	bad, err := s.issue(m.subject())
	if err != nil {
		return nil, err
	}
	m.hits.Add(1)
	return &bad, nil
}
