package s3proxy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/s3proxy"
	"k6suite/extension/objectstore"
)

func start(t *testing.T, upstream string) *s3proxy.Proxy {
	t.Helper()
	p, err := s3proxy.Start(s3proxy.Options{Upstream: upstream})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

// upstream serves the handler for as long as the test runs.
func upstream(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func openThrough(t *testing.T) (*objectstore.Store, *s3proxy.Proxy) {
	t.Helper()
	server, err := objectstore.Serve(objectstore.ServeOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	p := start(t, server.URL())
	store, err := objectstore.Open(t.Context(), objectstore.Config{Endpoint: p.URL(), Bucket: "data", CreateBucket: true})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	return store, p
}

func TestLogTellsWhatTheClientDid(t *testing.T) {
	t.Parallel()
	store, p := openThrough(t)
	body := bytes.Repeat([]byte("x"), 1<<20)
	before := time.Now()
	require.NoError(t, store.Put(t.Context(), "a/b c/ü", body))
	after := time.Now()
	read, err := store.Get(t.Context(), "a/b c/ü")
	require.NoError(t, err)
	require.Equal(t, body, read)
	require.ErrorIs(t, store.PutIfAbsent(t.Context(), "a/b c/ü", body), objectstore.ErrExists)
	_, err = store.Get(t.Context(), "missing")
	require.ErrorIs(t, err, objectstore.ErrNotFound)
	for _, err := range store.List(t.Context(), "a/") {
		require.NoError(t, err)
	}
	require.NoError(t, store.Delete(t.Context(), "a/b c/ü"))

	first, ok := p.Log().FirstWrite("data", "a/b c/ü")
	require.True(t, ok)
	require.True(t, !first.Before(before) && !first.After(after), "the write was answered within the call")
	require.Equal(t, 1, p.Log().Writes("data", "a/b c/ü"), "a refused write is none")
	_, ok = p.Log().FirstWrite("data", "missing")
	require.False(t, ok)

	var got []string
	for _, e := range p.Log().Entries() {
		require.False(t, e.End.Before(e.Start))
		require.Empty(t, e.Err)
		got = append(got, fmt.Sprintf("%s %s/%s %d %s", e.Operation, e.Bucket, e.Key, e.Status, e.ErrorCode))
	}
	require.Equal(t, []string{
		"HeadBucket data/ 404 ", "CreateBucket data/ 200 ",
		"PutObject data/a/b c/ü 200 ", "GetObject data/a/b c/ü 200 ", "PutObject data/a/b c/ü 412 PreconditionFailed",
		"GetObject data/missing 404 NoSuchKey", "ListObjectsV2 data/ 200 ", "DeleteObject data/a/b c/ü 204 ",
	}, got)
	put := p.Log().Entries()[2]
	require.Equal(t, int64(len(body)), put.Request)
	require.Len(t, put.ETag, 32)
	require.Equal(t, int64(1), p.Log().Counts()[s3proxy.Count{Operation: s3proxy.PutObject, Status: 412}])
}

func TestRequestReachesTheUpstreamAsItWas(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	p := start(t, upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		body, _ = io.ReadAll(r.Body)
	}))
	target := "/bucket//a%2Fb/%20+%C3%BC/../c?X-Amz-Signature=a;b&empty=&acl&list-type=%32"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, p.URL()+target, strings.NewReader("hello"))
	require.NoError(t, err)
	request.Host = "s3.example.com"
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x")
	request.Header.Set("X-Amz-Date", "20260101T000000Z")
	response, err := client(t).Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())

	require.Equal(t, target, got.RequestURI)
	require.Equal(t, "s3.example.com", got.Host)
	require.Equal(t, "hello", string(body))
	require.Equal(t, int64(5), got.ContentLength)
	require.Equal(t, request.Header.Get("Authorization"), got.Header.Get("Authorization"))
	for name := range got.Header {
		require.NotContains(t, name, "Forwarded")
	}
}

func TestSignatureStaysValid(t *testing.T) {
	t.Parallel()
	// The server signs again what it received and compares: any change on the way shows.
	key := credentials.NewStaticV4("key", "secret", "")
	var mu sync.Mutex
	signed := map[string]bool{}
	seen := func(r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		signed[r.Method+" "+r.URL.RequestURI()+" "+r.Host+" "+r.Header.Get("Authorization")] = true
	}
	var verified bool
	p := start(t, upstream(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		verified = signed[r.Method+" "+r.RequestURI+" "+r.Host+" "+r.Header.Get("Authorization")]
		w.Header().Set("ETag", `"e"`)
	}))
	transport := client(t).Transport
	mc, err := minio.New(strings.TrimPrefix(p.URL(), "http://"), &minio.Options{
		Creds: key, Region: "us-east-1", MaxRetries: 1,
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) { seen(r); return transport.RoundTrip(r) }),
	})
	require.NoError(t, err)
	_, err = mc.PutObject(t.Context(), "bucket", "a/b c+ü", strings.NewReader("x"), 1, minio.PutObjectOptions{})
	require.NoError(t, err)
	require.True(t, verified)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestWriteIsLoggedBeforeTheClientKnows(t *testing.T) {
	t.Parallel()
	store, p := openThrough(t)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 20 {
				key := fmt.Sprintf("%d/%d", worker, i)
				if err := store.Put(t.Context(), key, []byte(key)); err != nil {
					t.Errorf("put: %v", err)
				}
				known := time.Now()
				if at, ok := p.Log().FirstWrite("data", key); !ok || at.After(known) {
					t.Errorf("%s: acked to the client, yet not in the log", key)
				}
			}
		})
	}
	group.Wait()
	require.Equal(t, int64(160), p.Log().Counts()[s3proxy.Count{Operation: s3proxy.PutObject, Status: 200}])
}

func TestErrorInsideOKIsNoWrite(t *testing.T) {
	t.Parallel()
	answer := `<?xml version="1.0"?><Error><Code>InternalError</Code></Error>`
	p := start(t, upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("uploadId") == "good" {
			_, _ = io.WriteString(w, `<CompleteMultipartUploadResult><ETag>"e-1"</ETag></CompleteMultipartUploadResult>`)
			return
		}
		_, _ = io.WriteString(w, answer)
	}))
	post := func(id string) string {
		response, err := client(t).Post(p.URL()+"/b/"+id+"?uploadId="+id, "application/xml", strings.NewReader("<x/>"))
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return string(body)
	}
	require.Equal(t, answer, post("bad"), "the answer goes through whole")
	_, ok := p.Log().FirstWrite("b", "bad")
	require.False(t, ok)
	require.Equal(t, "InternalError", p.Log().Entries()[0].ErrorCode)

	post("good")
	_, ok = p.Log().FirstWrite("b", "good")
	require.True(t, ok)
}

func TestUpstreamThatIsDownIsAnsweredAsSuch(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	p := start(t, "http://"+address)
	response, err := client(t).Get(p.URL() + "/b/k")
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	require.Contains(t, string(body), "<Code>ServiceUnavailable</Code>")

	entry := p.Log().Entries()[0]
	require.Zero(t, entry.Status)
	require.Contains(t, entry.Err, "refused")
}

func TestLostAnswerStaysUnknown(t *testing.T) {
	t.Parallel()
	p := start(t, upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, p.URL()+"/b/k", strings.NewReader("x"))
	require.NoError(t, err)
	_, err = client(t).Do(request)
	require.Error(t, err, "no status may pretend to know whether the write was applied")
	_, ok := p.Log().FirstWrite("b", "k")
	require.False(t, ok)
	require.NotEmpty(t, p.Log().Entries()[0].Err)
}

func TestAnswerThatEndsEarlyIsTold(t *testing.T) {
	t.Parallel()
	p := start(t, upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "short")
	}))
	response, err := client(t).Get(p.URL() + "/b/k")
	if err == nil { // the header may have gone through, or not
		_, err = io.ReadAll(response.Body)
		_ = response.Body.Close()
	}
	require.Error(t, err)
	require.Eventually(t, func() bool {
		e := p.Log().Entries()[0]
		return e.Err != "" && e.Response == 5
	}, 5*time.Second, time.Millisecond)
}

func TestCloseEndsRequestsThatHang(t *testing.T) {
	t.Parallel()
	hanging := make(chan struct{})
	p := start(t, upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		close(hanging)
		<-r.Context().Done()
	}))
	result := make(chan error, 1)
	c := client(t)
	go func() {
		response, err := c.Get(p.URL() + "/b/k")
		if err == nil {
			err = errors.Join(errors.New("an answer"), response.Body.Close())
		}
		result <- err
	}()
	<-hanging
	require.NoError(t, p.Close())
	require.Error(t, <-result)
	require.NoError(t, p.Close(), "a second Close does nothing")
	_, err := net.Dial("tcp", strings.TrimPrefix(p.URL(), "http://"))
	require.Error(t, err, "the port is free")
	require.Contains(t, p.Log().Entries()[0].Err, "no answer")
}

func TestStartRefusesWhatIsNoEndpoint(t *testing.T) {
	t.Parallel()
	for _, upstream := range []string{"", "127.0.0.1:9000", "ftp://x", "http://", "http://host/path", "http://%zz"} {
		_, err := s3proxy.Start(s3proxy.Options{Upstream: upstream})
		require.ErrorContains(t, err, "is not an address like http://host:port", upstream)
	}
	_, err := s3proxy.Start(s3proxy.Options{Upstream: "http://127.0.0.1:1", Listen: "127.0.0.1:99999"})
	require.ErrorContains(t, err, "s3 proxy: listen")
}
