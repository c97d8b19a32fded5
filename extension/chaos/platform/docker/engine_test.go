package docker_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/chaos/platform/docker"
	"k6suite/extension/profile"
)

// realEngine is a Docker engine with an image of testdata/listener. What a test makes there ends with it.
type realEngine struct {
	*client.Client
	t *testing.T
}

const image = "k6suite-test-listener"

var built = sync.OnceValue(build)

func realOne(t *testing.T) *realEngine {
	t.Helper()
	if os.Getenv("K6SUITE_TEST_DOCKER") == "" {
		t.Skip("needs a Docker engine: K6SUITE_TEST_DOCKER=1 (and DOCKER_HOST); .ci/run docker starts one")
	}
	require.NoError(t, built())
	c, err := client.New(client.FromEnv)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return &realEngine{Client: c, t: t}
}

// build has an image FROM scratch that is nothing but the listener.
func build() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "k6suite-docker")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "listener")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "./testdata/listener")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	text, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	var files bytes.Buffer
	archive := tar.NewWriter(&files)
	for name, content := range map[string][]byte{
		"Dockerfile": []byte("FROM scratch\nCOPY listener /listener\nENTRYPOINT [\"/listener\"]\n"), "listener": text,
	} {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	c, err := client.New(client.FromEnv)
	if err != nil {
		return err
	}
	defer c.Close()
	answer, err := c.ImageBuild(ctx, &files, client.ImageBuildOptions{Tags: []string{image}, Remove: true})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	out, err := io.ReadAll(answer.Body)
	if err != nil || !bytes.Contains(out, []byte("Successfully tagged")) {
		return fmt.Errorf("the image was not built: %w: %s", err, out)
	}
	return nil
}

// run starts a container of the image, with these arguments.
func (e *realEngine) run(name string, host container.HostConfig, labels map[string]string, args ...string) {
	e.t.Helper()
	ctx := context.WithoutCancel(e.t.Context())
	config := container.Config{Image: image, Cmd: args, Labels: labels}
	for port := range host.PortBindings {
		config.ExposedPorts = network.PortSet{port: {}}
	}
	made, err := e.ContainerCreate(ctx, client.ContainerCreateOptions{Name: name, Config: &config, HostConfig: &host})
	require.NoError(e.t, err)
	e.t.Cleanup(func() {
		_, err := e.ContainerRemove(ctx, made.ID, client.ContainerRemoveOptions{Force: true})
		require.NoError(e.t, err)
	})
	_, err = e.ContainerStart(ctx, made.ID, client.ContainerStartOptions{})
	require.NoError(e.t, err)
}

// status is what the engine says of a container.
func (e *realEngine) status(name string) container.ContainerState {
	e.t.Helper()
	is, err := e.ContainerInspect(e.t.Context(), name, client.ContainerInspectOptions{})
	require.NoError(e.t, err)
	return is.Container.State.Status
}

// onHost runs a container on the host's network, and returns where it listens: a port below those that connections get by chance.
func (e *realEngine) onHost(name string, traits ...string) string {
	e.t.Helper()
	for {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(15000+rand.IntN(10000)))
		l, err := (&net.ListenConfig{}).Listen(e.t.Context(), "tcp", address)
		if err != nil {
			continue
		}
		require.NoError(e.t, l.Close())
		e.run(name, container.HostConfig{NetworkMode: "host"}, nil, append([]string{address}, traits...)...)
		return address
	}
}

// unique is a name that no other test has.
func unique(what string) string { return fmt.Sprintf("k6suite-%s-%08x", what, rand.Uint32()) }

func TestRealContainersAreKilledStoppedAndPaused(t *testing.T) {
	t.Parallel()
	e := realOne(t)
	one, deaf := unique("one"), unique("deaf")
	d := &profile.Docker{
		Host: "", Stop: profile.Duration(time.Second),
		Brokers: []profile.Container{
			{ID: 1, Address: e.onHost(one), Container: one}, {ID: 2, Address: e.onHost(deaf, "deaf"), Container: deaf},
		},
	}
	p, dir := open(t, d)
	ctx := t.Context()
	require.NoError(t, p.Kill(ctx, 1))
	require.Equal(t, map[int32]platform.State{1: platform.Dead, 2: platform.Running}, states(t, p))
	require.Equal(t, container.StateExited, e.status(one))
	require.NoError(t, p.Start(ctx, 1))
	require.NoError(t, p.Pause(ctx, 1))
	require.Equal(t, container.StatePaused, e.status(one))
	require.Equal(t, platform.Paused, states(t, p)[1])
	require.NoError(t, p.Resume(ctx, 1))
	require.NoError(t, p.Pause(ctx, 1))
	require.NoError(t, p.Kill(ctx, 1), "also one that is paused")
	require.NoError(t, p.Start(ctx, 1))
	require.NoError(t, p.Stop(ctx, 1))
	require.NoError(t, p.Start(ctx, 1))
	require.NoError(t, p.Stop(ctx, 2))
	require.Empty(t, p.Died())
	_, err := e.ContainerKill(ctx, one, client.ContainerKillOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(p.Died()) == 1 }, 10*time.Second, 10*time.Millisecond)
	require.Contains(t, p.Died()[0], "container "+one+" ended by itself (exit code 137); its last log lines")
	require.NoError(t, p.Close())
	require.Regexp(t, `(?s)^--- k6suite \S+: killed\n--- k6suite \S+: started\nserving 127`+
		`.*paused.*resumed.*asked to end\n(.*\n)?asked to end\n`, read(t, filepath.Join(dir, "broker-1.log")))
	require.Contains(t, read(t, filepath.Join(dir, "broker-2.log")), "did not end within 1s of SIGTERM: killed")
	require.Equal(t, container.StateRunning, e.status(deaf))
}

func TestARealContainerThatDoesNotServe(t *testing.T) {
	t.Parallel()
	e := realOne(t)
	name := unique("broken")
	address := e.onHost(name, "broken")
	_, err := docker.Open(t.Context(), docker.Options{Dir: t.TempDir(), Docker: &profile.Docker{
		Brokers: []profile.Container{{ID: 1, Address: address, Container: name}},
	}})
	require.ErrorContains(t, err, "container "+name+": it ended before it was ready (exit code 3); its last log lines")
	require.ErrorContains(t, err, "no disk is left")
}

// ofRealService runs the first container of a Compose service, on a network of its own, as docker compose up would.
func ofRealService(e *realEngine) (project string) {
	e.t.Helper()
	project = unique("project")
	ctx := context.WithoutCancel(e.t.Context())
	_, err := e.NetworkCreate(ctx, project+"_default", client.NetworkCreateOptions{Driver: "bridge"})
	require.NoError(e.t, err, "a Compose service needs a network")
	e.t.Cleanup(func() {
		_, err := e.NetworkRemove(ctx, project+"_default", client.NetworkRemoveOptions{})
		require.NoError(e.t, err)
	})
	host := container.HostConfig{
		NetworkMode: container.NetworkMode(project + "_default"),
		PortBindings: network.PortMap{
			network.MustParsePort("9092/tcp"): {{HostIP: netip.MustParseAddr("127.0.0.1")}},
		},
	}
	e.run(project+"-broker-1", host, map[string]string{
		"com.docker.compose.project": project, "com.docker.compose.service": "broker", "com.docker.compose.container-number": "1",
	}, ":9092")
	return project
}

func TestARealServiceIsScaledUpAndDown(t *testing.T) {
	t.Parallel()
	e := realOne(t)
	project := ofRealService(e)
	p, dir := open(t, &profile.Docker{Project: project, Service: "broker", Port: 9092})
	ctx := t.Context()
	for want := int32(2); want <= 3; want++ {
		id, err := p.Add(ctx)
		require.NoError(t, err)
		require.Equal(t, want, id)
	}
	all, err := p.Brokers(ctx)
	require.NoError(t, err)
	require.Len(t, all, 3)
	addresses := map[string]bool{}
	for _, b := range all {
		require.Equal(t, platform.Running, b.State)
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", b.Address)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		addresses[b.Address] = true
	}
	require.Len(t, addresses, 3, "each has a port of its own")
	listed, err := e.ContainerList(ctx, client.ContainerListOptions{
		Filters: client.Filters{}.Add("label", "com.docker.compose.project="+project, "com.docker.compose.service=broker"),
	})
	require.NoError(t, err)
	require.Len(t, listed.Items, 3, "Compose takes them for its own")
	require.NoError(t, p.Kill(ctx, 2))
	require.NoError(t, p.Start(ctx, 2))
	require.NoError(t, p.Remove(ctx, 3))
	require.NoError(t, p.Remove(ctx, 2))
	require.Equal(t, map[int32]platform.State{1: platform.Running}, states(t, p))
	id, err := p.Add(ctx)
	require.NoError(t, err)
	require.Equal(t, int32(2), id)
	require.NoError(t, p.Close())
	require.Contains(t, read(t, filepath.Join(dir, "broker-2.log")), "serving [::]:9092 2")
	listed, err = e.ContainerList(ctx, client.ContainerListOptions{
		All: true, Filters: client.Filters{}.Add("label", "com.docker.compose.project="+project),
	})
	require.NoError(t, err)
	require.Len(t, listed.Items, 1, "what was added is gone")
}

// A killed k6 can resume nothing. Who opens the same target next finds the container by its state, and the copy by its label.
func TestWhatAKilledRunHasPausedRunsAgainAfterTheNextStart(t *testing.T) {
	t.Parallel()
	e := realOne(t)
	project := ofRealService(e)
	cmd := exec.Command(os.Args[0], "play", project, "broker", t.TempDir())
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	defer in.Close()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "paused\n", line)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.Equal(t, container.StatePaused, e.status(project+"-broker-1"))
	require.Equal(t, container.StateRunning, e.status(project+"-broker-2"))

	p, _ := open(t, &profile.Docker{Project: project, Service: "broker", Port: 9092})
	require.Equal(t, container.StateRunning, e.status(project+"-broker-1"))
	require.Equal(t, map[int32]platform.State{1: platform.Running}, states(t, p))
	require.Equal(t, []string{
		"container " + project + "-broker-2 was left by a run that did not end well: removed",
		"container " + project + "-broker-1 was paused before the run: resumed",
	}, p.Notes())
}
