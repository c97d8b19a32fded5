package profile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/profile"
)

// process is a profile with such a section chaos.
func process(rest string) string {
	return kafka(`"chaos": {"platform": "process"` + rest + `}`)
}

const oneBroker = `{"id": 1, "address": "h:1", "start": ["x"]}`

func TestWrongProcessesAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, want string }{
		{process(``), "profiles.here.chaos: brokers is missing: chaos.platform process has to know how brokers are started"},
		{process(`, "brokers": []`), "profiles.here.chaos.brokers: [] is not allowed: at least one broker"},
		{
			kafka(`"chaos": {"spares": []}`),
			"profiles.here.chaos.spares: [] is not allowed: only while chaos.platform is process",
		},
		{
			kafka(`"chaos": {"platform": "embedded"}`),
			`chaos.platform: "embedded" is not allowed: embedded is only for system embedded`,
		},
		{
			`{"description": "d", "system": "embedded", "embedded": {}, "chaos": {"platform": "process", "brokers": [` + oneBroker + `]}}`,
			`profiles.here.chaos.platform: "process" is not allowed: embedded: brokers inside the k6 process`,
		},
		{
			`{"description": "d", "system": "embedded", "embedded": {}, ` +
				`"objectStore": {"endpoint": "http://h", "bucket": "bbb", "control": "http://h"}}`,
			"profiles.here.objectStore.control: \"http://h\" is not allowed: not for system embedded",
		},
		{process(`, "brokers": [{"id": 1, "start": ["x"]}]`), "profiles.here.chaos.brokers[0]: address is missing"},
		{
			process(`, "brokers": [{"id": 1, "address": "h:1", "start": []}]`),
			"profiles.here.chaos.brokers[0].start: [] is not allowed",
		},
		{process(`, "brokers": [{"id": -1, "address": "h:1", "start": ["x"]}]`), "brokers[0].id: -1 is not allowed"},
		{
			process(`, "brokers": [{"id": 1, "address": "h:1", "start": ["x"], "raedy": {}}]`),
			`unknown key "raedy": did you mean "ready"?`,
		},
		{process(`, "brokers": [{"id": 1, "address": "h:1", "start": ["${k5}"]}]`), "brokers[0].start[0]: \"${k5}\" is no command line " +
			"that could be filled in: unknown placeholder ${k5}: did you mean ${k6}?"},
		{process(`, "brokers": [{"id": 1, "address": "h:1", "start": ["${run"]}]`), "${run has no }"},
		{
			process(`, "brokers": [{"id": 1, "address": "h:1", "start": ["x"], "env": {"A": "${a}"}}]`),
			"brokers[0].env.A: is no command line",
		},
		{
			process(`, "brokers": [{"id": 1, "address": "h:1", "start": ["x"], "ready": {"port": 1, "http": "http://h"}}]`),
			"brokers[0].ready: is not allowed",
		},
		{
			process(`, "brokers": [` + oneBroker + `, {"id": 1, "address": "h:2", "start": ["x"]}]`),
			"chaos.brokers[1].id: 1 is the id of brokers[0], too",
		},
		{
			process(`, "brokers": [` + oneBroker + `], "spares": [{"id": 2, "address": "h:1", "start": ["x"]}]`),
			"chaos.spares[0].address: h:1 is the address of brokers[0], too",
		},
		{
			process(`, "brokers": [` + oneBroker + `], "processes": [{"name": "s", "start": ["x"]}]`),
			"processes[0]: ready is missing",
		},
		{
			process(`, "brokers": [` + oneBroker + `], "processes": [{"name": "s", "start": ["x"], "ready": {}}]`),
			"ready: wants exactly one of port, http",
		},
		{
			process(`, "brokers": [` + oneBroker + `], "processes": [{"name": "s", "start": ["x"], "ready": {"port": 1}}, ` +
				`{"name": "s", "start": ["y"], "ready": {"port": 2}}]`),
			"chaos.processes[1].name: s is the name of processes[0], too",
		},
		{kafka(`"chaos": {"lease": "-1s"}`), `chaos.lease: "-1s" is not a duration`},
		{
			kafka(`"objectStore": {"endpoint": "http://h", "bucket": "bbb", "proxy": {"listen": "0.0.0.0:1"}}`),
			`objectStore.proxy.listen: "0.0.0.0:1" is open to other machines`,
		},
		{
			kafka(`"objectStore": {"endpoint": "http://h", "bucket": "bbb", "proxy": {}}`),
			"objectStore.proxy: listen is missing",
		},
		{
			kafka(`"objectStore": {"endpoint": "http://h", "bucket": "bbb", "proxy": {"listen": "127.0.0.1:1"}, "control": "http://h"}`),
			"objectStore.proxy: is not allowed: one proxy is enough",
		},
	} {
		_, err := profile.Load(given("K6_PROFILES", file(t, c.body), "K6_PROFILE", "here"))
		require.ErrorContains(t, err, c.want, c.body)
	}
}

func TestListsOfProcessesComeAsJSON(t *testing.T) {
	t.Parallel()
	_, err := profile.Load(given("K6_PROFILE", "processes", "K6_PROFILE_CHAOS_BROKERS", `[{"id": 1}]`))
	require.ErrorContains(t, err, "variable K6_PROFILE_CHAOS_BROKERS: profiles.processes.chaos.brokers[0]: address, start is missing")
	_, err = profile.Load(given("K6_PROFILE", "processes", "K6_PROFILE_CHAOS_BROKERS", `[{`))
	require.ErrorContains(t, err, `chaos.brokers[0]: "[{" wants object, not string`)
	p, err := profile.Load(given("K6_PROFILE", "kafka-local", "K6_BROKERS", `["a:1", "b:2"]`))
	require.NoError(t, err)
	require.Equal(t, []string{"a:1", "b:2"}, p.Brokers)
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	env := func(name string) (string, bool) {
		return map[string]string{"NAME": "value", "EMPTY": ""}[name], name != "NONE"
	}
	for text, want := range map[string]string{
		"plain $HOME {x}":     "plain $HOME {x}",
		"${k6}":               "/bin/k6",
		"${run}/store":        "/results/r/store",
		"${NAME}-${NAME:-x}":  "value-value",
		"${EMPTY:-standard}":  "standard",
		"--lie=${NONE:-}":     "--lie=",
		"${NONE:-a:-b}${run}": "a:-b/results/r",
	} {
		got, err := profile.Expand(text, "/bin/k6", "/results/r", env)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for text, want := range map[string]string{
		"${NONE}":  "environment variable NONE is not set: set it, or write ${NONE:-…} with a default",
		"${EMPTY}": "environment variable EMPTY is not set",
		"${rum}":   "unknown placeholder ${rum}: did you mean ${run}?",
		"${}":      "unknown placeholder ${}",
		"${k6:-x}": "unknown placeholder ${k6}",
		"x ${NAME": "${NAME has no }",
	} {
		_, err := profile.Expand(text, "/bin/k6", "/results/r", env)
		require.ErrorContains(t, err, want, text)
	}
}

func TestTheClusterAsProcesses(t *testing.T) {
	t.Parallel()
	p, err := profile.Load(given("K6_PROFILE", "processes"))
	require.NoError(t, err)
	require.Equal(t, profile.ProcessPlatform, p.Chaos.Platform)
	require.Len(t, p.Chaos.Brokers, 1)
	require.Equal(t, p.Brokers[0], p.Chaos.Brokers[0].Address)
	require.Contains(t, p.Chaos.Brokers[0].Start, "http://"+p.ObjectStore.Proxy.Listen, "all its requests pass the proxy")
	access, secret, err := p.ObjectStore.Credentials(given().Env)
	require.NoError(t, err)
	require.Empty(t, access+secret)
}
