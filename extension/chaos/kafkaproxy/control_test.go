package kafkaproxy_test

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/kafkaproxy"
)

// command is a request to a proxy's control.
type command struct {
	method, path, body string
	host, origin       string
}

// controlled serves the control of a proxy. Do sends a command, and reads the answer into answer.
func controlled(t *testing.T, p *kafkaproxy.Proxy) (do func(c command, answer any) int) {
	t.Helper()
	server := httptest.NewServer(kafkaproxy.Control(p))
	t.Cleanup(server.Close)
	return func(c command, answer any) int {
		t.Helper()
		r, err := http.NewRequestWithContext(testContext(t), c.method, server.URL+c.path, strings.NewReader(c.body))
		require.NoError(t, err)
		if c.host != "" {
			r.Host = c.host
		}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		response, err := server.Client().Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		require.Equal(t, "application/json", response.Header.Get("Content-Type"))
		var text bytes.Buffer
		_, err = text.ReadFrom(response.Body)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text.Bytes(), answer), "%s", &text)
		return response.StatusCode
	}
}

// told is how the control tells of a fault.
type told struct {
	ID            int64
	Spec          map[string]any
	Hits, Records int64
	Active        bool
	Error, Lease  string
}

func TestRulesComeAndGoOverHTTP(t *testing.T) {
	t.Parallel()
	for _, single := range modes() {
		cluster := fake(t, kfake.SeedTopics(3, "t", "other"))
		p := start(t, kafkaproxy.Options{Brokers: cluster.ListenAddrs(), SingleEndpoint: single})
		do := controlled(t, p)
		var all []told
		require.Equal(t, http.StatusOK, do(command{method: "GET", path: "/rules"}, &all))
		require.Empty(t, all)

		var one told
		require.Equal(t, http.StatusCreated, do(command{
			method: "POST", path: "/rules", body: `{"api": "Produce", "topic": "t", "action": "drop"}`,
		}, &one))
		require.Equal(t, told{ID: 1, Spec: map[string]any{"api": "Produce", "topic": "t", "action": "drop"}, Active: true}, one)

		cl := client(t, p.Addresses())
		for _, topic := range []string{"t", "t", "other"} {
			r := kgo.StringRecord("a")
			r.Topic = topic
			require.NoError(t, cl.ProduceSync(testContext(t), r).FirstErr())
		}
		one = told{}
		require.Equal(t, http.StatusOK, do(command{method: "GET", path: "/rules/1"}, &one))
		require.Equal(t, []any{int64(2), int64(2), true}, []any{one.Hits, one.Records, one.Active})
		one = told{}
		require.Equal(t, http.StatusOK, do(command{method: "DELETE", path: "/rules/1"}, &one))
		require.Equal(t, []any{int64(2), int64(2), false}, []any{one.Hits, one.Records, one.Active})
		require.Empty(t, p.Faults())
		require.Equal(t, http.StatusOK, do(command{method: "GET", path: "/rules"}, &all))
		require.Len(t, all, 1, "what has ended can still be asked for")
		require.Equal(t, int64(2), all[0].Hits)
	}
}

func TestControlTellsTrafficAndEvents(t *testing.T) {
	t.Parallel()
	cluster := fake(t, kfake.SeedTopics(3, "t"))
	p := start(t, kafkaproxy.Options{Brokers: cluster.ListenAddrs(), Events: kafkaproxy.EventOptions{Memory: 100}})
	do := controlled(t, p)
	var events []kafkaproxy.Event
	require.Equal(t, http.StatusOK, do(command{method: "GET", path: "/events"}, &events))
	require.NotNil(t, events)
	cl := client(t, p.Addresses(), kgo.DefaultProduceTopic("t"))
	require.NoError(t, cl.ProduceSync(testContext(t), kgo.StringRecord("a")).FirstErr())
	var brokers []struct {
		Broker                int32
		Address               string
		Connections, Requests int64
	}
	require.Equal(t, http.StatusOK, do(command{method: "GET", path: "/traffic"}, &brokers))
	require.Len(t, brokers, 3)
	requests := int64(0)
	for i, b := range brokers {
		require.Equal(t, int32(i), b.Broker)
		require.Contains(t, cluster.ListenAddrs(), b.Address)
		requests += b.Requests
	}
	require.Equal(t, int64(1), requests)
	require.Equal(t, http.StatusOK, do(command{method: "GET", path: "/events"}, &events))
	require.NotEmpty(t, events)
}

func TestControlSaysWhatIsAllowed(t *testing.T) {
	t.Parallel()
	p := start(t, kafkaproxy.Options{Brokers: []string{downAddress(t)}})
	do := controlled(t, p)
	for _, c := range []struct {
		command

		status int
		said   string
	}{
		{command{method: "POST", path: "/rules", body: `{"action": "dorp"}`}, http.StatusBadRequest, "drop"},
		{command{method: "POST", path: "/rules", body: `{"actoin": "drop"}`}, http.StatusBadRequest, "action"},
		{command{method: "POST", path: "/rules", body: `no JSON`}, http.StatusBadRequest, ""},
		{command{method: "POST", path: "/rules", body: strings.Repeat(" ", 2<<20)}, http.StatusBadRequest, "more than"},
		{command{method: "GET", path: "/rules/1"}, http.StatusNotFound, "none was injected"},
		{command{method: "DELETE", path: "/rules/x"}, http.StatusNotFound, `no rule "x"`},
		{command{method: "PUT", path: "/rules"}, http.StatusMethodNotAllowed, "GET and POST"},
		{command{method: "POST", path: "/rules/1"}, http.StatusMethodNotAllowed, "DELETE and GET"},
		{command{method: "GET", path: "/rule"}, http.StatusNotFound, "/rules"},
		{command{method: "GET", path: "/events"}, http.StatusNotFound, "no events are kept"},
	} {
		var answer told
		require.Equal(t, c.status, do(c.command, &answer), "%+v", c.command)
		require.Contains(t, answer.Error, c.said)
		require.NotEmpty(t, answer.Error)
	}
	require.Empty(t, p.AllFaults())
}

func TestPagesFromElsewhereCannotCommandTheProxy(t *testing.T) {
	t.Parallel()
	p := start(t, kafkaproxy.Options{Brokers: []string{downAddress(t)}})
	do := controlled(t, p)
	ask := command{method: "POST", path: "/rules", body: `{"action": "disconnect"}`}
	for _, from := range []command{
		{host: "evil.example"},
		{host: "evil.example:80"},
		{host: "127.0.0.1.evil.example"},
		{host: "10.0.0.1"},
		{origin: "https://evil.example"},
		{origin: "null"},
		{origin: "http://localhost.evil.example"},
	} {
		c := ask
		c.host, c.origin = from.host, from.origin
		var answer told
		require.Equal(t, http.StatusForbidden, do(c, &answer), "%+v", from)
		require.Contains(t, answer.Error, "loopback")
	}
	require.Empty(t, p.AllFaults())
	for _, from := range []command{
		{host: "localhost:1"}, {host: net.JoinHostPort("::1", "1")}, {origin: "http://127.0.0.1:3000"}, {origin: "http://localhost"},
	} {
		c := ask
		c.host, c.origin = from.host, from.origin
		require.Equal(t, http.StatusCreated, do(c, &told{}), "%+v", from)
	}
}
