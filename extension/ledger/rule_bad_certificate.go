package ledger

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Certificates is what clients were shown at one address, for [Ledger.Certificates].
type Certificates struct {
	Address string
	Taken   int64     // connections whose client found the certificate to be right
	Refused int64     // connections whose client, with the same settings, found it to be wrong
	Why     string    // the first time, in the client's words
	At      time.Time // of the first time
}

// certificateLog keeps what clients were shown.
type certificateLog struct {
	mu  sync.Mutex
	all []Certificates
}

// Certificates records what clients of the target's own settings were shown at an address. It feeds BAD_CERTIFICATE.
func (l *Ledger) Certificates(c Certificates) {
	l.certificates.mu.Lock()
	defer l.certificates.mu.Unlock()
	l.certificates.all = append(l.certificates.all, c)
}

// handshakeFailed is the name of the error that a client sees which refuses a certificate.
const handshakeFailed = "TLS_FAILED"

// showedBadCertificate reports whether an address showed right and wrong certificates.
func (l *Ledger) showedBadCertificate() bool {
	l.certificates.mu.Lock()
	defer l.certificates.mu.Unlock()
	return slices.ContainsFunc(l.certificates.all, Certificates.bad)
}

func (c Certificates) bad() bool { return c.Taken > 0 && c.Refused > 0 }

// BAD_CERTIFICATE: an address showed some clients a certificate that proves who it is, and others, who wanted the same, one that does
// not. Where no client ever took one, it may be the client that trusts the wrong authority or asks for the wrong name: that is nobody's
// fault that could be named.
func (j *judging) badCertificate() {
	log := &j.ledger.certificates
	log.mu.Lock()
	defer log.mu.Unlock()
	for _, c := range log.all {
		if !c.bad() {
			continue
		}
		j.out.put(BadCertificate, Finding{
			Partition: -1, Offset: -1, Sequence: -1, Time: stamp(c.At), Count: c.Refused - 1,
			Detail: fmt.Sprintf("%s showed a right certificate on %d connections, and a wrong one on %d; the first: %s",
				c.Address, c.Taken, c.Refused, c.Why),
		})
	}
}
