package profile

import (
	"encoding/json"
	"fmt"
)

// ServerTLS says what clients of the embedded target speak.
type ServerTLS string

// What there is: in profiles.json the first two are false and true.
const (
	NoTLS     ServerTLS = ""
	WithTLS   ServerTLS = "true"
	MutualTLS ServerTLS = "mutual"
)

// UnmarshalJSON reads false, true or "mutual".
func (t *ServerTLS) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case "false":
		*t = NoTLS
	case "true":
		*t = WithTLS
	case `"mutual"`:
		*t = MutualTLS
	default:
		return fmt.Errorf("tls %s: want true, false or \"mutual\"", text)
	}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (t ServerTLS) MarshalJSON() ([]byte, error) {
	if t == MutualTLS {
		return json.Marshal(string(t))
	}
	return json.Marshal(t == WithTLS)
}

// claimed has the profile of an embedded target say what follows from its TLS: it is promised, unless less was asked for, and clients use
// it.
func (p *Profile) claimed(reduced bool) {
	if p.Embedded == nil || p.Embedded.TLS == NoTLS {
		return
	}
	p.Claims.TLS = !reduced
	p.Client.TLS.Enabled = true
}
