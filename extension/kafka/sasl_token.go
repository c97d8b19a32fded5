package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sasl"
)

const (
	tokenTimeout = 5 * time.Second
	tokenMost    = 1 << 20 // bytes of an answer
)

// TokenEndpoint is where tokens are had from by the client's own credentials (RFC 6749, section 4.4; in Java KIP-768).
type TokenEndpoint struct {
	URL        string // https; http on this machine only
	ClientID   string
	SecretEnv  string // exactly one of the two
	SecretFile string
	Scope      string // what the token is to allow; default: what the endpoint gives by itself
	CAFile     string // PEM; replaces the system's authorities
}

func (e TokenEndpoint) check() error {
	u, err := url.Parse(e.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("kafka: sasl tokenEndpoint: url wants a URL such as https://host/oauth2/token") // it may hold a secret: not repeated
	case u.User != nil:
		return errors.New("kafka: sasl tokenEndpoint: url holds a user or password: give clientId, and secretEnv or secretFile")
	case u.Scheme == "http" && !onThisMachine(u.Hostname()):
		return fmt.Errorf("kafka: sasl tokenEndpoint: %s would send the secret in the clear: use https", e.URL)
	case e.ClientID == "":
		return errors.New("kafka: sasl tokenEndpoint: clientId is missing")
	case (e.SecretEnv == "") == (e.SecretFile == ""):
		return errors.New("kafka: sasl tokenEndpoint: name the secret by secretEnv or by secretFile, one of them")
	}
	return nil
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (e TokenEndpoint) secret() (string, error) { return secret("secret", e.SecretEnv, e.SecretFile) }

// tokenSource keeps a token for most of its life: ten thousand connections need not ask ten thousand times.
type tokenSource struct {
	endpoint TokenEndpoint
	client   *http.Client

	mu    sync.Mutex
	kept  string
	until time.Time
}

func newTokenSource(e TokenEndpoint) (*tokenSource, error) {
	// not the default one: its connections would outlive the client that they are for
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if e.CAFile != "" {
		pem, err := os.ReadFile(e.CAFile)
		if err != nil {
			return nil, fmt.Errorf("kafka: sasl tokenEndpoint caFile: %w", err)
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("kafka: sasl tokenEndpoint caFile %s: holds no PEM certificate", e.CAFile)
		}
	}
	// a redirection would hand the secret to somebody else
	client := &http.Client{Transport: transport, Timeout: tokenTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	return &tokenSource{endpoint: e, client: client}, nil
}

func (s *tokenSource) token(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept != "" && time.Now().Before(s.until) {
		return s.kept, nil
	}
	token, life, err := s.ask(ctx)
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w", tokenTrouble, s.endpoint.URL, err)
	}
	s.kept, s.until = token, time.Now().Add(life*4/5)
	return token, nil
}

// tokenTrouble marks the errors of an endpoint.
const tokenTrouble = "kafka: sasl tokenEndpoint" //nolint:gosec // words, and no secret

// ask has the endpoint give a token. Nothing of its answer gets into an error but the code of RFC 6749, section 5.2.
func (s *tokenSource) ask(ctx context.Context) (token string, life time.Duration, err error) {
	secret, err := s.endpoint.secret()
	if err != nil {
		return "", 0, err
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if s.endpoint.Scope != "" {
		form.Set("scope", s.endpoint.Scope)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	request.SetBasicAuth(url.QueryEscape(s.endpoint.ClientID), url.QueryEscape(secret)) // encoded first: section 2.3.1
	response, err := s.client.Do(request)
	if err != nil {
		if inner := (*url.Error)(nil); errors.As(err, &inner) {
			err = inner.Err // the URL is named already
		}
		return "", 0, fmt.Errorf("it does not answer: %w", err)
	}
	defer response.Body.Close()
	var answer struct {
		Token string  `json:"access_token"`
		Life  float64 `json:"expires_in"` // seconds; 0: not told
		Error string  `json:"error"`
	}
	err = json.NewDecoder(io.LimitReader(response.Body, tokenMost)).Decode(&answer)
	switch {
	case response.StatusCode != http.StatusOK:
		return "", 0, refusal(response.StatusCode, answer.Error)
	case err != nil || answer.Token == "":
		return "", 0, errors.New("its answer holds no access_token: is it the endpoint for tokens?")
	}
	return answer.Token, time.Duration(answer.Life * float64(time.Second)), nil
}

var errorCode = regexp.MustCompile(`^[a-z_]{1,40}$`)

func refusal(status int, code string) error {
	if !errorCode.MatchString(code) {
		return fmt.Errorf("it answers with status %d", status)
	}
	return fmt.Errorf("it answers with status %d, %s: are clientId, secret and scope right?", status, code)
}

// bearer is OAUTHBEARER with a refusal that says what it is: the broker gives its reasons as if it went on (RFC 7628, section 3.2.2).
type bearer struct{ sasl.Mechanism }

// Authenticate begins as OAUTHBEARER does.
func (b bearer) Authenticate(ctx context.Context, host string) (sasl.Session, []byte, error) {
	session, first, err := b.Mechanism.Authenticate(ctx, host)
	return bearerSession{session}, first, err
}

type bearerSession struct{ sasl.Session }

// errTokenRefused says that the broker takes no such token.
var errTokenRefused = errors.New("the token was refused")

// Challenge takes any words of the broker for a refusal.
func (s bearerSession) Challenge(answer []byte) (bool, []byte, error) {
	if len(answer) == 0 {
		return s.Session.Challenge(answer)
	}
	var why struct {
		Status string `json:"status"`
	}
	if err := json.Unmarshal(answer, &why); err != nil || !errorCode.MatchString(why.Status) {
		return false, nil, errTokenRefused
	}
	return false, nil, fmt.Errorf("%w (%s)", errTokenRefused, why.Status)
}
