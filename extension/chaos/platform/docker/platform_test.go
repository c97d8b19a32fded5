package docker_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/chaos/platform/docker"
	"k6suite/extension/profile"
)

// at gives a container that listens on loopback.
func at(name string) *fakeContainer { return &fakeContainer{name: name, address: "127.0.0.1:0"} }

// byName is a profile that names containers, which have the ids 1, 2 and so on.
func byName(f *fake, names ...string) *profile.Docker {
	d := &profile.Docker{Host: f.host, Ready: profile.Duration(20 * time.Second)}
	for i, name := range names {
		d.Brokers = append(d.Brokers, profile.Container{ID: int32(i + 1), Address: f.find(name).address, Container: name})
	}
	return d
}

func open(t *testing.T, d *profile.Docker) (*docker.Platform, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	p, err := docker.Open(t.Context(), docker.Options{Docker: d, Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p, dir
}

func refused(t *testing.T, d *profile.Docker, want string) {
	t.Helper()
	_, err := docker.Open(t.Context(), docker.Options{Docker: d, Dir: t.TempDir()})
	require.ErrorContains(t, err, want)
}

func states(t *testing.T, p *docker.Platform) map[int32]platform.State {
	t.Helper()
	all, err := p.Brokers(t.Context())
	require.NoError(t, err)
	out := map[int32]platform.State{}
	for _, b := range all {
		out[b.ID] = b.State
	}
	return out
}

func TestBrokersAreKilledStoppedPausedAndStarted(t *testing.T) {
	t.Parallel()
	f := newFake(t, at("one"), at("two"))
	p, dir := open(t, byName(f, "one", "two"))
	require.Equal(t, "docker", p.Name())
	require.Equal(t, []platform.Change{platform.CanKill, platform.CanStop, platform.CanStart, platform.CanPause}, p.Can())
	require.GreaterOrEqual(t, p.Bound(), 20*time.Second)
	all, err := p.Brokers(t.Context())
	require.NoError(t, err)
	require.Equal(t, platform.Broker{ID: 1, Address: f.find("one").address, State: platform.Running}, all[0])

	ctx := t.Context()
	require.NoError(t, p.Kill(ctx, 1))
	require.Equal(t, map[int32]platform.State{1: platform.Dead, 2: platform.Running}, states(t, p))
	require.EqualError(t, p.Kill(ctx, 1), "container one is dead")
	require.NoError(t, p.Start(ctx, 1))
	require.EqualError(t, p.Start(ctx, 1), "container one is running")
	require.NoError(t, p.Pause(ctx, 1))
	require.Equal(t, platform.Paused, states(t, p)[1])
	require.EqualError(t, p.Pause(ctx, 1), "container one is paused")
	require.EqualError(t, p.Stop(ctx, 1), "container one is paused")
	require.NoError(t, p.Resume(ctx, 1))
	require.EqualError(t, p.Resume(ctx, 1), "container one is running")
	require.NoError(t, p.Pause(ctx, 1))
	require.NoError(t, p.Kill(ctx, 1), "also one that is paused")
	require.NoError(t, p.Start(ctx, 1))
	require.NoError(t, p.Stop(ctx, 2))
	require.NoError(t, p.Start(ctx, 2))
	require.EqualError(t, p.Kill(ctx, 3), "platform docker: there is no broker 3")
	_, err = p.Add(ctx)
	require.EqualError(t, err, "platform docker: no spare is left: add some to chaos.docker.spares of the profile")
	require.Empty(t, p.Died())
	require.Empty(t, p.Notes())
	require.Equal(t, []string{"started", "ended", "started", "ended", "started"}, p.Tail(1))
	require.Nil(t, p.Tail(3))

	require.NoError(t, p.Close())
	require.NoError(t, p.Close())
	require.EqualError(t, p.Kill(ctx, 1), "platform docker: it is closed")
	_, err = p.Add(ctx)
	require.EqualError(t, err, "platform docker: it is closed")
	text, err := os.ReadFile(filepath.Join(dir, "broker-1.log"))
	require.NoError(t, err)
	require.Regexp(t, `(?s)^started\n--- k6suite [0-9TZ:.-]+: killed\nended\n--- k6suite \S+: started\nstarted\n`+
		`--- k6suite \S+: paused\n.*: resumed\n`, string(text))
	require.FileExists(t, filepath.Join(dir, "broker-2.log"))
}

func TestWhoDoesNotHeedSIGTERMIsToldOfInTheLog(t *testing.T) {
	t.Parallel()
	one := at("one")
	one.deaf = true
	f := newFake(t, one)
	p, dir := open(t, byName(f, "one"))
	require.NoError(t, p.Stop(t.Context(), 1))
	require.NoError(t, p.Close())
	text, err := os.ReadFile(filepath.Join(dir, "broker-1.log"))
	require.NoError(t, err)
	require.Contains(t, string(text), "did not end within 10s of SIGTERM: killed")
	require.Equal(t, "running", f.state("one"), "it was stopped here, so it is started at the end")
}

func TestCloseLeavesBrokersRunning(t *testing.T) {
	t.Parallel()
	f := newFake(t, at("dead"), at("paused"))
	p, _ := open(t, byName(f, "dead", "paused"))
	require.NoError(t, p.Kill(t.Context(), 1))
	require.NoError(t, p.Pause(t.Context(), 2))
	require.NoError(t, p.Close())
	require.Equal(t, "running", f.state("dead"))
	require.Equal(t, "running", f.state("paused"))
}

func TestADeathThatNobodyAskedForIsTold(t *testing.T) {
	t.Parallel()
	f := newFake(t, at("one"), at("two"), at("three"))
	p, _ := open(t, byName(f, "one", "two", "three"))
	f.does("one", func(c *fakeContainer) { c.end(9) })
	f.does("two", func(c *fakeContainer) { c.end(0); c.start(t) })
	died := p.Died()
	require.Len(t, died, 2)
	require.Contains(t, died[0], "container one ended by itself (exit code 9); its last log lines (docker logs has more):\n  started\n  ended")
	require.Contains(t, died[1], "container two ended by itself, and was started again by somebody else at life 2 (a restart policy?)")
	require.Equal(t, died, p.Died(), "once each")
	require.Equal(t, platform.Dead, states(t, p)[1])
	require.NoError(t, p.Close())
	require.Equal(t, "exited", f.state("one"), "it is left as it is, for those who look into it")
}

func TestABrokerThatDoesNotComeBack(t *testing.T) {
	t.Parallel()
	f := newFake(t, at("broken"), at("silent"), at("taken"))
	d := byName(f, "broken", "silent", "taken")
	d.Ready = profile.Duration(3 * time.Second)
	p, _ := open(t, d)
	for id := int32(1); id <= 3; id++ {
		require.NoError(t, p.Kill(t.Context(), id))
	}
	f.does("broken", func(c *fakeContainer) { c.broken = true })
	require.EqualError(t, p.Start(t.Context(), 1), "container broken: it ended before it was ready (exit code 3)")

	address := f.find("silent").address
	f.does("silent", func(c *fakeContainer) { c.address = "" })
	require.EqualError(t, p.Start(t.Context(), 2), "container silent: "+address+" does not answer: it was given 3s (chaos.docker.ready)")
	require.Equal(t, "exited", f.state("silent"), "it is not left on its way")

	address = f.find("taken").address
	f.add(&fakeContainer{name: "other", address: address})
	require.EqualError(t, p.Start(t.Context(), 3),
		"container taken: "+address+" answers already: something else has taken it: end that, or correct the address")
	f.does("broken", func(c *fakeContainer) { c.broken = false })
	f.does("other", (*fakeContainer).hush)
	f.does("silent", func(c *fakeContainer) { c.address = d.Brokers[1].Address })
}

func TestAHealthCheckIsHeeded(t *testing.T) {
	t.Parallel()
	f := newFake(t, at("one"))
	p, _ := open(t, byName(f, "one"))
	require.NoError(t, p.Kill(t.Context(), 1))
	f.does("one", func(c *fakeContainer) { c.health = "starting" })
	back := make(chan error, 1)
	go func() { back <- p.Start(t.Context(), 1) }()
	require.Eventually(t, func() bool { return f.state("one") == "running" }, 10*time.Second, time.Millisecond)
	require.Equal(t, platform.Dead, states(t, p)[1], "it does not serve yet")
	select {
	case err := <-back:
		require.Fail(t, "it was not healthy yet", err)
	case <-time.After(100 * time.Millisecond):
	}
	f.does("one", func(c *fakeContainer) { c.health = "healthy" })
	require.NoError(t, <-back)
}

func TestWhatARunBeforeHasLeftIsPutRight(t *testing.T) {
	t.Parallel()
	dead := at("dead")
	f := newFake(t, at("paused"), dead, at("spare"), at("sleeping"))
	d := byName(f, "paused", "dead")
	for i, name := range []string{"spare", "sleeping"} {
		d.Spares = append(d.Spares, profile.Container{ID: int32(3 + i), Address: f.find(name).address, Container: name})
	}
	f.does("paused", func(c *fakeContainer) { c.paused = true })
	f.does("dead", func(c *fakeContainer) { c.end(137) })
	f.does("sleeping", func(c *fakeContainer) { c.paused = true })
	p, _ := open(t, d)
	require.Equal(t, []string{
		"container paused was paused before the run: resumed",
		"container dead did not run before the run (exit code 137): started",
		"container spare is a spare, and ran before the run: stopped",
		"container sleeping is a spare, and ran before the run: stopped",
	}, p.Notes())
	require.Equal(t, map[int32]platform.State{1: platform.Running, 2: platform.Running}, states(t, p))
	require.Equal(t, "exited", f.state("spare"))
	require.Empty(t, p.Died())
}

func TestSpares(t *testing.T) {
	t.Parallel()
	f := newFake(t, at("one"), at("extra"))
	d := byName(f, "one")
	d.Spares = []profile.Container{{ID: 7, Address: f.find("extra").address, Container: "extra"}}
	f.does("extra", func(c *fakeContainer) { c.end(0) })
	p, _ := open(t, d)
	require.Contains(t, p.Can(), platform.CanAdd)
	id, err := p.Add(t.Context())
	require.NoError(t, err)
	require.Equal(t, int32(7), id)
	require.Equal(t, map[int32]platform.State{1: platform.Running, 7: platform.Running}, states(t, p))
	_, err = p.Add(t.Context())
	require.ErrorContains(t, err, "no spare is left")
	require.NoError(t, p.Pause(t.Context(), 7))
	require.EqualError(t, p.Remove(t.Context(), 7), "platform docker: broker 7 is paused: only one that runs, or is dead, can be removed")
	require.NoError(t, p.Resume(t.Context(), 7))
	require.NoError(t, p.Remove(t.Context(), 7))
	require.NoError(t, p.Remove(t.Context(), 1))
	require.Empty(t, states(t, p))
	require.ErrorContains(t, p.Remove(t.Context(), 1), "there is no broker 1")
	id, err = p.Add(t.Context())
	require.NoError(t, err)
	require.Equal(t, int32(1), id, "the last that was removed")
	f.does("extra", func(c *fakeContainer) { c.broken = true })
	_, err = p.Add(t.Context())
	require.ErrorContains(t, err, "container extra: it ended before it was ready (exit code 3); its last log lines")
	f.does("extra", func(c *fakeContainer) { c.broken = false })
	_, err = p.Add(t.Context())
	require.NoError(t, err, "it is a spare still")
	require.NoError(t, p.Close())
	require.Equal(t, "running", f.state("one"))
	require.Equal(t, "exited", f.state("extra"))
}

// ofService is one container of the Compose service broker.
func ofService(n int, more map[string]string) *fakeContainer {
	c := &fakeContainer{
		name: fmt.Sprintf("p-broker-%d", n), address: "127.0.0.1:0", network: "p_default", ports: map[string]string{"9092/tcp": ""},
		labels: map[string]string{"com.docker.compose.project": "p", "com.docker.compose.service": "broker"},
	}
	c.labels["com.docker.compose.container-number"] = strconv.Itoa(n)
	for k, v := range more {
		c.labels[k] = v
	}
	return c
}

func service(f *fake) *profile.Docker {
	return &profile.Docker{Host: f.host, Project: "p", Service: "broker", Ready: profile.Duration(20 * time.Second)}
}

func TestAServiceIsScaledByCopies(t *testing.T) {
	t.Parallel()
	once := ofService(9, map[string]string{"com.docker.compose.oneoff": "True"})
	f := newFake(t, ofService(1, nil), ofService(2, nil), once)
	p, dir := open(t, service(f))
	require.Equal(t, map[int32]platform.State{1: platform.Running, 2: platform.Running}, states(t, p))
	id, err := p.Add(t.Context())
	require.NoError(t, err)
	require.Equal(t, int32(3), id)
	made := f.find("p-broker-3")
	require.NotNil(t, made)
	require.Equal(t, map[string]string{
		"com.docker.compose.project": "p", "com.docker.compose.service": "broker", "com.docker.compose.container-number": "3",
		"k6suite.copy": "true", "k6suite.broker.id": "3",
	}, made.labels)
	require.Equal(t, []string{"K6SUITE_BROKER_ID=3"}, made.env)
	require.Equal(t, []string{"p_default as broker", "other"}, f.networks)
	require.NoError(t, p.Kill(t.Context(), 3))
	require.NoError(t, p.Start(t.Context(), 3))
	id, err = p.Add(t.Context())
	require.NoError(t, err)
	require.Equal(t, int32(4), id)
	require.NoError(t, p.Remove(t.Context(), 3))
	require.Equal(t, "gone", f.state("p-broker-3"))
	require.NoError(t, p.Remove(t.Context(), 2))
	require.Equal(t, "exited", f.state("p-broker-2"), "Compose has made it")
	require.NoError(t, p.Close())
	require.Equal(t, "gone", f.state("p-broker-4"))
	require.Equal(t, "running", f.state("p-broker-2"))
	for _, name := range []string{"broker-2.log", "broker-3.log", "broker-4.log"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
}

func TestCopiesThatWereLeftAreRemoved(t *testing.T) {
	t.Parallel()
	f := newFake(t, ofService(1, nil), ofService(2, map[string]string{docker.LabelCopy: "true"}))
	p, _ := open(t, service(f))
	require.Equal(t, map[int32]platform.State{1: platform.Running}, states(t, p))
	require.Equal(t, []string{"container p-broker-2 was left by a run that did not end well: removed"}, p.Notes())
	require.Equal(t, "gone", f.state("p-broker-2"))
}

func TestACopyThatDoesNotServeIsRemoved(t *testing.T) {
	t.Parallel()
	f := newFake(t, ofService(1, nil))
	p, _ := open(t, service(f))
	f.mu.Lock()
	f.refuse["POST start"] = "no port is left"
	f.mu.Unlock()
	_, err := p.Add(t.Context())
	require.ErrorContains(t, err, "container p-broker-2: ")
	require.ErrorContains(t, err, "no port is left; it has logged nothing")
	require.Equal(t, "gone", f.state("p-broker-2"))
	require.Equal(t, map[int32]platform.State{1: platform.Running}, states(t, p))
}

func TestLabels(t *testing.T) {
	t.Parallel()
	two := at("two")
	two.labels, two.ports = map[string]string{"target": "a", docker.LabelID: "2"}, map[string]string{"9092/tcp": ""}
	five := at("five")
	five.labels = map[string]string{"target": "a", docker.LabelID: "5", docker.LabelAddress: "127.0.0.1:1"}
	other := at("other")
	other.labels = map[string]string{"target": "b"}
	f := newFake(t, two, five, other)
	f.does("five", func(c *fakeContainer) { c.labels[docker.LabelAddress] = c.address })
	p, _ := open(t, &profile.Docker{Host: f.host, Label: "target=a"})
	all, err := p.Brokers(t.Context())
	require.NoError(t, err)
	require.Equal(t, []platform.Broker{
		{ID: 2, Address: two.address, State: platform.Running}, {ID: 5, Address: five.address, State: platform.Running},
	}, all)
}

func TestAPortOfTheHostOrOfTheContainer(t *testing.T) {
	t.Parallel()
	host, own := at("host"), at("own")
	host.labels, own.labels = map[string]string{"a": "", docker.LabelID: "1"}, map[string]string{"b": "", docker.LabelID: "1"}
	own.network = "net"
	f := newFake(t, host, own)
	for label, c := range map[string]*fakeContainer{"a": host, "b": own} {
		var port int
		_, err := fmt.Sscanf(c.address, "127.0.0.1:%d", &port)
		require.NoError(t, err)
		p, _ := open(t, &profile.Docker{Host: f.host, Label: label, Port: port})
		all, err := p.Brokers(t.Context())
		require.NoError(t, err)
		require.Equal(t, c.address, all[0].Address)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}
