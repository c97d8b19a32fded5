package embedded

import (
	"context"
	"crypto/subtle"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	mechanismPlain    = "PLAIN"
	mechanismScram256 = "SCRAM-SHA-256"
	mechanismScram512 = "SCRAM-SHA-512"
)

// saslState is how far a connection has got with authenticating.
type saslState struct {
	user      string    // who it has proven to be; "" as long as it has not
	mechanism string    // of the exchange under way; "" if none is
	scram     *upstream // to kfake, which knows SCRAM; nil but during such an exchange
	claimed   string    // who it says it is, during such an exchange
	refused   bool      // nothing more is served: a client that failed is nobody, not even anonymous
}

// admits reports whether a request may be served as far as the client has got: during an exchange only what belongs to it.
func (s *saslState) admits(key kmsg.Key) bool {
	switch {
	case s.refused:
		return false
	case s.mechanism != "":
		return key == kmsg.SASLAuthenticate || key == kmsg.ApiVersions
	default:
		return true
	}
}

func (s *saslState) close() {
	if s.scram != nil {
		_ = s.scram.Close()
		s.scram = nil
	}
}

func (l *life) serveHandshake(ctx context.Context, x *exchange) error {
	if l.access == nil {
		return x.forward(ctx)
	}
	s := &x.conn.sasl
	request := kmsg.NewPtrSASLHandshakeRequest()
	if err := x.Decode(request); err != nil {
		return err
	}
	response := request.ResponseKind().(*kmsg.SASLHandshakeResponse)
	response.SupportedMechanisms = []string{mechanismPlain, mechanismScram256, mechanismScram512}
	switch {
	case x.Version < 1:
		return errRefused // the tokens that follow would have no header
	case s.user != "":
		response.ErrorCode = kerr.IllegalSaslState.Code
	case request.Mechanism == mechanismPlain:
		s.mechanism = request.Mechanism
	case request.Mechanism == mechanismScram256, request.Mechanism == mechanismScram512:
		up, err := l.doorways[x.conn.node].dial(ctx, x.conn.sock.RemoteAddr())
		if err != nil {
			return err
		}
		s.mechanism, s.scram = request.Mechanism, up
		return x.through(ctx, up)
	default:
		response.ErrorCode = kerr.UnsupportedSaslMechanism.Code
	}
	x.respond(response)
	return nil
}

// through has kfake serve the request on a connection of its own.
func (x *exchange) through(ctx context.Context, up *upstream) (err error) {
	x.done()
	x.response, x.release, err = up.roundTrip(ctx, x.Frame)
	return err
}

func (l *life) serveAuthenticate(ctx context.Context, x *exchange) error {
	if l.access == nil {
		return x.forward(ctx)
	}
	s := &x.conn.sasl
	request := kmsg.NewPtrSASLAuthenticateRequest()
	if err := x.Decode(request); err != nil {
		return err
	}
	response := request.ResponseKind().(*kmsg.SASLAuthenticateResponse)
	switch s.mechanism {
	case "":
		response.ErrorCode = kerr.IllegalSaslState.Code
		s.refused = true
	case mechanismPlain:
		if user, ok := l.access.plain(request.SASLAuthBytes); ok {
			s.user, s.mechanism = user, ""
		} else {
			s.refuse(response)
		}
	default:
		return l.scram(ctx, x, request, response)
	}
	x.respond(response)
	return nil
}

func (s *saslState) refuse(response *kmsg.SASLAuthenticateResponse) {
	s.refused = true
	response.ErrorCode = kerr.SaslAuthenticationFailed.Code
	response.ErrorMessage = kmsg.StringPtr("authentication failed: wrong user or password")
}

// plain checks the one message of PLAIN, and gives the user.
func (a *access) plain(said []byte) (user string, ok bool) {
	parts := strings.Split(string(said), "\x00")
	if len(parts) != 3 || parts[0] != "" && parts[0] != parts[1] {
		return "", false
	}
	password, known := a.passwords[parts[1]]
	return parts[1], known && subtle.ConstantTimeCompare([]byte(password), []byte(parts[2])) == 1
}

// scram has kfake check a message of SCRAM. It hangs up on what is wrong; a client is told what it is.
func (l *life) scram(
	ctx context.Context, x *exchange, request *kmsg.SASLAuthenticateRequest, response *kmsg.SASLAuthenticateResponse,
) error {
	s := &x.conn.sasl
	first := s.claimed == ""
	if first {
		s.claimed = scramUser(string(request.SASLAuthBytes))
	}
	err := x.through(ctx, s.scram)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil || s.claimed == "" || l.access.passwords[s.claimed] == "":
		s.refuse(response)
		x.respond(response)
		return nil //nolint:nilerr // the client is told
	case first:
		return nil
	}
	if err := x.decodeResponse(response); err != nil {
		return err
	}
	x.respond(response)
	s.user, s.mechanism = s.claimed, ""
	s.close()
	return nil
}

// scramUser finds the user in a client's first message: "n,,n=user,r=…".
func scramUser(message string) string {
	parts := strings.SplitN(message, ",", 4)
	if len(parts) < 4 {
		return ""
	}
	name, ok := strings.CutPrefix(parts[2], "n=")
	if !ok {
		return ""
	}
	return strings.NewReplacer("=2C", ",", "=3D", "=").Replace(name)
}
