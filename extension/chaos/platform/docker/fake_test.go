package docker_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is a Docker engine whose containers are listeners of this process.
type fake struct {
	t    *testing.T
	host string

	mu         sync.Mutex
	containers []*fakeContainer
	refuse     map[string]string // "POST kill" → what the engine says
	calls      []string
	networks   []string // that were connected
	made       int
}

// fakeContainer is one container. Its address, if it has one, accepts connections while it runs.
type fakeContainer struct {
	id, name string
	labels   map[string]string
	env      []string
	address  string // where it listens; "": nowhere
	network  string // host, or that of a project
	ports    map[string]string
	rm       bool
	broken   bool // ends at once when it is started
	deaf     bool // to SIGTERM
	tty      bool
	health   string
	logs     []string

	running, paused bool
	exit            int
	lives           int
	listener        net.Listener
}

func newFake(t *testing.T, containers ...*fakeContainer) *fake {
	t.Helper()
	f := &fake{t: t, refuse: map[string]string{}}
	server := httptest.NewServer(http.HandlerFunc(f.serve))
	f.host = "tcp://" + server.Listener.Addr().String()
	for _, c := range containers {
		f.add(c)
	}
	t.Cleanup(func() {
		server.Close()
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, c := range f.containers {
			c.hush()
		}
	})
	return f
}

// add has one container more, which runs unless its exit says otherwise.
func (f *fake) add(c *fakeContainer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made++
	c.id = fmt.Sprintf("%064x", f.made)
	f.containers = append(f.containers, c)
	if c.exit == 0 {
		c.start(f.t)
	}
}

func (c *fakeContainer) start(t *testing.T) {
	t.Helper()
	c.lives++
	c.log("started")
	if c.broken {
		c.exit = 3
		c.log("no disk is left")
		return
	}
	c.running, c.exit = true, 0
	if c.address == "" {
		return
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", c.address)
	if err != nil {
		c.running, c.exit = false, 1
		c.log(err.Error())
		return
	}
	c.address, c.listener = listener.Addr().String(), listener
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("k"))
		}
	}()
}

// hush has it listen no more.
func (c *fakeContainer) hush() {
	c.running, c.paused = false, false
	if c.listener != nil {
		_ = c.listener.Close()
		c.listener = nil
	}
}

func (c *fakeContainer) end(exit int) {
	c.hush()
	c.exit = exit
	c.log("ended")
}

func (c *fakeContainer) log(text string) {
	c.logs = append(c.logs, time.Now().UTC().Format(time.RFC3339Nano)+" "+text)
}

func (f *fake) find(ref string) *fakeContainer {
	i := slices.IndexFunc(f.containers, func(c *fakeContainer) bool { return c.id == ref || c.name == ref })
	if i < 0 {
		return nil
	}
	return f.containers[i]
}

// does changes a container behind the platform's back.
func (f *fake) does(name string, what func(*fakeContainer)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	what(f.find(name))
}

// state says what a container does.
func (f *fake) state(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.find(name)
	switch {
	case c == nil:
		return "gone"
	case c.paused:
		return "paused"
	case c.running:
		return "running"
	}
	return "exited"
}

func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status = http.StatusTeapot
	}
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func fail(w http.ResponseWriter, status int, text string) {
	answer(w, status, map[string]string{"message": text})
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Api-Version", "1.41")
	w.Header().Set("Content-Type", "application/json")
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1.41"), "/")[1:]
	call := r.Method + " " + path[len(path)-1]
	if r.Method == http.MethodDelete {
		call = "DELETE"
	}
	f.calls = append(f.calls, call)
	if text, refused := f.refuse[call]; refused {
		fail(w, http.StatusInternalServerError, text)
		return
	}
	switch {
	case path[0] == "_ping":
	case path[0] == "networks":
		f.networks = append(f.networks, path[1])
	case call == "GET json" && len(path) == 2:
		f.list(w, r)
	case call == "POST create":
		f.create(w, r)
	default:
		c := f.find(path[1])
		if c == nil {
			fail(w, http.StatusNotFound, "No such container: "+path[1])
			return
		}
		f.one(w, r, call, c)
	}
}

func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	var filters map[string]map[string]bool
	_ = json.Unmarshal([]byte(r.URL.Query().Get("filters")), &filters)
	out := []map[string]any{}
	for _, c := range f.containers {
		fits := true
		for want := range filters["label"] {
			key, value, exact := strings.Cut(want, "=")
			has, given := c.labels[key]
			fits = fits && given && (!exact || has == value)
		}
		if fits {
			out = append(out, map[string]any{"Id": c.id, "Names": []string{"/" + c.name}, "Labels": c.labels})
		}
	}
	answer(w, http.StatusOK, out)
}

func (f *fake) create(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Labels           map[string]string
		Env              []string
		HostConfig       struct{ NetworkMode string }
		NetworkingConfig struct {
			EndpointsConfig map[string]struct{ Aliases []string }
		}
	}
	_ = json.NewDecoder(r.Body).Decode(&asked)
	f.made++
	c := &fakeContainer{
		id: fmt.Sprintf("%064x", f.made), name: r.URL.Query().Get("name"), labels: asked.Labels, env: asked.Env,
		network: asked.HostConfig.NetworkMode, address: "127.0.0.1:0", ports: map[string]string{"9092/tcp": ""}, exit: 1,
	}
	for _, e := range asked.Env {
		if address, told := strings.CutPrefix(e, "K6SUITE_BROKER_ADDRESS="); told {
			c.address, c.ports = address, nil
		}
	}
	for network, at := range asked.NetworkingConfig.EndpointsConfig {
		f.networks = append(f.networks, network+" as "+strings.Join(at.Aliases, ","))
	}
	f.containers = append(f.containers, c)
	answer(w, http.StatusOK, map[string]any{"Id": c.id})
}

func (f *fake) one(w http.ResponseWriter, r *http.Request, call string, c *fakeContainer) {
	switch call {
	case "GET json":
		answer(w, http.StatusOK, c.inspect())
	case "GET logs":
		c.tell(w, r)
	case "POST start":
		c.start(f.t)
	case "POST kill":
		c.end(137)
	case "POST stop":
		exit := 0
		if c.deaf {
			exit = 137
		}
		c.end(exit)
	case "POST pause":
		c.paused = true
	case "POST unpause":
		c.paused = false
	case "DELETE":
		c.hush()
		f.containers = slices.DeleteFunc(f.containers, func(other *fakeContainer) bool { return other == c })
	default:
		fail(w, http.StatusNotImplemented, call)
	}
}

func (c *fakeContainer) inspect() map[string]any {
	state := map[string]any{
		"Running": c.running, "Paused": c.paused, "ExitCode": c.exit, "StartedAt": "life " + strconv.Itoa(c.lives),
	}
	if c.health != "" {
		state["Health"] = map[string]any{"Status": c.health}
	}
	ports := map[string]any{}
	for port := range c.ports {
		if _, at, err := net.SplitHostPort(c.address); err == nil && c.running {
			ports[port] = []map[string]string{{"HostIp": "0.0.0.0", "HostPort": at}}
		}
	}
	mode, networks := c.network, map[string]any{}
	if mode == "" {
		mode = "host"
	}
	if mode != "host" && mode != "none" {
		networks[mode] = map[string]any{"Aliases": []string{c.name, c.id[:12], "broker"}, "IPAddress": "127.0.0.1"}
		networks["other"] = map[string]any{"Aliases": []string{c.id[:12]}}
	}
	return map[string]any{
		"Id": c.id, "Name": "/" + c.name, "Image": "sha256:1", "State": state,
		"Config": map[string]any{"Labels": c.labels, "Env": c.env, "Tty": c.tty, "Image": "i", "Hostname": c.id[:12]},
		"HostConfig": map[string]any{
			"AutoRemove": c.rm, "NetworkMode": mode,
			"PortBindings": map[string]any{"9092/tcp": []map[string]string{{"HostIp": "127.0.0.1", "HostPort": "9092"}}},
		},
		"NetworkSettings": map[string]any{"Ports": ports, "Networks": networks},
	}
}

// tell gives its log: in frames of two streams, or, for a terminal, as it is.
func (c *fakeContainer) tell(w http.ResponseWriter, r *http.Request) {
	lines := c.logs
	if n, err := strconv.Atoi(r.URL.Query().Get("tail")); err == nil {
		lines = lines[max(len(lines)-n, 0):]
	}
	for i, line := range lines {
		text := []byte(line + "\n")
		if !c.tty {
			head := make([]byte, 8)
			head[0] = byte(1 + i%2)
			binary.BigEndian.PutUint32(head[4:], uint32(len(text)))
			_, _ = w.Write(head)
		}
		_, _ = w.Write(text)
	}
}
