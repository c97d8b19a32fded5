package kafka_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"k6suite/extension/certs"
	"k6suite/extension/kafka"
)

// secrets that no error may repeat.
const (
	rightPassword = "right-hippopotamus"
	wrongPassword = "wrong-hippopotamus"
)

// world is an authority with what it vouches for, as files that clients name.
type world struct {
	t         *testing.T
	authority *certs.Authority
	dir       string
}

func newWorld(t *testing.T) world {
	t.Helper()
	authority, err := certs.NewAuthority("ours")
	require.NoError(t, err)
	w := world{t: t, authority: authority, dir: t.TempDir()}
	w.file("ca.pem", string(authority.PEM()))
	return w
}

func (w world) file(name, content string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(w.t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func (w world) issue(s certs.Subject) certs.Pair {
	w.t.Helper()
	pair, err := w.authority.Issue(s)
	require.NoError(w.t, err)
	return pair
}

// server is a listener's TLS by a certificate for these hosts.
func (w world) server(s certs.Subject) *tls.Config {
	w.t.Helper()
	cert, err := w.issue(s).TLS()
	require.NoError(w.t, err)
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
}

// mutual is a listener's TLS that wants certificates of clients.
func (w world) mutual() *tls.Config {
	config := w.server(here())
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, w.authority.Pool()
	return config
}

// client trusts the world's authority.
func (w world) client() *kafka.TLS { return &kafka.TLS{CAFile: filepath.Join(w.dir, "ca.pem")} }

// as is a client with a certificate of its own.
func (w world) as(name string, pair certs.Pair) *kafka.TLS {
	c := w.client()
	c.CertFile, c.KeyFile = w.file(name+".cert.pem", string(pair.Cert)), w.file(name+".key.pem", string(pair.Key))
	return c
}

func here() certs.Subject { return certs.Subject{Name: "broker", Hosts: []string{"127.0.0.1"}} }

func sasl() []kfake.Opt {
	return []kfake.Opt{
		kfake.EnableSASL(), kfake.Superuser("PLAIN", "admin", rightPassword), kfake.Superuser("SCRAM-SHA-256", "admin", rightPassword),
		kfake.Superuser("SCRAM-SHA-512", "admin", rightPassword),
	}
}

// trouble is a target and a client that do not fit, and the sentence that says why.
type trouble struct {
	opts   []kfake.Opt // of the target
	client func(*kafka.Config)
	name   string // of the error
	want   []string
}

func troubles(t *testing.T, w world) map[string]trouble {
	t.Helper()
	foreign := newWorld(t)
	untrusted := foreign.issue(certs.Subject{Name: "mallory"})
	password := w.file("password", wrongPassword+"\n")
	with := func(s *kafka.TLS) func(*kafka.Config) { return func(c *kafka.Config) { c.TLS = s } }
	by := func(s kafka.SASL) func(*kafka.Config) { return func(c *kafka.Config) { c.SASL = &s } }
	past := here()
	past.NotAfter = time.Now().Add(-time.Minute)
	elsewhere := w.client()
	elsewhere.ServerName = "kafka.example"
	return map[string]trouble{
		"an expired certificate": {
			opts: []kfake.Opt{kfake.TLS(w.server(past))}, client: with(w.client()), name: "TLS_FAILED",
			want: []string{"TLS: the certificate of the broker (CN=broker,O=k6suite) expired at 20", ": give the broker a new one"},
		},
		"a foreign authority": {
			opts: []kfake.Opt{kfake.TLS(w.server(here()))}, client: with(foreign.client()), name: "TLS_FAILED",
			want: []string{
				"(CN=broker,O=k6suite) is signed by CN=ours,O=k6suite, which is not in client.tls.caFile (" + foreign.client().CAFile + ")",
			},
		},
		"an authority that the machine does not know": {
			opts: []kfake.Opt{kfake.TLS(w.server(here()))}, client: with(&kafka.TLS{}), name: "TLS_FAILED",
			want: []string{"which this machine does not trust: name the file with that authority in client.tls.caFile"},
		},
		"another name": {
			opts:   []kfake.Opt{kfake.TLS(w.server(certs.Subject{Name: "broker", Hosts: []string{"kafka.test"}}))},
			client: with(w.client()), name: "TLS_FAILED",
			want: []string{"is valid for kafka.test, and not for 127.0.0.1: connect by a name that it is valid for, or set client.tls.serverName"},
		},
		"a server name that is not the server's": {
			opts: []kfake.Opt{kfake.TLS(w.server(here()))}, client: with(elsewhere), name: "TLS_FAILED",
			want: []string{"is valid for 127.0.0.1, and not for kafka.example"},
		},
		"no certificate where one is wanted": {
			opts: []kfake.Opt{kfake.TLS(w.mutual())}, client: with(w.client()),
			want: []string{
				"TLS: the broker wants a certificate of the client, and none is configured",
				"set client.tls.certFile and client.tls.keyFile",
			},
		},
		"a certificate that the broker does not trust": {
			opts: []kfake.Opt{kfake.TLS(w.mutual())}, client: with(w.as("mallory", untrusted)),
			want: []string{
				"TLS: the broker refuses the client's certificate (",
				"CN=mallory,O=k6suite, signed by CN=ours,O=k6suite, valid until 20",
			},
		},
		"plain text where TLS is spoken": {
			opts: []kfake.Opt{kfake.TLS(w.server(here()))}, client: with(nil),
			want: []string{"TLS: the listener speaks TLS, and the client plain text: set client.tls.enabled to true"},
		},
		"TLS where plain text is spoken": {
			client: with(w.client()), name: "TLS_FAILED",
			want: []string{"TLS: the listener speaks plain text, and the client TLS: set client.tls.enabled to false"},
		},
		"a wrong password, PLAIN": {
			opts: sasl(), client: by(kafka.SASL{Mechanism: "PLAIN", User: "admin", PasswordFile: password}),
			want: []string{"SASL: the broker ", "the user admin", "PLAIN: is the password in the file " + password + " right"},
		},
		"a wrong password, SCRAM": {
			opts: sasl(), client: by(kafka.SASL{Mechanism: "SCRAM-SHA-512", User: "admin", PasswordFile: password}),
			want: []string{"the user admin", "SCRAM-SHA-512: is the password in the file " + password + " right"},
		},
		"a mechanism that is not offered": {
			opts: sasl(), client: by(kafka.SASL{Mechanism: "OAUTHBEARER", TokenFile: password}), name: "UNSUPPORTED_SASL_MECHANISM",
			want: []string{
				"SASL: the broker does not offer OAUTHBEARER (it offers ", "PLAIN",
				"): set client.sasl.mechanism to one that it offers",
			},
		},
		"no authentication where it is wanted": {
			opts: sasl(), client: with(nil),
			want: []string{
				"SASL: the broker wants clients to authenticate, by ", "SCRAM-SHA-512",
				"and hangs up on those that do not: set client.sasl",
			},
		},
	}
}

func TestEachTroubleHasItsSentence(t *testing.T) {
	t.Parallel()
	for name, c := range troubles(t, newWorld(t)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, config := cluster(t, c.opts...)
			c.client(&config)
			begun := time.Now()
			_, err := kafka.Probe(within(t), config)
			require.Error(t, err)
			require.Less(t, time.Since(begun), 10*time.Second)
			require.ErrorContains(t, err, config.Brokers[0]+": ")
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			if c.name != "" {
				require.Equal(t, c.name, kafka.ErrorName(err))
			}
			require.NotContains(t, err.Error(), wrongPassword)
		})
	}
}

// hangsUp is a broker that ends each connection with the first request.
func hangsUp(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(conn, make([]byte, 4))
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

// A broker that knows ApiVersions only up to version 2, and hangs up on a later one.
func TestMaxVersionGetsThroughToWhoHangsUpOnApiVersions(t *testing.T) {
	t.Parallel()
	c, config := cluster(t, kfake.SeedTopics(1, "t"), kfake.MaxVersions(kversion.V2_3_0()))
	c.ControlKey(int16(kmsg.ApiVersions), func(request kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if request.GetVersion() > 2 {
			return nil, errors.New("hang up"), true
		}
		return nil, nil, false
	})
	_, err := kafka.Probe(within(t), config)
	require.ErrorContains(t, err, "set client.maxVersion")
	config.MaxVersion = "2.3"
	roundTrip(t, config)
}

func TestWhoHangsUpOnApiVersionsIsSentToMaxVersion(t *testing.T) {
	t.Parallel()
	_, err := kafka.Probe(within(t), kafka.Config{Brokers: []string{hangsUp(t)}})
	require.ErrorContains(t, err, "it closes the connection when it is asked for ApiVersions")
	require.ErrorContains(t, err, "set client.maxVersion")
	require.Equal(t, "CONNECTION_LOST", kafka.ErrorName(err))
}
