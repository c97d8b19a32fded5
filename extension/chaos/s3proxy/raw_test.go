package s3proxy_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/s3proxy"
)

// puppet is an upstream that does as it is told with each connection.
func puppet(t testing.TB, do func(conn net.Conn)) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(deadline))
				do(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		work.Wait()
	})
	return "http://" + l.Addr().String()
}

// scripted answers each request that is the next of those expected, byte for byte, and closes the connection behind the last one.
func scripted(t *testing.T, exchanges ...[2]string) string {
	t.Helper()
	return puppet(t, func(conn net.Conn) {
		for _, x := range exchanges {
			request := make([]byte, len(x[0]))
			n, err := io.ReadFull(conn, request)
			if string(request[:n]) != x[0] {
				t.Errorf("the upstream got %q (%v), want %q", request[:n], err, x[0])
				return
			}
			_, _ = io.WriteString(conn, x[1])
		}
		if rest, _ := io.ReadAll(conn); len(rest) > 0 && len(exchanges) > 0 {
			t.Errorf("the upstream got more: %q", rest)
		}
	})
}

// dialed is a raw connection to a proxy.
func dialed(t testing.TB, p *s3proxy.Proxy) *net.TCPConn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.URL(), "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(deadline)))
	return conn.(*net.TCPConn)
}

// reads takes exactly these bytes.
func reads(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	text := make([]byte, len(want))
	n, err := io.ReadFull(conn, text)
	require.Equal(t, want, string(text[:n]), "%v", err)
}

func says(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(conn, text)
	require.NoError(t, err)
}

func TestMessagesPassByteForByte(t *testing.T) {
	t.Parallel()
	for name, x := range map[string][2]string{
		"odd headers": {
			"GET /b/%7E+%2F..//k?b=1&a&X-Amz-Signature=a;b HTTP/1.1\r\nhOST: s3.example.com\r\nx-AMZ-date:  2026 \r\nAuthorization:AWS x:y\r\n\r\n",
			"HTTP/1.1 200 Fine\r\netag: \"e\"\r\nX:1\r\nx:2\r\nContent-length: 3\r\n\r\nabc",
		},
		"bare newlines": {"GET /b/k HTTP/1.1\nHost: x\n\n", "HTTP/1.1 200 OK\nContent-Length: 1\n\nx"},
		"a body": {
			"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		},
		"chunks and trailers": {
			"PUT /b/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n00A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n",
		},
		"a long error in chunks": {
			"GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n",
			"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n<Error><Code>No</\r\n0\r\n\r\n",
		},
		"HEAD":         {"HEAD /b/k HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"},
		"no content":   {"DELETE /b/k HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"},
		"not modified": {"GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n"},
		"informed first": {
			"GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n",
			"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, scripted(t, x, x, x))
			conn := dialed(t, p)
			for range 2 { // connections live on
				says(t, conn, x[0])
				reads(t, conn, x[1])
			}
			for i := range x[0] { // byte by byte
				says(t, conn, x[0][i:i+1])
			}
			reads(t, conn, x[1])
			require.NoError(t, conn.CloseWrite())
			rest, err := io.ReadAll(conn)
			require.NoError(t, err)
			require.Empty(t, rest)
			require.Len(t, p.Log().Entries(), 3)
		})
	}
}

func TestAnAnswerMayEndWithItsConnection(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		"HTTP/1.0 200 OK\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
	} {
		p := start(t, puppet(t, func(conn net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			_, _ = io.WriteString(conn, answer)
		}))
		conn := dialed(t, p)
		says(t, conn, "GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n")
		text, err := io.ReadAll(conn)
		require.NoError(t, err)
		require.Equal(t, answer, string(text))
	}
}

func TestAClientMayWaitUntilItsBodyIsWanted(t *testing.T) {
	t.Parallel()
	const head = "PUT /b/k HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
	const wanted, done = "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	p := start(t, scripted(t, [2]string{head, wanted}, [2]string{"hello", done}))
	conn := dialed(t, p)
	says(t, conn, head)
	reads(t, conn, wanted)
	says(t, conn, "hello")
	reads(t, conn, done)
	e := p.Log().Entries()
	require.Len(t, e, 1)
	require.Equal(t, 200, e[0].Status)

	// A fault may refuse it before, or has to ask for it.
	inject := func(spec string) *s3proxy.Fault {
		f, err := p.Inject(parsed(t, spec))
		require.NoError(t, err)
		return f
	}
	refused := inject(`{"storage": "PUT", "action": "error", "status": 503}`)
	conn = dialed(t, p)
	says(t, conn, head)
	text, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "HTTP/1.1 503 "), "%s", text)
	require.Contains(t, string(text), "Connection: close")
	refused.Stop()
	late := inject(`{"storage": "PUT", "action": "late", "delay": "10m", "status": 503}`)
	conn = dialed(t, p)
	says(t, conn, head)
	reads(t, conn, wanted)
	says(t, conn, "hello")
	reads(t, conn, "HTTP/1.1 503 ")
	require.EqualValues(t, 5, late.Bytes())
}

func TestRequestsMayComeBeforeAnswers(t *testing.T) {
	t.Parallel()
	var all [][2]string
	requests, answers := "", ""
	for i := range 20 {
		x := [2]string{
			fmt.Sprintf("PUT /b/%d HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n%02d", i, i),
			fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%02d", i),
		}
		all, requests, answers = append(all, x), requests+x[0], answers+x[1]
	}
	p := start(t, scripted(t, all...))
	conn := dialed(t, p)
	says(t, conn, requests)
	reads(t, conn, answers)
}

func TestAnUpstreamMayRefuseBeforeItHasReadEverything(t *testing.T) {
	t.Parallel()
	const refusal = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 42\r\n\r\n<Error><Code>AccessDenied</Code></Error>\r\n"
	p := start(t, puppet(t, func(conn net.Conn) {
		in := bufio.NewReader(conn)
		_, _ = http.ReadRequest(in)
		_, _ = io.WriteString(conn, refusal)
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.CopyN(io.Discard, in, 100_000)
	}))
	conn := dialed(t, p)
	const size = 50 << 20
	sent := during(func() error {
		_, err := io.WriteString(conn, fmt.Sprintf("PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", size))
		if err == nil {
			_, err = io.CopyN(conn, zeros{}, size)
		}
		return err
	})
	reads(t, conn, refusal)
	_ = got(t, sent) // it may have been cut off
	e := p.Log().Entries()[0]
	require.Equal(t, []any{403, "AccessDenied"}, []any{e.Status, e.ErrorCode})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestAnUpstreamMayCloseConnectionsThatAreIdle(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 10)
	p := start(t, puppet(t, func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn) // until the proxy has noticed
		closed <- struct{}{}
	}))
	conn := dialed(t, p)
	for range 3 {
		says(t, conn, "GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n")
		reads(t, conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		got(t, closed)
	}
	require.EqualValues(t, 3, p.Log().Counts()[s3proxy.Count{Operation: s3proxy.GetObject, Status: 200}])
}

func TestWhatIsNoHTTPEndsTheConnection(t *testing.T) {
	t.Parallel()
	p := start(t, puppet(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }))
	for text, want := range map[string]string{
		"nonsense\r\n\r\n":                                           "HTTP/1.1 400 ",
		"GET /b/k HTTP/1.1\r\nbad header\r\n\r\n":                    "HTTP/1.1 400 ",
		"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n": "HTTP/1.1 400 ",
		"GET / HTTP/1.1\r\nA: " + strings.Repeat("x", 2<<20):         "",
		"GET /b/k HTTP/1.1\r\nHost: x":                               "",
		"\r\n\r\n":                                                   "",
	} {
		conn := dialed(t, p)
		sent := during(func() error {
			_, err := io.WriteString(conn, text)
			return errors.Join(err, conn.CloseWrite())
		})
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		if want == "" {
			require.Empty(t, answer)
		} else {
			require.True(t, strings.HasPrefix(string(answer), want), "%s", answer)
			require.Contains(t, string(answer), "Connection: close")
		}
		_ = got(t, sent)
	}
	require.Zero(t, p.Log().Total())
}

func TestAnUpstreamThatSpeaksNoHTTPGivesNoAnswer(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		"nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "",
		"HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\nshort", "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	} {
		p := start(t, puppet(t, func(conn net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			_, _ = io.WriteString(conn, answer)
		}))
		conn := dialed(t, p)
		says(t, conn, "GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n")
		text, err := io.ReadAll(conn)
		require.NoError(t, err)
		require.Empty(t, text, answer)
		e := p.Log().Entries()
		require.Len(t, e, 1)
		require.Zero(t, e[0].Status)
		require.NotEmpty(t, e[0].Err)
	}
}

func TestAWriteIsSeenThoughItsClientHasGone(t *testing.T) {
	t.Parallel()
	arrived, answer := make(chan struct{}), make(chan struct{})
	p := start(t, upstream(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		<-answer
		w.Header().Set("ETag", `"e"`)
	}))
	conn := dialed(t, p)
	says(t, conn, "PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
	got(t, arrived)
	require.NoError(t, conn.Close())
	close(answer)
	require.Eventually(t, func() bool { return p.Log().Total() == 1 }, deadline, time.Millisecond)
	_, durable := p.Log().FirstWrite("b", "k")
	require.True(t, durable)
}

func TestLargeBodiesPassWhole(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{1})
	body := make([]byte, 20<<20)
	_, _ = random.Read(body)
	for name, serve := range map[string]func(http.Handler) *httptest.Server{"http": httptest.NewServer, "https": httptest.NewTLSServer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var same atomic.Bool
			server := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				there, err := io.ReadAll(r.Body)
				same.Store(err == nil && bytes.Equal(there, body))
				_, _ = w.Write(there)
			}))
			t.Cleanup(server.Close)
			p, err := s3proxy.Start(s3proxy.Options{Upstream: server.URL, UpstreamTLS: trusting(server)})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, p.Close()) })
			c := client(t)
			for _, length := range []int64{int64(len(body)), -1} { // −1: in chunks
				request, err := http.NewRequestWithContext(testContext(t), http.MethodPut, p.URL()+"/b/k", bytes.NewReader(body))
				require.NoError(t, err)
				request.ContentLength = length
				response, err := c.Do(request)
				require.NoError(t, err)
				back, err := io.ReadAll(response.Body)
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				require.True(t, same.Load())
				require.True(t, bytes.Equal(back, body))
				require.Equal(t, length, p.Log().Entries()[p.Log().Total()-1].Request)
			}
		})
	}
}

func trusting(server *httptest.Server) *tls.Config {
	if server.TLS == nil {
		return nil
	}
	return server.Client().Transport.(*http.Transport).TLSClientConfig
}

// FuzzLine has a client send any bytes to a proxy whose upstream answers with any bytes. Whatever the two say, the connection ends when
// both have said everything.
func FuzzLine(f *testing.F) {
	f.Add([]byte("PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /b/k HTTP/1.1\r\nHost: x\r\n\r\n"),
		[]byte("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"))
	f.Add([]byte("PUT /b/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n"),
		[]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\n<Error><Code>x</Code></Error>"))
	f.Add([]byte("POST /b?delete HTTP/1.1\r\nContent-Length: 46\r\n\r\n<Delete><Object><Key>k</Key></Object></Delete>"),
		[]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	f.Add([]byte("GET /b?list-type=2 HTTP/1.1\r\nHost: x\r\n\r\n"),
		[]byte("HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n<R><KeyCount>1</KeyCount><Contents><Key>k</Key></Contents></R>12345678"))
	f.Fuzz(func(t *testing.T, sent, answer []byte) {
		p := start(t, puppet(t, func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1))
			_, _ = conn.Write(answer)
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
		}))
		for _, spec := range []string{
			"", `{"storage": "*", "action": "throttle", "bytesPerSecond": 1000000000}`, `{"storage": "LIST", "action": "stale", "delay": "1h"}`,
			`{"storage": "*", "action": "reset", "at": "body"}`, `{"storage": "*", "action": "error", "status": 500, "when": "after"}`,
		} {
			if spec != "" {
				_, err := p.Inject(parsed(t, spec))
				require.NoError(t, err)
			}
			conn := dialed(t, p)
			_, _ = conn.Write(sent) // it may end before it has read everything
			_ = conn.CloseWrite()
			_, err := io.Copy(io.Discard, conn)
			var network net.Error
			require.False(t, errors.As(err, &network) && network.Timeout(), "the connection lives on")
			_ = conn.Close()
		}
	})
}
