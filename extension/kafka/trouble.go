package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// troubleError is an error of a connection with a sentence that says what is wrong, where, and what to do.
type troubleError struct {
	text string
	err  error
}

// Error is the sentence.
func (e *troubleError) Error() string { return e.text }

// Unwrap gives the cause.
func (e *troubleError) Unwrap() error { return e.err }

// errAfterHello says that a broker answered ApiVersions, and not what was asked next.
var errAfterHello = errors.New("after its first answer")

// lookTimeout bounds each look at an address that is taken to find out why it does not answer.
const lookTimeout = 1500 * time.Millisecond

// explain puts into a sentence why an address does not answer, where the error alone does not say it. It may look there again, in
// another way than the configuration says.
func (c Config) explain(ctx context.Context, address string, err error) error {
	text := ""
	switch name := ErrorName(err); {
	case errors.Is(err, errHandshake):
		text = c.aboutHandshake(ctx, address, err)
	case name == "SASL_AUTHENTICATION_FAILED":
		text = fmt.Sprintf("SASL: the broker refused %s by %s: %s", c.SASL.who(), c.SASL.Mechanism, c.SASL.advice())
	case errors.Is(err, errTokenRefused):
		text = fmt.Sprintf("SASL: %s by %s: is the token of %s still valid, and meant for this cluster?", unwrapped(err), OAuthBearer,
			c.SASL.where())
	case strings.Contains(err.Error(), tokenTrouble):
		text = "SASL: no token to be had: " + err.Error()
	case name == "UNSUPPORTED_SASL_MECHANISM":
		text = fmt.Sprintf("SASL: the broker does not offer %s (it offers %s): set client.sasl.mechanism to one that it offers",
			c.SASL.Mechanism,
			orDefault(strings.Join(c.offered(ctx, address), ", "), "others"))
	case name == "ILLEGAL_SASL_STATE" && c.SASL != nil:
		text = "SASL: the listener lets clients in without: leave client.sasl out, or connect to a listener with SASL"
	case alertOf(err) != "":
		text = c.aboutAlert(alertOf(err))
	case strings.Contains(err.Error(), "appear to be a tls alert"):
		text = wantsTLS
	case name == "CONNECTION_LOST" || errors.As(err, new(*kgo.ErrFirstReadEOF)):
		text = c.aboutHangup(ctx, address, err)
	case name == "DEADLINE_EXCEEDED" || name == "CONNECTION_TIMEOUT":
		text = c.aboutSilence(ctx, address)
	}
	if text == "" {
		return err
	}
	return &troubleError{text: text, err: err}
}

const wantsTLS = "TLS: the listener speaks TLS, and the client plain text: set client.tls.enabled to true, or connect to a " +
	"listener without TLS"

const wantsPlainText = "TLS: the listener speaks plain text, and the client TLS: set client.tls.enabled to false, or connect " +
	"to a listener with TLS"

// aboutSilence finds out whether one side speaks TLS and the other does not: brokers may wait for the rest of what they do not understand.
func (c Config) aboutSilence(ctx context.Context, address string) string {
	switch {
	case c.TLS == nil && c.speaksTLS(ctx, address):
		return wantsTLS
	case c.TLS != nil && c.speaksPlainText(ctx, address):
		return wantsPlainText
	}
	return ""
}

// aboutHangup tells apart why a broker ended a connection without a word: it does so for several reasons.
func (c Config) aboutHangup(ctx context.Context, address string, err error) string {
	if c.TLS == nil && c.speaksTLS(ctx, address) {
		return wantsTLS
	}
	switch offered := c.offered(ctx, address); {
	case c.SASL == nil && len(offered) > 0:
		return fmt.Sprintf("SASL: the broker wants clients to authenticate, by %s, and hangs up on those that do not: set client.sasl",
			strings.Join(offered, ", "))
	case c.SASL != nil && (len(offered) > 0 || c.answersHello(ctx, address)):
		return fmt.Sprintf("SASL: the broker hung up while %s was authenticating by %s: %s", c.SASL.who(), c.SASL.Mechanism, c.SASL.advice())
	case errors.Is(err, errAfterHello):
		return "" // it knows ApiVersions: nothing more is known
	}
	return "it closes the connection when it is asked for ApiVersions, as brokers do that do not know the version of it that is asked for: " +
		`set client.maxVersion to the version of Kafka that it speaks, such as "2.3"`
}

// answersHello: does the broker answer ApiVersions, asked for as this client does, to who does not authenticate?
func (c Config) answersHello(ctx context.Context, address string) bool {
	_, err := c.look(ctx, address, kmsg.NewPtrApiVersionsRequest())
	return err == nil
}

// look asks one thing, without authentication.
func (c Config) look(ctx context.Context, address string, request kmsg.Request) (kmsg.Response, error) {
	c.SASL, c.Brokers, c.Hooks, c.Secured, c.Refused = nil, []string{address}, nil, nil, nil
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	opts, err := c.Options()
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(append(opts, kgo.RequestRetries(0))...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.SeedBrokers()[0].Request(ctx, request)
}

// speaksTLS: does somebody there shake hands, whoever he is?
func (c Config) speaksTLS(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	dial := c.Dialer
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	raw, err := dial(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer raw.Close()
	met := false
	host, _, _ := net.SplitHostPort(address)
	err = tls.Client(raw, &tls.Config{
		ServerName: host, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // nothing is sent: it is only looked whether there is a certificate at all
		VerifyConnection:   func(tls.ConnectionState) error { met = true; return nil },
	}).HandshakeContext(ctx)
	return err == nil || met || alertOf(err) != ""
}

// offered names the mechanisms that the broker offers, if it offers any and says so.
func (c Config) offered(ctx context.Context, address string) []string {
	request := kmsg.NewPtrSASLHandshakeRequest()
	request.Mechanism = "which" // none: brokers then name those that there are
	response, err := c.look(ctx, address, request)
	if err != nil {
		return nil
	}
	answer, ok := response.(*kmsg.SASLHandshakeResponse)
	if !ok || answer.ErrorCode == kerr.IllegalSaslState.Code {
		return nil
	}
	return answer.SupportedMechanisms
}

// who is who the client says that it is.
func (s SASL) who() string {
	if s.User == "" {
		return "the client"
	}
	return "the user " + s.User
}

func (s SASL) advice() string {
	if s.Mechanism == OAuthBearer {
		return fmt.Sprintf("is the token of %s still valid, and meant for this cluster?", s.where())
	}
	return fmt.Sprintf("is the password in %s right, and is this user known for this mechanism?", s.where())
}

// unwrapped is the part of an error that is ours.
func unwrapped(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, errTokenRefused.Error()); i >= 0 {
		return text[i:]
	}
	return text
}
