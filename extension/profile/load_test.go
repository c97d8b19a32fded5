package profile_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/profile"
)

// given is an environment that is not the process's.
func given(pairs ...string) profile.Options {
	values, environ := map[string]string{}, []string{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
		environ = append(environ, pairs[i]+"="+pairs[i+1])
	}
	return profile.Options{
		Env:     func(name string) (string, bool) { v, ok := values[name]; return v, ok },
		Environ: environ,
	}
}

// file writes a profiles file with one profile called "here".
func file(t *testing.T, body string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "profiles.json")
	require.NoError(t, os.WriteFile(name, []byte(`{"profiles": {"here": `+body+`}}`), 0o600))
	return name
}

func TestDefaultIsTheEmbeddedTarget(t *testing.T) {
	t.Parallel()
	p, err := profile.Load(given())
	require.NoError(t, err)
	require.Equal(t, "embedded", p.Name)
	require.Equal(t, profile.Embedded, p.System)
	require.Empty(t, p.Brokers)
	require.Equal(t, profile.Claims{
		SingleEndpoint: true, Stateless: true, Elastic: true, ObjectStorage: true, Idempotence: true, Transactions: true,
		Groups: true, ServerSideGroups: true, AutoCreation: true,
		ACLs: true, Metrics: true,
	}, p.Claims)
	require.Equal(t, &profile.EmbeddedTarget{Brokers: 3, Partitions: 3, Principals: profile.PrincipalsBySASL}, p.Embedded)
	require.Nil(t, p.ObjectStore)
	require.Equal(t, 5*time.Second, time.Duration(p.Limits.Recovery))
	require.Equal(t, 10*time.Second, time.Duration(p.Limits.Connect))
}

func TestShippedProfiles(t *testing.T) {
	t.Parallel()
	names, err := profile.Names(given())
	require.NoError(t, err)
	three := []string{"127.0.0.1:29392", "127.0.0.1:29393", "127.0.0.1:29394"}
	brokers := map[string][]string{
		"embedded": {}, "local-docker": {"127.0.0.1:9092"}, "local-service": {"127.0.0.1:39092"},
		"k8s-local": {"127.0.0.1:39092"}, "kafka-local": {"127.0.0.1:9092"}, "processes": {"127.0.0.1:29292"},
		"kafka-secure": {"127.0.0.1:9094"}, "kafka-cluster": three,
		"kafka-cluster-unsafe": {"127.0.0.1:29396", "127.0.0.1:29397", "127.0.0.1:29398"}, "docker": {"127.0.0.1:28692"},
		"cluster":      {"127.0.0.1:9192"},
		"docker-kafka": {"127.0.0.1:28792", "127.0.0.1:28793", "127.0.0.1:28794"},
	}
	require.Equal(t, slices.Sorted(maps.Keys(brokers)), names)
	for _, name := range names {
		p, err := profile.Load(given("K6_PROFILE", name))
		require.NoError(t, err, name)
		require.Equal(t, brokers[name], p.Brokers, name)
		require.NotEmpty(t, p.String())
		if p.System == "kafscale" {
			require.False(t, p.Claims.Idempotence, name)
			require.False(t, p.Claims.Transactions, name)
			require.Equal(t, "3.4", p.Client.MaxVersion, name)
			require.Equal(t, "kafscale", p.ObjectStore.Layout, name)
		}
	}
}

func TestNameAndFile(t *testing.T) {
	t.Parallel()
	own := file(t, `{"description": "mine", "system": "kafka", "brokers": ["host:1"]}`)

	p, err := profile.Load(given("K6_PROFILES", own, "K6_PROFILE", "here"))
	require.NoError(t, err)
	require.Equal(t, own, p.File)
	require.Equal(t, []string{"host:1"}, p.Brokers)

	o := given("K6_PROFILE", "nope")
	o.Name, o.File = "here", own // options come before the environment
	p, err = profile.Load(o)
	require.NoError(t, err)
	require.Equal(t, "here", p.Name)

	_, err = profile.Load(given("K6_PROFILES", own+"x"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, own+"x")
}

func TestUnknownProfileListsTheOnesThatExist(t *testing.T) {
	t.Parallel()
	_, err := profile.Load(given("K6_PROFILE", "nope"))
	require.EqualError(t, err, `built in: no profile "nope": the profiles are `+
		`cluster, docker, docker-kafka, embedded, k8s-local, kafka-cluster, kafka-cluster-unsafe, kafka-local, kafka-secure, `+
		`local-docker, local-service, processes`)
	_, err = profile.Load(given("K6_PROFILE", "kafka-loca"))
	require.ErrorContains(t, err, "did you mean kafka-local?")
}

func TestNotJSON(t *testing.T) {
	t.Parallel()
	_, err := profile.Load(given("K6_PROFILES", file(t, "{\n\"description\": \"x\",\n}")))
	require.ErrorContains(t, err, "profiles.json: line 3: not JSON")
}

func TestAnyWrongProfileRefusesTheFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, want string }{
		{
			`7`,
			`profiles.here: 7 wants object, not number`,
		},
		{
			`{"system": "kafka"}`,
			"profiles.here: description is missing",
		},
		{
			`{"description": "d", "system": "kafka"}`,
			"profiles.here.brokers: [] is not allowed: at least one bootstrap address",
		},
		{
			`{"description": "d", "system": "cafka", "brokers": ["h:1"]}`,
			`profiles.here.system: "cafka" is not one of embedded, kafka, kafscale, k6suite, other`,
		},
		{
			`{"description": "d", "system": "kafka", "brokers": ["h:1"], "limit": {}}`,
			`profiles.here: unknown key "limit": did you mean "limits"?`,
		},
		{
			`{"description": "d", "system": "kafka", "brokers": ["h:1"], "zzzzzzzzzzz": {}}`,
			`profiles.here: unknown key "zzzzzzzzzzz": the keys are brokers, chaos,`,
		},
		{
			`{"description": "d", "system": "kafka", "brokers": ["h"]}`,
			`profiles.here.brokers[0]: "h" is not an address`,
		},
		{
			`{"description": "d", "system": "kafka", "brokers": ["h:0"]}`,
			`profiles.here.brokers[0]: "h:0" has no usable port`,
		},
		{
			`{"description": "d", "system": "kafka", "brokers": ["h:1", "h:1"]}`,
			`profiles.here.brokers: holds the same value twice`,
		},
		{
			`{"description": "d", "system": "kafka", "brokers": "h:1"}`,
			`profiles.here.brokers: "h:1" wants array, not string`,
		},
		{
			`{"description": "d", "system": "kafka", "brokers": ["h:1"], "embedded": {}}`,
			"profiles.here.embedded: is not allowed: only for system embedded",
		},
		{
			`{"description": "d", "system": "embedded"}`,
			"profiles.here: embedded is missing: system embedded needs",
		},
		{
			`{"description": "d", "system": "embedded", "embedded": {}, "brokers": ["h:1"]}`,
			"profiles.here.brokers: [\"h:1\"] is not allowed: must be empty",
		},
		{
			`{"description": "d", "system": "embedded", "embedded": {"brokers": 0}}`,
			"profiles.here.embedded.brokers: 0 is not allowed: how many brokers, 1 to 100",
		},
		{
			`{"description": "d", "system": "embedded", "embedded": {"brokers": 1.5}}`,
			"profiles.here.embedded.brokers: 1.5 wants integer, not number",
		},
		{
			kafka(`"limits": {"recovery": "5 seconds"}`),
			`profiles.here.limits.recovery: "5 seconds" is not a duration`,
		},
		{
			kafka(`"limits": {"recovery": "0s"}`),
			`profiles.here.limits.recovery: "0s" is not a duration above zero`,
		},
		{
			kafka(`"limits": {"recovery": 5}`),
			`profiles.here.limits.recovery: 5 wants string, not number`,
		},
		{
			kafka(`"limits": {"duplicateBudget": -1}`),
			`profiles.here.limits.duplicateBudget: -1 is not allowed`,
		},
		{
			kafka(`"claims": {"transactions": true}`),
			"profiles.here.claims.idempotence: false is not allowed: must be true while claims.transactions",
		},
		{
			kafka(`"claims": {"objectStorage": true}`),
			"profiles.here: objectStore is missing: claims.objectStorage promises",
		},
		{
			kafka(`"claims": {"metrics": true}`),
			"profiles.here.metrics: [] is not allowed: at least one URL",
		},
		{
			kafka(`"claims": {"stateles": true}`),
			`profiles.here.claims: unknown key "stateles": did you mean "stateless"?`,
		},
		{
			kafka(`"topics": {"replicationFactor": 0}`),
			"profiles.here.topics.replicationFactor: 0 is not allowed",
		},
		{
			kafka(`"client": {"maxVersion": "9.9"}`),
			`profiles.here.client.maxVersion: "9.9" is not a Kafka version`,
		},
		{
			kafka(`"client": {"tls": {"certFile": "c.pem"}}`),
			"profiles.here.client.tls: certFile needs keyFile",
		},
		{
			kafka(`"client": {"tls": {"caFile": "ca.pem"}}`),
			"profiles.here.client.tls.caFile: \"ca.pem\" is not allowed: has no effect while",
		},
		{
			kafka(`"client": {"sasl": {"mechanism": "PLAIN", "user": "u"}}`),
			"profiles.here.client.sasl: wants exactly one of passwordEnv, passwordFile",
		},
		{
			kafka(`"client": {"sasl": {"mechanism": "SCRAM-SHA-256", "passwordEnv": "P"}}`),
			"profiles.here.client.sasl: user is missing",
		},
		{
			kafka(`"client": {"sasl": {"mechanism": "PLAIN", "user": "u", "passwordEnv": "P", "tokenFile": "t"}}`),
			"profiles.here.client.sasl.tokenFile: is not allowed: only for OAUTHBEARER",
		},
		{
			kafka(`"client": {"sasl": {"mechanism": "OAUTHBEARER"}}`),
			"profiles.here.client.sasl: wants exactly one of tokenEnv, tokenFile, tokenEndpoint",
		},
		{
			kafka(`"client": {"sasl": {"mechanism": "OAUTHBEARER", "tokenEnv": "T", "user": "u"}}`),
			`profiles.here.client.sasl.user: "u" is not allowed: not for OAUTHBEARER: the token says who the client is`,
		},
		{
			kafka(`"client": {"sasl": {"mechanism": "OAUTHBEARER", "tokenEndpoint": {"url": "https://h/t", "clientId": "c"}}}`),
			"profiles.here.client.sasl.tokenEndpoint: wants exactly one of secretEnv, secretFile",
		},
		{
			kafka(`"objectStore": {"endpoint": "127.0.0.1:9000", "bucket": "bucket"}`),
			`profiles.here.objectStore.endpoint: "127.0.0.1:9000" is not a URL`,
		},
		{
			kafka(`"objectStore": {"endpoint": "http://h", "bucket": "b"}`),
			"profiles.here.objectStore.bucket: \"b\" is not allowed: a bucket's name",
		},
		{
			kafka(`"objectStore": {"endpoint": "http://h", "bucket": "bbb", "layout": "parquet"}`),
			`profiles.here.objectStore.layout: "parquet" is not one of kafscale`,
		},
		{
			kafka(`"objectStore": {"endpoint": "http://h", "bucket": "bbb", "prefix": "/a"}`),
			`profiles.here.objectStore.prefix: "/a" is not allowed`,
		},
		{
			kafka(`"chaos": {"platform": "vm"}`),
			`profiles.here.chaos.platform: "vm" is not one of`,
		},
		{
			kafka(`"chaos": {"kafkaProxy": "on"}`),
			`profiles.here.chaos.kafkaProxy: "on" is not one of off, mirror, single-endpoint`,
		},
		{
			kafka(`"claims": {"singleEndpoint": true}, "chaos": {"kafkaProxy": "single-endpoint"}`),
			`profiles.here.chaos.kafkaProxy: "single-endpoint" is not allowed: off or mirror while claims.singleEndpoint is true`,
		},
		{
			`{"description": "d", "system": "embedded", "embedded": {}, "claims": {"singleEndpoint": true}, "chaos": {"kafkaProxy": "mirror"}}`,
			`profiles.here.chaos.kafkaProxy: "mirror" is not allowed: off: the single endpoint of the embedded target is such a proxy`,
		},
	} {
		_, err := profile.Load(given("K6_PROFILES", file(t, c.body), "K6_PROFILE", "here"))
		require.ErrorContains(t, err, c.want, c.body)
		require.ErrorContains(t, err, "profiles.json: ", c.body)
	}
}

func kafka(extra string) string {
	return `{"description": "d", "system": "kafka", "brokers": ["h:1"], ` + extra + `}`
}

func TestSingleEndpointIsOneAddress(t *testing.T) {
	t.Parallel()
	_, err := profile.Load(given("K6_PROFILE", "local-docker", "K6_BROKERS", "a:1,b:2"))
	require.ErrorContains(t, err,
		`environment variable K6_BROKERS: profiles.local-docker.brokers: ["a:1","b:2"] is not allowed: at most one`)
}

func TestLowestCommonDenominator(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"embedded", "kafka-local", "local-docker"} {
		p, err := profile.Load(given("K6_PROFILE", name, "K6_TARGET", "kafka"))
		require.NoError(t, err)
		require.Equal(t, profile.Claims{Groups: true}, p.Claims, name)
	}
	p, err := profile.Load(given("K6_PROFILE", "kafka-local", "K6_TARGET", "kafka", "K6_PROFILE_CLAIMS_IDEMPOTENCE", "true"))
	require.NoError(t, err)
	require.Equal(t, profile.Claims{Groups: true, Idempotence: true}, p.Claims)

	_, err = profile.Load(given("K6_TARGET", "redpanda"))
	require.ErrorContains(t, err, `K6_TARGET="redpanda": want kafka`)
}

func TestRunID(t *testing.T) {
	t.Parallel()
	p, err := profile.Load(given("K6_RUN_ID", "nightly-7"))
	require.NoError(t, err)
	require.Equal(t, "nightly-7", p.RunID)

	one, err := profile.Load(given())
	require.NoError(t, err)
	two, err := profile.Load(given())
	require.NoError(t, err)
	require.NotEqual(t, one.RunID, two.RunID)
	require.Regexp(t, `^r[a-z0-9]{10}$`, one.RunID)

	_, err = profile.Load(given("K6_RUN_ID", "../up"))
	require.ErrorContains(t, err, `K6_RUN_ID="../up": want letters`)
}

func TestObjectSpeaksTheNamesOfTheFile(t *testing.T) {
	t.Parallel()
	p, err := profile.Load(given("K6_PROFILE", "local-service"))
	require.NoError(t, err)
	object, err := p.Object()
	require.NoError(t, err)
	require.Equal(t, "local-service", object["name"])
	require.Equal(t, []any{"127.0.0.1:39092"}, object["brokers"])
	require.Equal(t, "5s", object["limits"].(map[string]any)["recovery"])

	text, err := json.Marshal(p)
	require.NoError(t, err)
	var back profile.Profile
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, *p, back)
}
