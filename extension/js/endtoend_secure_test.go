package js_test

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"k6suite/extension/certs"
	"k6suite/extension/contract"
)

const (
	rightSecret = "right-hippopotamus"
	wrongSecret = "wrong-hippopotamus"
)

// guarded is a target with TLS and SASL, whose certificate its clients can be told to trust or not.
type guarded struct {
	dir     string
	address string
	secrets []string // that must not get out, in the forms in which they could
}

// newGuarded starts a target whose certificate is valid until then; the zero time: for long.
func newGuarded(t *testing.T, until time.Time) *guarded {
	t.Helper()
	g := &guarded{dir: t.TempDir()}
	authority, err := certs.NewAuthority("ours")
	require.NoError(t, err)
	foreign, err := certs.NewAuthority("theirs")
	require.NoError(t, err)
	client, err := authority.Issue(certs.Subject{Name: "alice"})
	require.NoError(t, err)
	for name, content := range map[string][]byte{
		"ca.pem": authority.PEM(), "foreign.pem": foreign.PEM(), "cert.pem": client.Cert, "key.pem": client.Key,
		"right": []byte(rightSecret + "\n"), "wrong": []byte(wrongSecret + "\n"),
	} {
		require.NoError(t, os.WriteFile(g.file(name), content, 0o600))
	}
	g.secrets = []string{rightSecret, wrongSecret, strings.Split(string(client.Key), "\n")[1]}
	for _, secret := range []string{rightSecret, wrongSecret} {
		g.secrets = append(g.secrets, base64.StdEncoding.EncodeToString([]byte("\x00admin\x00"+secret)),
			base64.StdEncoding.EncodeToString([]byte(secret)))
	}
	pair, err := authority.Issue(certs.Subject{Name: "broker", Hosts: []string{"127.0.0.1"}, NotAfter: until})
	require.NoError(t, err)
	cert, err := pair.TLS()
	require.NoError(t, err)
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("PLAIN", "admin", rightSecret), kfake.Superuser("SCRAM-SHA-256", "admin",
			rightSecret),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}), kfake.SeedTopics(1, "t"),
	)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	g.address = cluster.ListenAddrs()[0]
	return g
}

func (g *guarded) file(name string) string { return filepath.Join(g.dir, name) }

// profile is the environment of a run on it with these settings of clients.
func (g *guarded) profile(t *testing.T, client map[string]any) []string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"profiles": map[string]any{"guarded": map[string]any{
		"description": "kfake with TLS and SASL", "system": "other", "brokers": []string{g.address},
		"claims": map[string]bool{"tls": true, "groups": true, "idempotence": true}, "client": client,
	}}})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "profiles.json")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return []string{"K6_PROFILES=" + file, "K6_PROFILE=guarded", "RIGHT=" + rightSecret, "WRONG=" + wrongSecret}
}

// requireNoSecret looks for secrets in all that k6 has printed and saved, and says in how many places it looked.
func (g *guarded) requireNoSecret(t *testing.T, k *k6) int {
	t.Helper()
	texts := map[string][]byte{"output": []byte(k.out.String())}
	require.NoError(t, filepath.WalkDir(k.results, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		texts[name], err = os.ReadFile(name)
		return err
	}))
	for name, text := range texts {
		for _, secret := range g.secrets {
			require.False(t, bytes.Contains(text, []byte(secret)), "%s holds a secret", name)
		}
	}
	return len(texts)
}

type object = map[string]any

// connecting is how clients connect to a guarded target, and what comes of it.
type connecting struct {
	client object
	want   string // why the run cannot say anything; "": it passes
}

const expired = "an expired certificate"

func (g *guarded) connecting() map[string]connecting {
	secured := object{"enabled": true, "caFile": g.file("ca.pem"), "certFile": g.file("cert.pem"), "keyFile": g.file("key.pem")}
	by := func(more object) object {
		out := object{"mechanism": "PLAIN", "user": "admin"}
		maps.Copy(out, more)
		return out
	}
	return map[string]connecting{
		expired: {
			object{"tls": secured, "sasl": by(object{"passwordFile": g.file("right")})},
			"TLS: the certificate of the broker (CN=broker,O=k6suite) expired at 20",
		},
		"a password in a file":     {object{"tls": secured, "sasl": by(object{"passwordFile": g.file("right")})}, ""},
		"a password in a variable": {object{"tls": secured, "sasl": by(object{"mechanism": "SCRAM-SHA-256", "passwordEnv": "RIGHT"})}, ""},
		"a wrong one in a file": {
			object{"tls": secured, "sasl": by(object{"passwordFile": g.file("wrong")})},
			"the user admin",
		},
		"a wrong one in a variable": {
			object{"tls": secured, "sasl": by(object{"mechanism": "SCRAM-SHA-256", "passwordEnv": "WRONG"})},
			"is the password in the variable WRONG right",
		},
		"a token that nobody wants": {
			object{"tls": secured, "sasl": object{"mechanism": "OAUTHBEARER", "tokenEnv": "WRONG"}},
			"SASL: the broker does not offer OAUTHBEARER",
		},
		"a foreign authority": {
			object{"tls": object{"enabled": true, "caFile": g.file("foreign.pem")}, "sasl": by(object{"passwordFile": g.file("right")})},
			"is signed by CN=ours,O=k6suite, which is not in client.tls.caFile",
		},
		"plain text": {
			object{"sasl": by(object{"passwordFile": g.file("right")})},
			"TLS: the listener speaks TLS, and the client plain text",
		},
		"a key that is not there": {
			object{"tls": object{"enabled": true, "certFile": g.file("cert.pem"), "keyFile": g.file("nowhere")}},
			"tls certFile and keyFile: open " + g.file("nowhere"),
		},
		"a secret in the place of a key": {
			object{"tls": object{"enabled": true, "certFile": g.file("cert.pem"), "keyFile": g.file("wrong")}},
			"tls certFile and keyFile: tls: failed to find any PEM data",
		},
	}
}

func TestNoSecretGetsOut(t *testing.T) {
	t.Parallel()
	for name := range (&guarded{}).connecting() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			until := time.Time{}
			if name == expired {
				until = time.Now().Add(-time.Minute)
			}
			g := newGuarded(t, until)
			c := g.connecting()[name]
			k := startK6(t, g.profile(t, c.client), "run", "--verbose", "tests/diagnose.js")
			code := k.wait(t)
			verdict := k.verdict(t)
			require.Greater(t, g.requireNoSecret(t, k), 1, "the output, and what was saved")
			if c.want == "" {
				require.Zero(t, code, k.out.String())
				require.Equal(t, contract.Pass, verdict.Status)
				require.Contains(t, k.out.String(), "the broker's certificate is CN=broker,O=k6suite, signed by CN=ours,O=k6suite")
				return
			}
			require.Equal(t, 99, code, k.out.String())
			require.Equal(t, contract.Inconclusive, verdict.Status)
			require.Empty(t, verdict.Findings)
			require.NotEmpty(t, verdict.Doubts)
			require.Contains(t, verdict.Doubts[0].Text, c.want)
		})
	}
}

// Settings that are refused before anything is connected to are no place for a secret to get out either.
func TestNoSecretGetsOutOfSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, time.Time{})
	for _, sasl := range []object{
		{"mechanism": "PLAIN", "user": "admin", "passwordEnv": wrongSecret},
		{"mechanism": "PLAIN", "user": "admin", "password": wrongSecret},
		{"mechanism": "OAUTHBEARER", "tokenEnv": "WRONG", "passwordEnv": wrongSecret},
		{"mechanism": "OAUTHBEARER", "tokenEndpoint": object{
			"url": "https://me:" + wrongSecret + "@127.0.0.1/t", "clientId": "c",
			"secretEnv": "WRONG",
		}},
	} {
		k := startK6(t, g.profile(t, object{"sasl": sasl}), "run", "--verbose", "tests/diagnose.js")
		require.NotZero(t, k.wait(t), k.out.String())
		require.Contains(t, k.out.String(), "sasl")
		g.requireNoSecret(t, k)
	}
}

func TestNoSecretGetsOutOfAScriptsOwnClient(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, time.Time{})
	for secret, want := range map[string]string{"RIGHT": "sent", "WRONG": "refused: "} {
		client, err := json.Marshal(object{
			"brokers": []string{g.address}, "tls": object{"caFile": g.file("ca.pem")},
			"sasl": object{"mechanism": "SCRAM-SHA-256", "user": "admin", "passwordEnv": secret},
		})
		require.NoError(t, err)
		k := startK6(t, append(g.profile(t, object{}), "CLIENT="+string(client)), "run", "--verbose", "extension/js/testdata/own_client.js")
		require.Zero(t, k.wait(t), k.out.String())
		require.Contains(t, k.out.String(), want)
		g.requireNoSecret(t, k)
	}
}
