package kafka_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/certs"
	"k6suite/extension/kafka"
)

const clientSecret = "secret-hippopotamus"

func TestEveryWayToProveWhoOneIsCarriesRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	password := w.file("password", rightPassword+"\n")
	for name, c := range map[string]struct {
		opts []kfake.Opt
		tls  *kafka.TLS
		sasl *kafka.SASL
	}{
		"TLS":           {opts: []kfake.Opt{kfake.TLS(w.server(here()))}, tls: w.client()},
		"mutual TLS":    {opts: []kfake.Opt{kfake.TLS(w.mutual())}, tls: w.as("alice", w.issue(certs.Subject{Name: "alice"}))},
		"PLAIN":         {opts: sasl(), sasl: &kafka.SASL{Mechanism: "PLAIN", User: "admin", PasswordFile: password}},
		"SCRAM-SHA-256": {opts: sasl(), sasl: &kafka.SASL{Mechanism: "SCRAM-SHA-256", User: "admin", PasswordFile: password}},
		"SCRAM-SHA-512": {opts: sasl(), sasl: &kafka.SASL{Mechanism: "SCRAM-SHA-512", User: "admin", PasswordFile: password}},
		"SCRAM over TLS": {
			opts: append(sasl(), kfake.TLS(w.server(here()))), tls: w.client(),
			sasl: &kafka.SASL{Mechanism: "SCRAM-SHA-512", User: "admin", PasswordFile: password},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, config := cluster(t, append(c.opts, kfake.SeedTopics(1, "t"))...)
			config.TLS, config.SASL = c.tls, c.sasl
			roundTrip(t, config)
		})
	}
}

func roundTrip(t *testing.T, config kafka.Config) {
	t.Helper()
	_, err := kafka.Probe(within(t), config)
	require.NoError(t, err)
	_, err = producer(t, config, kafka.ProducerOptions{Topic: "t"}).Send(within(t), values(5, ""))
	require.NoError(t, err)
	drain(t, consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}}), 5)
}

// takesTokens is a broker that authenticates by OAUTHBEARER, which kfake does not: it takes the token that good returns.
func takesTokens(t *testing.T, good func() string) (kafka.Config, *atomic.Int64) {
	t.Helper()
	c, config := cluster(t)
	met := &atomic.Int64{}
	c.ControlKey(int16(kmsg.SASLHandshake), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		response := kreq.ResponseKind().(*kmsg.SASLHandshakeResponse)
		if kreq.(*kmsg.SASLHandshakeRequest).Mechanism != kafka.OAuthBearer {
			response.ErrorCode, response.SupportedMechanisms = kerr.UnsupportedSaslMechanism.Code, []string{kafka.OAuthBearer}
		}
		return response, nil, true
	})
	c.ControlKey(int16(kmsg.SASLAuthenticate), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		response := kreq.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		met.Add(1)
		if string(kreq.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes) != "n,,\x01auth=Bearer "+good()+"\x01\x01" {
			response.SASLAuthBytes = []byte(`{"status":"invalid_token"}`)
		}
		return response, nil, true
	})
	return config, met
}

func TestATokenIsReadAnewForEachConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var good atomic.Value
	good.Store("first-hippopotamus")
	config, met := takesTokens(t, func() string { return good.Load().(string) })
	file := w.file("token", "first-hippopotamus\n")
	config.SASL = &kafka.SASL{Mechanism: kafka.OAuthBearer, TokenFile: file}
	_, err := kafka.Probe(within(t), config)
	require.NoError(t, err)

	good.Store("second-hippopotamus") // and the old one has expired
	_, err = kafka.Probe(within(t), config)
	require.ErrorContains(t, err, "SASL: the token was refused (invalid_token) by OAUTHBEARER: is the token of the file "+file+" still valid")
	require.NotContains(t, err.Error(), "hippopotamus")
	before := met.Load()
	w.file("token", "second-hippopotamus\n")
	_, err = kafka.Probe(within(t), config)
	require.NoError(t, err)
	require.Greater(t, met.Load(), before)

	w.file("token", "\n")
	_, err = kafka.Probe(within(t), config)
	require.EqualError(t, err, "kafka: sasl tokenFile: "+file+" is empty: write the token into it")
}

// tokenServer gives tokens to who knows the secret.
func tokenServer(t *testing.T, token string, life int) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	asked := &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		id, secret, _ := r.BasicAuth()
		if r.Method != http.MethodPost || r.FormValue("grant_type") != "client_credentials" || id != "me%3A" || secret != clientSecret ||
			r.FormValue("scope") != "kafka" {
			out.WriteHeader(http.StatusUnauthorized)
			_, _ = out.Write([]byte(`{"error":"invalid_client","error_description":"` + secret + `"}`))
			return
		}
		_ = json.NewEncoder(out).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": life})
	}))
	t.Cleanup(server.Close)
	return server, asked
}

func TestATokenIsHadFromAnEndpointAndKeptWhileItLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.file("secret", clientSecret+"\n")
	for life, asks := range map[int]int64{3600: 1, 0: 2} { // one of unknown life is not kept
		server, asked := tokenServer(t, "had-hippopotamus", life)
		config, _ := takesTokens(t, func() string { return "had-hippopotamus" })
		endpoint := &kafka.TokenEndpoint{URL: server.URL, ClientID: "me:", SecretFile: secret, Scope: "kafka"}
		config.SASL = &kafka.SASL{Mechanism: kafka.OAuthBearer, TokenEndpoint: endpoint}
		a := admin(t, config)
		for range 2 { // the connection to the seed, and the one to the broker that it names
			_, err := a.ListTopics(within(t))
			require.NoError(t, err)
		}
		require.Equal(t, asks, asked.Load(), "a life of %d s", life)

		endpoint.SecretFile = w.file("other", wrongPassword)
		_, err := kafka.Probe(within(t), config)
		require.ErrorContains(t, err, "SASL: no token to be had: ")
		require.ErrorContains(t, err, server.URL+": it answers with status 401, invalid_client: are clientId, secret and scope right?")
		require.NotContains(t, err.Error(), "hippopotamus")
		server.Close()
		_, err = kafka.Probe(within(t), config)
		require.ErrorContains(t, err, "it does not answer: ")
	}
}

func TestSettingsOfSASLAreChecked(t *testing.T) {
	t.Parallel()
	endpoint := func(e kafka.TokenEndpoint) kafka.SASL {
		return kafka.SASL{Mechanism: kafka.OAuthBearer, TokenEndpoint: &e}
	}
	missing := filepath.Join(t.TempDir(), "missing")
	for want, s := range map[string]kafka.SASL{
		"say where the token is by tokenEnv, tokenFile or tokenEndpoint, one of them": {Mechanism: kafka.OAuthBearer},
		"one of them":                                     {Mechanism: kafka.OAuthBearer, TokenEnv: "A", TokenFile: "b"},
		"the token says who the client is":                {Mechanism: kafka.OAuthBearer, TokenEnv: "A", User: "u"},
		"are for OAUTHBEARER, and the mechanism is PLAIN": {Mechanism: "PLAIN", User: "u", PasswordEnv: "A", TokenEnv: "B"},
		"tokenFile: open " + missing:                      {Mechanism: kafka.OAuthBearer, TokenFile: missing},
		"which tokenEnv names, is not set":                {Mechanism: kafka.OAuthBearer, TokenEnv: "K6SUITE_NO_SUCH_VARIABLE"},
		"url wants a URL":                                 endpoint(kafka.TokenEndpoint{URL: "token"}),
		"url holds a user or password":                    endpoint(kafka.TokenEndpoint{URL: "https://u:p@host/"}),
		"would send the secret in the clear":              endpoint(kafka.TokenEndpoint{URL: "http://idp.example/token"}),
		"clientId is missing":                             endpoint(kafka.TokenEndpoint{URL: "https://idp.example/token"}),
		"by secretEnv or by secretFile":                   endpoint(kafka.TokenEndpoint{URL: "https://idp.example/token", ClientID: "c"}),
	} {
		_, err := kafka.Config{Brokers: []string{"127.0.0.1:9092"}, SASL: &s}.Options()
		require.ErrorContains(t, err, want)
	}
}
