package profile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/profile"
)

// containers is a profile whose section chaos.docker is this.
func containers(section string) string {
	return kafka(`"chaos": {"platform": "docker", "docker": ` + section + `}`)
}

func TestWrongContainersAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, want string }{
		{
			kafka(`"chaos": {"platform": "docker"}`),
			"profiles.here.chaos: docker is missing: chaos.platform docker has to know which containers are brokers",
		},
		{kafka(`"chaos": {"docker": {"label": "l"}}`), "profiles.here.chaos.docker: is not allowed: only while chaos.platform is docker"},
		{containers(`{}`), "chaos.docker: wants exactly one of project, label, brokers"},
		{containers(`{"label": "l", "project": "p", "service": "s"}`), "chaos.docker: wants exactly one of project, label, brokers"},
		{containers(`{"project": "p"}`), "chaos.docker: project needs service"},
		{containers(`{"label": "=x"}`), `chaos.docker.label: "=x" is not allowed`},
		{containers(`{"label": "l", "host": "ssh://h"}`), `chaos.docker.host: "ssh://h" is not allowed: where the Docker engine listens`},
		{containers(`{"label": "l", "stop": "soon"}`), `chaos.docker.stop: "soon" is not a duration`},
		{containers(`{"label": "l", "port": 70000}`), "chaos.docker.port: 70000 "},
		{containers(`{"lable": "l"}`), `chaos.docker: unknown key "lable": did you mean "label"?`},
		{containers(`{"brokers": []}`), "chaos.docker.brokers: [] is not allowed"},
		{containers(`{"brokers": [{"id": 1, "address": "h:1"}]}`), "chaos.docker.brokers[0]: container is missing"},
		{containers(`{"brokers": [{"id": 1, "address": "h:1", "container": "-x"}]}`), `brokers[0].container: "-x" is not allowed`},
		{
			containers(`{"brokers": [{"id": 1, "address": "h:1", "container": "a"}], "spares": [{"id": 1, "address": "h:2", "container": "b"}]}`),
			"chaos.docker.spares[0].id: 1 is the id of brokers[0], too",
		},
		{
			containers(`{"brokers": [{"id": 1, "address": "h:1", "container": "a"}, {"id": 2, "address": "h:1", "container": "b"}]}`),
			"chaos.docker.brokers[1].address: h:1 is the address of brokers[0], too",
		},
		{
			containers(`{"brokers": [{"id": 1, "address": "h:1", "container": "a"}, {"id": 2, "address": "h:2", "container": "a"}]}`),
			"chaos.docker.brokers[1].container: a is the container of brokers[0], too",
		},
	} {
		_, err := profile.Load(given("K6_PROFILES", file(t, c.body), "K6_PROFILE", "here"))
		require.ErrorContains(t, err, c.want, c.body)
	}
}

func TestContainersOfAService(t *testing.T) {
	t.Parallel()
	body := containers(`{"project": "p", "service": "broker", "host": "unix:///run/docker.sock", "port": 9092}`)
	p, err := profile.Load(given("K6_PROFILES", file(t, body), "K6_PROFILE", "here", "K6_PROFILE_CHAOS_DOCKER_STOP", "3s"))
	require.NoError(t, err)
	require.Equal(t, &profile.Docker{
		Host: "unix:///run/docker.sock", Project: "p", Service: "broker", Port: 9092,
		Stop: profile.Duration(3 * time.Second), Ready: profile.Duration(time.Minute),
	}, p.Chaos.Docker)
}
