package docker_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/platform/docker"
	"k6suite/extension/profile"
)

func TestNoEngineSaysWhereItWasLookedFor(t *testing.T) {
	t.Parallel()
	nowhere := "unix://" + filepath.Join(t.TempDir(), "none")
	_, err := docker.Open(t.Context(), docker.Options{Docker: &profile.Docker{Host: nowhere, Label: "l"}, Dir: t.TempDir()})
	require.ErrorContains(t, err, "platform docker: no Docker engine answers at "+nowhere)
	require.ErrorContains(t, err,
		"start it (dockerd, or the service docker), or say where it is: chaos.docker.host of the profile, or DOCKER_HOST")
	refused(t, &profile.Docker{Host: "nonsense", Label: "l"}, "correct chaos.docker.host, or DOCKER_HOST")
	_, err = docker.Open(t.Context(), docker.Options{Dir: t.TempDir()})
	require.EqualError(t, err, "platform docker: the profile names no container: chaos.docker")
	_, err = docker.Open(t.Context(), docker.Options{Docker: &profile.Docker{}})
	require.EqualError(t, err, "platform docker: it needs a folder for the containers' logs")
}

func TestContainersThatAreNotAsTheProfileSays(t *testing.T) {
	t.Parallel()
	rm := at("rm")
	rm.rm = true
	with := func(name string, labels map[string]string) *fakeContainer {
		return &fakeContainer{name: name, labels: labels, network: "none"}
	}
	f := newFake(t, rm, at("one"), with("nameless", map[string]string{"nameless": ""}),
		with("odd", map[string]string{"odd": "", docker.LabelID: "x"}),
		with("a", map[string]string{"twice": "", docker.LabelID: "1"}), with("b", map[string]string{"twice": "", docker.LabelID: "1"}),
		with("placeless", map[string]string{"placeless": "", docker.LabelID: "1"}),
		with("copy", map[string]string{"copy": "", docker.LabelID: "1", docker.LabelCopy: "true"}))
	label := func(l string) *profile.Docker { return &profile.Docker{Host: f.host, Label: l} }
	named := byName(f, "one")
	named.Brokers[0].Container = "missing"
	refused(t, named, "chaos.docker.brokers[0]: there is no container missing at "+f.host+": make it (docker create")
	refused(t, byName(f, "rm"), "container rm was made with --rm: it would be gone once it is killed")
	refused(t, label("none"), "there is no container with label none at "+f.host+": start the target (docker compose up -d)")
	refused(t, service(f), "there is no container of service broker in Compose project p at")
	refused(t, label("nameless"), "container nameless has no label k6suite.broker.id: give it one with the broker's node id")
	refused(t, label("odd"), `container odd: label k6suite.broker.id="x": want a broker's node id, a whole number`)
	refused(t, label("twice"), "has the broker id 1, and ")
	refused(t, label("placeless"),
		"container placeless: nothing says where it listens: give it the label k6suite.broker.address, or set chaos.docker.port")
	port := label("placeless")
	port.Port = 9092
	refused(t, port, "it does not publish port 9092, and has no address of its own")
	refused(t, label("copy"), "all containers were copies of a run before")
}

func TestABrokerThatDoesNotServeAtTheStart(t *testing.T) {
	t.Parallel()
	f := newFake(t, at("one"))
	d := byName(f, "one")
	d.Ready = profile.Duration(time.Second)
	f.does("one", func(c *fakeContainer) {
		c.hush()
		c.running = true
		c.log("still thinking")
	})
	refused(t, d, "does not answer: it was given 1s (chaos.docker.ready); "+
		"its last log lines (docker logs has more):\n  started\n  still thinking")
}

// What the engine refuses is an error that has its words, and the container's name.
func TestWhatTheEngineRefuses(t *testing.T) {
	t.Parallel()
	f := newFake(t, ofService(1, nil), ofService(2, nil))
	p, _ := open(t, service(f))
	refuse := func(call string) {
		f.mu.Lock()
		defer f.mu.Unlock()
		clear(f.refuse)
		if call != "" {
			f.refuse[call] = "the engine is tired"
		}
	}
	ctx := t.Context()
	for call, do := range map[string]func() error{
		"POST kill":    func() error { return p.Kill(ctx, 1) },
		"POST stop":    func() error { return p.Stop(ctx, 1) },
		"POST pause":   func() error { return p.Pause(ctx, 1) },
		"POST create":  func() error { _, err := p.Add(ctx); return err },
		"POST connect": func() error { _, err := p.Add(ctx); return err },
		"GET json":     func() error { _, err := p.Brokers(ctx); return err },
	} {
		refuse(call)
		err := do()
		require.ErrorContains(t, err, "the engine is tired", call)
		require.ErrorContains(t, err, "p-broker-1", call)
		refuse("")
	}
	require.Equal(t, "gone", f.state("p-broker-3"), "what could not be connected is not left")
	require.NoError(t, p.Pause(ctx, 2))
	refuse("POST unpause")
	require.ErrorContains(t, p.Resume(ctx, 2), "container p-broker-2: ")
	refuse("")
	require.NoError(t, p.Resume(ctx, 2))
	f.does("p-broker-2", func(c *fakeContainer) { c.labels = nil; c.id = strings.Repeat("f", 64) })
	require.ErrorContains(t, p.Kill(ctx, 2), "container p-broker-2: ", "somebody has removed it")
	require.Len(t, p.Died(), 1)
	f.does("p-broker-2", func(c *fakeContainer) { c.id = strings.Repeat("0", 63) + "2" })
}

func TestALogThatCannotBeRead(t *testing.T) {
	t.Parallel()
	one := at("one")
	one.tty = true
	f := newFake(t, one)
	p, dir := open(t, byName(f, "one"))
	require.Equal(t, []string{"started"}, p.Tail(1), "a terminal has one stream")
	f.mu.Lock()
	f.refuse["GET logs"] = "configured logging driver does not support reading"
	f.mu.Unlock()
	require.Empty(t, p.Tail(1))
	require.NoError(t, p.Close())
	require.Contains(t, read(t, filepath.Join(dir, "broker-1.log")),
		"the engine does not give its log: Error response from daemon: configured logging driver does not support reading")
}
