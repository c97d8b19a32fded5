package profile_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/config"
	"k6suite/extension/profile"
)

func TestEveryValueHasAVariable(t *testing.T) {
	t.Parallel()
	p, err := profile.Load(given(
		"K6_PROFILE", "local-service",
		"K6_PROFILE_DESCRIPTION", "mine",
		"K6_PROFILE_SYSTEM", "other",
		"K6_PROFILE_BROKERS", "127.0.0.1:1, [::1]:2",
		"K6_PROFILE_CLAIMS_STATELESS", "false",
		"K6_PROFILE_CLAIMS_ACLS", "true",
		"K6_PROFILE_PRINCIPALS", `[{"name": "alice", "clientId": "a", "owns": "a-"}, {"name": "bob", "sasl":
			{"mechanism": "PLAIN", "user": "b", "passwordEnv": "PASSWORD"}, "user": "User:b"}]`,
		"K6_PROFILE_LIMITS_DUPLICATE_BUDGET", "7",
		"K6_PROFILE_LIMITS_RECOVERY", "90s",
		"K6_PROFILE_TOPICS_REPLICATION_FACTOR", "3",
		"K6_PROFILE_CLIENT_MAX_VERSION", "2.8",
		"K6_PROFILE_CLIENT_TLS_ENABLED", "true",
		"K6_PROFILE_CLIENT_SASL_MECHANISM", "PLAIN",
		"K6_PROFILE_CLIENT_SASL_USER", "u",
		"K6_PROFILE_CLIENT_SASL_PASSWORD_ENV", "PASSWORD",
		"K6_PROFILE_OBJECT_STORE_BUCKET", "elsewhere",
		"K6_PROFILE_METRICS", "http://a:1/m,http://b:1/m",
		"K6_PROFILE_CHAOS_PLATFORM", "process",
		"K6_PROFILE_CHAOS_LEASE", "3s",
		"K6_PROFILE_CHAOS_BROKERS", `[{"id": 1, "address": "h:1", "start": ["run", "it"]}]`,
		"K6_PROFILE_OBJECT_STORE_PROXY_LISTEN", "127.0.0.1:1",
		"K6_PROFILE_CHAOS_KAFKA_PROXY", "mirror",
	))
	require.NoError(t, err)
	require.Equal(t, "mine", p.Description)
	require.Equal(t, "other", p.System)
	require.Equal(t, []string{"127.0.0.1:1", "[::1]:2"}, p.Brokers)
	require.False(t, p.Claims.Stateless)
	require.True(t, p.Claims.ACLs)
	require.Equal(t, []profile.Principal{
		{Name: "alice", ClientID: "a", Owns: "a-"},
		{Name: "bob", User: "User:b", SASL: &profile.SASL{Mechanism: "PLAIN", User: "b", PasswordEnv: "PASSWORD"}},
	}, p.Principals)
	require.True(t, p.Claims.ObjectStorage, "what no variable names stays")
	require.Equal(t, int64(7), p.Limits.DuplicateBudget)
	require.Equal(t, 90*time.Second, time.Duration(p.Limits.Recovery))
	require.Equal(t, int16(3), p.Topics.ReplicationFactor)
	require.Equal(t, "2.8", p.Client.MaxVersion)
	require.True(t, p.Client.TLS.Enabled)
	require.Equal(t, &profile.SASL{Mechanism: "PLAIN", User: "u", PasswordEnv: "PASSWORD"}, p.Client.SASL)
	require.Equal(t, "elsewhere", p.ObjectStore.Bucket)
	require.Equal(t, "http://127.0.0.1:9000", p.ObjectStore.Endpoint)
	require.Equal(t, []string{"http://a:1/m", "http://b:1/m"}, p.Metrics)
	require.Equal(t, &profile.Chaos{
		Platform: profile.ProcessPlatform, KafkaProxy: profile.MirrorProxy, Lease: profile.Duration(3 * time.Second),
		Brokers: []profile.Broker{{ID: 1, Address: "h:1", Command: profile.Command{
			Start: []string{"run", "it"}, Ready: profile.Ready{Timeout: profile.Duration(30 * time.Second)},
		}}},
	}, p.Chaos)
	require.Equal(t, "127.0.0.1:1", p.ObjectStore.Proxy.Listen)
}

func TestEmbeddedTargetOverridden(t *testing.T) {
	t.Parallel()
	p, err := profile.Load(given("K6_PROFILE_EMBEDDED_BROKERS", "5", "K6_PROFILE_EMBEDDED_STORE_DIR", "/somewhere"))
	require.NoError(t, err)
	want := &profile.EmbeddedTarget{Brokers: 5, Partitions: 3, StoreDir: "/somewhere", Principals: profile.PrincipalsBySASL}
	require.Equal(t, want, p.Embedded)
}

func TestTLSOfTheEmbeddedTargetIsClaimedAndUsed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]profile.ServerTLS{
		"false": profile.NoTLS, "": profile.NoTLS, "true": profile.WithTLS, "mutual": profile.MutualTLS,
	} {
		p, err := profile.Load(given("K6_PROFILE_EMBEDDED_TLS", text))
		require.NoError(t, err)
		require.Equal(t, want, p.Embedded.TLS)
		require.Equal(t, want != profile.NoTLS, p.Claims.TLS)
		require.Equal(t, want != profile.NoTLS, p.Client.TLS.Enabled)

		object, err := p.Object()
		require.NoError(t, err)
		again := &profile.Profile{}
		written, err := json.Marshal(object)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(written, again))
		require.Equal(t, want, again.Embedded.TLS)
	}
	p, err := profile.Load(given("K6_PROFILE_EMBEDDED_TLS", "true", "K6_TARGET", "kafka"))
	require.NoError(t, err)
	require.False(t, p.Claims.TLS, "reduced")
	require.True(t, p.Client.TLS.Enabled)

	require.ErrorContains(t, json.Unmarshal([]byte(`{"embedded": {"tls": "yes"}}`), p), `want true, false or "mutual"`)
}

func TestWrongOverridesNameTheVariable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ variable, value, want string }{
		{"K6_PROFILE_CLAIMS_ACLS", "yes", `variable K6_PROFILE_CLAIMS_ACLS: profiles.embedded.claims.acls: "yes" wants boolean, not string`},
		{"K6_PROFILE_EMBEDDED_BROKERS", "three", `profiles.embedded.embedded.brokers: "three" wants integer, not string`},
		{"K6_PROFILE_EMBEDDED_BROKERS", "101", "profiles.embedded.embedded.brokers: 101 is not allowed"},
		{"K6_PROFILE_LIMITS_RECOVERY", "5", `profiles.embedded.limits.recovery: "5" is not a duration`},
		{"K6_PROFILE_OBJECT_STORE_BUCKET", "bbb", "K6_PROFILE_OBJECT_STORE_BUCKET: profiles.embedded.objectStore: endpoint is missing"},
		{"K6_BROKERS", "h:1", "K6_BROKERS: profiles.embedded.brokers: [\"h:1\"] is not allowed: must be empty"},
		{"K6_PROFILE_METRICS", "http://h:1", "K6_PROFILE_METRICS: profiles.embedded.metrics: [\"http://h:1\"] is not allowed: must be empty"},
		{"K6_PROFILE_BROKER", "h:1", "K6_PROFILE_BROKER overrides nothing in a profile: did you mean K6_PROFILE_BROKERS?"},
		{"K6_PROFILE_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ", "h:1", "overrides nothing in a profile: the names are K6_PROFILE_"},
		{"K6_PROFILE_PRINCIPALS", `[{"name": "alice", "clientId": "a"}]`, "must be empty: the embedded target has alice and bob"},
		{"K6_PROFILE_EMBEDDED_TLS", "yes", `profiles.embedded.embedded.tls: "yes" is not one of false, true, mutual`},
		{"K6_PROFILE_CLAIMS_TLS", "true", "embedded.tls: false is not allowed: true or mutual, because claims.tls promises TLS"},
		{"K6_PROFILE_EMBEDDED_PRINCIPALS", "name", `profiles.embedded.embedded.principals: "name"`},
	} {
		_, err := profile.Load(given(c.variable, c.value))
		require.ErrorContains(t, err, c.want)
	}
	for principals, want := range map[string]string{
		"":                                 "exactly two",
		`[{"name": "alice"}]`:              "profiles.kafka-local.principals",
		`[{"name": "a", "clientId": "a"}]`: "exactly two",
	} {
		_, err := profile.Load(given("K6_PROFILE", "kafka-local", "K6_PROFILE_CLAIMS_ACLS", "true", "K6_PROFILE_PRINCIPALS", principals))
		require.ErrorContains(t, err, want)
	}
	_, err := profile.Load(given("K6_PROFILE", "kafka-local", "K6_BROKERS", "a:1", "K6_PROFILE_BROKERS", "b:1"))
	require.ErrorContains(t, err, "K6_PROFILE_BROKERS and K6_BROKERS say different things")
}

func TestVariableSetToNothingIsNotSet(t *testing.T) {
	t.Parallel()
	p, err := profile.Load(given(
		"K6_PROFILE", "", "K6_PROFILE_LIMITS_RECOVERY", "", "K6_PROFILE_NO_SUCH", "", "K6_TARGET", "", "K6_RUN_ID", "",
	))
	require.NoError(t, err)
	require.Equal(t, "embedded", p.Name)
	require.Equal(t, 5*time.Second, time.Duration(p.Limits.Recovery))
}

// Whatever secret lands in a place where none belongs must not come back in an error.
func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	const hidden = "hunter-2"
	inFile := file(t, kafka(`"client": {"sasl": {"mechanism": "PLAIN", "user": "u", "password": "`+hidden+`"}}`))
	for _, o := range []profile.Options{
		given("K6_PROFILE", "kafka-local", "K6_PROFILE_CLIENT_SASL_PASSWORD", hidden),
		given("K6_PROFILE", "kafka-local", "K6_PROFILE_CLIENT_SASL_PASSWORD_ENV", hidden),
		given("K6_PROFILE", "local-service", "K6_PROFILE_OBJECT_STORE_SECRET_KEY_ENV", hidden),
		given("K6_PROFILE", "local-service", "K6_PROFILE_OBJECT_STORE_ENDPOINT", "http://user:"+hidden+"@host:1"),
		given("K6_PROFILE", "local-service", "K6_PROFILE_METRICS", "http://user:"+hidden+"@host:1"),
		given("K6_PROFILE", "here", "K6_PROFILES", inFile),
	} {
		_, err := profile.Load(o)
		require.Error(t, err)
		require.NotContains(t, err.Error(), hidden)
	}
}

func TestSecretsAreReadWhereTheProfileSays(t *testing.T) {
	t.Parallel()
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"P": "from-env", "A": "access", "S": "secret", "EMPTY": ""}[name]
		return v, ok
	}
	password, err := (&profile.SASL{User: "u", PasswordEnv: "P"}).Password(env)
	require.NoError(t, err)
	require.Equal(t, "from-env", password)

	inFile := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(inFile, []byte("from-file\n"), 0o600))
	password, err = (&profile.SASL{User: "u", PasswordFile: inFile}).Password(env)
	require.NoError(t, err)
	require.Equal(t, "from-file", password)

	_, err = (&profile.SASL{User: "u", PasswordEnv: "EMPTY"}).Password(env)
	require.ErrorContains(t, err, "client.sasl.passwordEnv: environment variable EMPTY is not set")
	_, err = (&profile.SASL{User: "u", PasswordFile: inFile + "x"}).Password(env)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(inFile, nil, 0o600))
	_, err = (&profile.SASL{User: "u", PasswordFile: inFile}).Password(env)
	require.ErrorContains(t, err, "is empty")

	access, secret, err := (&profile.ObjectStore{AccessKeyEnv: "A", SecretKeyEnv: "S"}).Credentials(env)
	require.NoError(t, err)
	require.Equal(t, []string{"access", "secret"}, []string{access, secret})
	_, _, err = (&profile.ObjectStore{AccessKeyEnv: "A", SecretKeyEnv: "NONE"}).Credentials(env)
	require.ErrorContains(t, err, "objectStore.secretKeyEnv: environment variable NONE is not set")
	_, _, err = (&profile.ObjectStore{AccessKeyEnv: "NONE", SecretKeyEnv: "S"}).Credentials(env)
	require.ErrorContains(t, err, "objectStore.accessKeyEnv")
}

// The structs and the schema must name the same keys: a claim that only one of them knows would judge nothing.
func TestClaimsMapHasTheKeysOfTheSchema(t *testing.T) {
	t.Parallel()
	var schema struct {
		Defs struct {
			Claims struct {
				Properties map[string]any `json:"properties"`
			} `json:"claims"`
		} `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(config.Schema(), &schema))
	text, err := json.Marshal(profile.Claims{})
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(text, &fields))
	claims := profile.Claims{}.Map()
	require.Len(t, claims, len(schema.Defs.Claims.Properties))
	for claim := range claims {
		require.Contains(t, schema.Defs.Claims.Properties, claim)
		require.Contains(t, fields, claim)
	}
}
