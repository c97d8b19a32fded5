package contract

import (
	"fmt"
	"time"
)

// TLS is what was seen of encryption: of several versions the lowest, of several certificates the one that expires first.
type TLS struct {
	Connections int64     `json:"connections"` // whose handshake succeeded
	Checked     bool      `json:"checked"`     // certificates had to be valid, by an authority that is trusted and for the right name
	Version     string    `json:"version"`
	Cipher      string    `json:"cipher"`
	Subject     string    `json:"subject"` // of the broker's certificate
	Issuer      string    `json:"issuer"`
	Until       time.Time `json:"until"`
	Client      string    `json:"client,omitempty"` // subject of the client's certificate; none: it gave none
}

// encrypted wants the connections of the run's clients to have been TLS, to a broker that proved who it is, and used.
func encrypted(m Measured) (string, bool) {
	t := m.TLS
	switch {
	case t == nil || t.Connections == 0:
		return "no client of the run connected with TLS: set client.tls.enabled in the profile that claims it, and " +
			"chaos.kafkaProxy to off", false
	case !t.Checked:
		return "nobody checked the certificate of the broker: client.tls.insecureSkipVerify takes any", false
	case m.Acked == 0 || m.Read == 0:
		return fmt.Sprintf("%s connections with TLS, but no record was acked and read over them", count(t.Connections)), false
	}
	client := ""
	if t.Client != "" {
		client = fmt.Sprintf("; clients showed the certificate of %s", t.Client)
	}
	return fmt.Sprintf("%s connections with %s, %s; the broker's certificate is %s, signed by %s, valid until %s%s; %s records "+
		"acked over them",
		count(t.Connections), t.Version, t.Cipher, t.Subject, t.Issuer, t.Until.UTC().Format(time.RFC3339), client, count(m.Acked)), true
}
