package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// OAuthBearer is the mechanism of tokens (RFC 7628, KIP-255).
const OAuthBearer = "OAUTHBEARER"

// Mechanisms are the SASL mechanisms that a client can authenticate by.
func Mechanisms() []string { return []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", OAuthBearer} }

// SASL authenticates the client. Secrets are named, never held: a password or a token is read from an environment variable or a file
// each time that a connection is made, so that what was renewed meanwhile counts.
type SASL struct {
	Mechanism string // one of Mechanisms

	// For PLAIN and SCRAM: who the client is, and exactly one place where the password is.
	User         string
	PasswordEnv  string
	PasswordFile string // line breaks at its end are not part of the password

	// For OAUTHBEARER: exactly one place where the token is, or where it is had from.
	TokenEnv      string
	TokenFile     string
	TokenEndpoint *TokenEndpoint
}

// Check says what is wrong with the settings, as far as that can be told without reading anything.
func (s SASL) Check() error {
	switch {
	case !slices.Contains(Mechanisms(), s.Mechanism):
		return fmt.Errorf("kafka: sasl mechanism %q: want %s", s.Mechanism, strings.Join(Mechanisms(), ", "))
	case s.Mechanism == OAuthBearer:
		return s.checkToken()
	case s.User == "":
		return errors.New("kafka: sasl: user is missing")
	case (s.PasswordEnv == "") == (s.PasswordFile == ""):
		return errors.New("kafka: sasl: name the password by passwordEnv or by passwordFile, one of them")
	case s.TokenEnv != "" || s.TokenFile != "" || s.TokenEndpoint != nil:
		return fmt.Errorf("kafka: sasl: tokenEnv, tokenFile and tokenEndpoint are for %s, and the mechanism is %s", OAuthBearer, s.Mechanism)
	}
	return nil
}

func (s SASL) checkToken() error {
	places := 0
	for _, given := range []bool{s.TokenEnv != "", s.TokenFile != "", s.TokenEndpoint != nil} {
		if given {
			places++
		}
	}
	switch {
	case places != 1:
		return errors.New("kafka: sasl: say where the token is by tokenEnv, tokenFile or tokenEndpoint, one of them")
	case s.User != "" || s.PasswordEnv != "" || s.PasswordFile != "":
		return fmt.Errorf("kafka: sasl: user, passwordEnv and passwordFile are not for %s: the token says who the client is", OAuthBearer)
	case s.TokenEndpoint != nil:
		return s.TokenEndpoint.check()
	}
	return nil
}

// mechanism is what franz-go authenticates by. Secrets that cannot be read are an error now, and not with the first connection.
func (s SASL) mechanism() (sasl.Mechanism, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if s.Mechanism == OAuthBearer {
		return s.bearer()
	}
	if _, err := s.password(); err != nil {
		return nil, err
	}
	scramAuth := func(context.Context) (scram.Auth, error) {
		pass, err := s.password()
		return scram.Auth{User: s.User, Pass: pass}, err
	}
	switch s.Mechanism {
	case "SCRAM-SHA-256":
		return scram.Sha256(scramAuth), nil
	case "SCRAM-SHA-512":
		return scram.Sha512(scramAuth), nil
	default:
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			pass, err := s.password()
			return plain.Auth{User: s.User, Pass: pass}, err
		}), nil
	}
}

func (s SASL) bearer() (sasl.Mechanism, error) {
	token := func(context.Context) (string, error) { return secret("token", s.TokenEnv, s.TokenFile) }
	if s.TokenEndpoint != nil {
		// who answers there is asked with the first connection, and may not be there yet
		if _, err := s.TokenEndpoint.secret(); err != nil {
			return nil, err
		}
		source, err := newTokenSource(*s.TokenEndpoint)
		if err != nil {
			return nil, err
		}
		token = source.token
	} else if _, err := token(context.Background()); err != nil {
		return nil, err
	}
	return bearer{oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) {
		text, err := token(ctx)
		return oauth.Auth{Token: text}, err
	})}, nil
}

func (s SASL) password() (string, error) { return secret("password", s.PasswordEnv, s.PasswordFile) }

// where names the place of the secret, for who has to look there.
func (s SASL) where() string {
	switch {
	case s.PasswordEnv != "":
		return "the variable " + s.PasswordEnv
	case s.PasswordFile != "":
		return "the file " + s.PasswordFile
	case s.TokenEnv != "":
		return "the variable " + s.TokenEnv
	case s.TokenFile != "":
		return "the file " + s.TokenFile
	case s.TokenEndpoint != nil:
		return s.TokenEndpoint.URL
	}
	return "nowhere"
}

// secret reads what a variable or a file holds, whichever is named. Errors name the place, never what is there.
func secret(what, variable, file string) (string, error) {
	if variable != "" {
		text, ok := os.LookupEnv(variable)
		switch {
		case !ok:
			return "", fmt.Errorf("kafka: sasl: environment variable %s, which %sEnv names, is not set", variable, what)
		case text == "":
			return "", fmt.Errorf("kafka: sasl: environment variable %s, which %sEnv names, is empty", variable, what)
		}
		return text, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("kafka: sasl %sFile: %w", what, err)
	}
	trimmed := strings.TrimRight(string(text), "\r\n")
	if trimmed == "" {
		return "", fmt.Errorf("kafka: sasl %sFile: %s is empty: write the %s into it", what, file, what)
	}
	return trimmed, nil
}
