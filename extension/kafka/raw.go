package kafka

import (
	"cmp"
	"net"

	"github.com/twmb/franz-go/pkg/sasl"
)

// Raw is what connections need that are not franz-go's: tens of thousands of them, each with a client of its own, would be mostly
// client.
type Raw struct {
	ClientID  string
	Dial      DialFunc       // with TLS, where the configuration has it; bounded by DialTimeout
	Bare      DialFunc       // TCP alone
	Mechanism sasl.Mechanism // nil: no authentication
}

// Raw gives what connections of this configuration need. It reads certificates and passwords, and names what is wrong.
func (c Config) Raw() (Raw, error) {
	if err := c.Check(); err != nil {
		return Raw{}, err
	}
	raw := Raw{ClientID: cmp.Or(c.ClientID, defaultClientID), Bare: c.Dialer}
	if raw.Bare == nil {
		raw.Bare = (&net.Dialer{Timeout: cmp.Or(c.DialTimeout, defaultDialTimeout)}).DialContext
	}
	dial, err := c.dialer()
	if err != nil {
		return Raw{}, err
	}
	raw.Dial = dial
	if c.SASL != nil {
		raw.Mechanism, err = c.SASL.mechanism()
	}
	return raw, err
}
