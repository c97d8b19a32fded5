package s3proxy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/s3proxy"
)

// command is a request to a proxy's control.
type command struct {
	method, path, body string
	host, origin       string
}

// controlled serves the control of a proxy. Do sends a command, and reads the answer into answer.
func controlled(t *testing.T, p *s3proxy.Proxy) (url string, do func(c command, answer any) int) {
	t.Helper()
	server := httptest.NewServer(s3proxy.Control(p))
	t.Cleanup(server.Close)
	return server.URL, func(c command, answer any) int {
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
	ID           int64
	Spec         map[string]any
	Hits, Bytes  int64
	Objects      []string
	Active       bool
	Began, Ended time.Time
	Error        string
}

func TestRulesComeAndGoOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, do := controlled(t, w.proxy)
	var all []told
	require.Equal(t, http.StatusOK, do(command{method: "GET", path: "/rules"}, &all))
	require.Empty(t, all)

	var one told
	spec := `{"storage": "PutObject", "key": "a/*", "action": "error", "code": "SlowDown"}`
	require.Equal(t, http.StatusCreated, do(command{method: "POST", path: "/rules", body: spec}, &one))
	require.EqualValues(t, 1, one.ID)
	require.True(t, one.Active)
	require.Equal(t, map[string]any{"storage": "PutObject", "key": "a/*", "action": "error", "code": "SlowDown"}, one.Spec)
	require.Error(t, w.put("a/1", "body"))
	require.NoError(t, w.put("b/1", "body"))

	one = told{}
	require.Equal(t, http.StatusOK, do(command{method: "GET", path: "/rules/1?hits=1&wait=10s"}, &one))
	require.Equal(t, []any{int64(1), int64(4), []string{"a/1"}, true}, []any{one.Hits, one.Bytes, one.Objects, one.Active})
	require.True(t, one.Ended.IsZero())
	one = told{}
	require.Equal(t, http.StatusOK, do(command{method: "DELETE", path: "/rules/1"}, &one))
	require.False(t, one.Active)
	require.False(t, one.Ended.Before(one.Began))
	require.Empty(t, w.proxy.Faults())
	require.NoError(t, w.put("a/2", "body"))
	require.Equal(t, http.StatusOK, do(command{method: "GET", path: "/rules"}, &all))
	require.Len(t, all, 1, "what has ended can still be asked for")
	require.Equal(t, int64(1), all[0].Hits)
}

func TestALeaseThatIsNotRenewedEndsTheFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, do := controlled(t, w.proxy)
	spec := `{"storage": "*", "action": "delay", "delay": "1ms"}`
	var one told
	require.Equal(t, http.StatusCreated, do(command{method: "POST", path: "/rules?lease=10m", body: spec}, &one))
	require.Equal(t, http.StatusOK, do(command{method: "POST", path: "/rules/1/renew?lease=1ms"}, &one))
	ended(t, w.proxy.AllFaults()[0])
	require.Equal(t, http.StatusGone, do(command{method: "POST", path: "/rules/1/renew?lease=10m"}, &one))
	require.Contains(t, one.Error, "has ended")
	require.Equal(t, http.StatusCreated, do(command{method: "POST", path: "/rules?lease=10m", body: spec}, &one))
	require.Equal(t, http.StatusOK, do(command{method: "POST", path: "/rules/2/renew?lease=10m"}, &one))
	require.True(t, one.Active)
}

func TestControlTellsOfRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, do := controlled(t, w.proxy)
	begin := w.proxy.Log().Total()
	for i := range 5 {
		require.NoError(t, w.put("k", fmt.Sprint(i)))
	}
	var page struct {
		Next    int64
		Entries []s3proxy.Entry
	}
	require.Equal(t, http.StatusOK, do(command{method: "GET", path: fmt.Sprintf("/log?since=%d&limit=2", begin)}, &page))
	require.Len(t, page.Entries, 2)
	require.Equal(t, begin+2, page.Next)
	require.Equal(t, s3proxy.PutObject, page.Entries[0].Operation)
	require.Equal(t, http.StatusOK, do(command{method: "GET", path: fmt.Sprintf("/log?since=%d", page.Next)}, &page))
	require.Len(t, page.Entries, 3)
	require.Equal(t, http.StatusOK, do(command{method: "GET", path: fmt.Sprintf("/log?since=%d", page.Next)}, &page))
	require.Empty(t, page.Entries)
	require.NotNil(t, page.Entries)
	require.Equal(t, begin+5, page.Next)

	var counts []struct {
		Operation s3proxy.Operation
		Status    int
		Count     int64
	}
	require.Equal(t, http.StatusOK, do(command{method: "GET", path: "/counts"}, &counts))
	require.Contains(t, fmt.Sprint(counts), "{PutObject 200 5}")
	var overwritten []s3proxy.Overwrite
	require.Equal(t, http.StatusOK, do(command{method: "GET", path: "/overwritten"}, &overwritten))
	require.Len(t, overwritten, 4)
}

func TestControlSaysWhatIsAllowed(t *testing.T) {
	t.Parallel()
	p := start(t, "http://127.0.0.1:1")
	_, do := controlled(t, p)
	for _, c := range []struct {
		command

		status int
		said   string
	}{
		{command{method: "POST", path: "/rules", body: `{"storage": "*", "action": "dealy"}`}, http.StatusBadRequest, "delay"},
		{command{method: "POST", path: "/rules", body: `{"actoin": "delay"}`}, http.StatusBadRequest, "action"},
		{command{method: "POST", path: "/rules", body: `no JSON`}, http.StatusBadRequest, ""},
		{command{method: "POST", path: "/rules", body: strings.Repeat(" ", 2<<20)}, http.StatusBadRequest, "more than"},
		{command{method: "POST", path: "/rules?lease=soon", body: `{}`}, http.StatusBadRequest, `lease "soon": want a duration`},
		{command{method: "POST", path: "/rules/1/renew?lease=1s"}, http.StatusNotFound, "none was injected"},
		{command{method: "GET", path: "/rules/1"}, http.StatusNotFound, "none was injected"},
		{command{method: "DELETE", path: "/rules/x"}, http.StatusNotFound, `no rule "x"`},
		{command{method: "PUT", path: "/rules"}, http.StatusMethodNotAllowed, "GET and POST"},
		{command{method: "POST", path: "/rules/1"}, http.StatusMethodNotAllowed, "DELETE and GET"},
		{command{method: "GET", path: "/rule"}, http.StatusNotFound, "/rules"},
		{command{method: "GET", path: "/log?since=-1"}, http.StatusBadRequest, `since "-1": want a whole number`},
		{command{method: "GET", path: "/log?limit=x"}, http.StatusBadRequest, `limit "x"`},
	} {
		var answer told
		require.Equal(t, c.status, do(c.command, &answer), "%+v", c.command)
		require.Contains(t, answer.Error, c.said)
		require.NotEmpty(t, answer.Error)
	}
	require.Empty(t, p.AllFaults())
	var one told
	spec := `{"storage": "*", "action": "refuse"}`
	require.Equal(t, http.StatusCreated, do(command{method: "POST", path: "/rules", body: spec}, &one))
	for path, said := range map[string]string{
		"/renew": "lease: say for how long", "/renew?lease=x": `lease "x"`, "/renew?lease=1s&wait=x": "wait",
	} {
		require.Equal(t, http.StatusBadRequest, do(command{method: "POST", path: "/rules/1" + path}, &one))
		require.Contains(t, one.Error, said)
	}
	require.Equal(t, http.StatusNotFound, do(command{method: "GET", path: "/rules/2"}, &one))
	require.Contains(t, one.Error, "there are 1 to 1")
	require.Equal(t, http.StatusBadRequest, do(command{method: "GET", path: "/rules/1?hits=x"}, &one))
}

func TestPagesFromElsewhereCannotCommandTheProxy(t *testing.T) {
	t.Parallel()
	p := start(t, "http://127.0.0.1:1")
	_, do := controlled(t, p)
	ask := command{method: "POST", path: "/rules", body: `{"storage": "*", "action": "refuse"}`}
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
