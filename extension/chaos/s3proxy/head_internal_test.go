package s3proxy

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzRequestHead has heads of requests read the short way and by net/http: where the short way understands one, both agree.
func FuzzRequestHead(f *testing.F) {
	for _, head := range []string{
		"GET /b/k?x=1 HTTP/1.1\r\nHost: x\r\n\r\n",
		"PUT /b/k HTTP/1.1\r\nContent-Length: 5\r\nconnection: close\r\nExpect: 100-continue\r\nX-Amz-Copy-Source: /a/b\r\n\r\n",
		"PUT /b/k HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\nConnection: Keep-Alive\r\n\r\n",
		"PUT /b/k HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n",
		"GET http://host/b/k HTTP/1.0\r\n folded: 1\r\n\r\n",
	} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		head, err := readHead(bufio.NewReader(bytes.NewReader(text)), nil)
		r := &request{head: head}
		if err != nil {
			return
		}
		copies, ok := r.scan()
		if !ok {
			return
		}
		parsed, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
		require.NoError(t, err, "%q", head)
		require.Equal(t, []any{parsed.Method, parsed.URL.String(), parsed.ContentLength, parsed.Close, 0}, []any{
			r.method, r.url.String(), r.body.length, r.closing, len(parsed.TransferEncoding),
		}, "%q", head)
		require.Equal(t, strings.EqualFold(parsed.Header.Get("Expect"), "100-continue"), r.expects, "%q", head)
		require.Equal(t, parsed.Header.Get("X-Amz-Copy-Source") != "", copies, "%q", head)
		require.Equal(t, parsed.Header.Get("User-Agent"), field(head, "User-Agent"), "%q", head)
	})
}

// FuzzResponseHead does the same with heads of responses.
func FuzzResponseHead(f *testing.F) {
	for _, head := range []string{
		"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 404\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.0 204 No Content\r\netag:W/\"1\"\r\n\r\n",
	} {
		f.Add([]byte(head), false)
		f.Add([]byte(head), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, isHead bool) {
		head, err := readHead(bufio.NewReader(bytes.NewReader(text)), nil)
		method := http.MethodGet
		if isHead {
			method = http.MethodHead
		}
		r := &response{head: head}
		if err != nil || !r.scan(method) {
			return
		}
		parsed, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), &http.Request{Method: method})
		require.NoError(t, err, "%q", head)
		length := parsed.ContentLength
		if isHead {
			length = 0
		}
		require.Equal(t, []any{parsed.StatusCode, strings.Trim(parsed.Header.Get("ETag"), `"`), parsed.Close, length, 0}, []any{
			r.status, r.etag, r.closing, r.body.length, len(parsed.TransferEncoding),
		}, "%q", head)
	})
}
