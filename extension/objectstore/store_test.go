package objectstore_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/objectstore"
)

func serve(t testing.TB, options objectstore.ServeOptions) *objectstore.Server {
	t.Helper()
	server, err := objectstore.Serve(options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return server
}

func open(t testing.TB, config objectstore.Config) *objectstore.Store {
	t.Helper()
	store, err := objectstore.Open(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(store.Close)
	return store
}

func newStore(t testing.TB) *objectstore.Store {
	t.Helper()
	return open(t, objectstore.Config{Endpoint: serve(t, objectstore.ServeOptions{}).URL(), Bucket: "data", CreateBucket: true})
}

func keys(t *testing.T, store *objectstore.Store, prefix string) []string {
	t.Helper()
	var found []string
	for object, err := range store.List(t.Context(), prefix) {
		require.NoError(t, err)
		found = append(found, object.Key)
	}
	return found
}

func TestOpenTellsFailuresApart(t *testing.T) {
	t.Parallel()
	server := serve(t, objectstore.ServeOptions{})
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(refusing.Close)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())

	for _, test := range []struct {
		endpoint string
		kind     error
		advice   string
	}{
		{server.URL(), objectstore.ErrNoBucket, "create it, or name another one"},
		{refusing.URL, objectstore.ErrRefused, "check the access key"},
		{"http://" + listener.Addr().String(), objectstore.ErrUnreachable, "start the object store"},
	} {
		_, err := objectstore.Open(t.Context(), objectstore.Config{
			Endpoint: test.endpoint, Bucket: "nowhere", AccessKey: "key", SecretKey: "very-secret", MaxRetries: -1,
		})
		require.ErrorIs(t, err, test.kind)
		require.ErrorContains(t, err, test.advice)
		require.ErrorContains(t, err, test.endpoint)
		require.ErrorContains(t, err, `"nowhere"`)
		require.NotContains(t, err.Error(), "very-secret")
	}
}

func TestOpenGivesUpOnAnEndpointThatHangs(t *testing.T) {
	t.Parallel()
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(hanging.Close)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the caller's context ends sooner than the five seconds, which nobody wants to wait for here
	_, err := objectstore.Open(ctx, objectstore.Config{Endpoint: hanging.URL, Bucket: "data"})
	require.ErrorIs(t, err, context.Canceled)
}

func TestOpenRefusesBadConfig(t *testing.T) {
	t.Parallel()
	good := objectstore.Config{Endpoint: "http://127.0.0.1:1", Bucket: "data"}
	for want, change := range map[string]func(*objectstore.Config){
		"no bucket":                     func(c *objectstore.Config) { c.Bucket = "" },
		"is not an address like":        func(c *objectstore.Config) { c.Endpoint = "127.0.0.1:9000" },
		"holds credentials":             func(c *objectstore.Config) { c.Endpoint = "http://a:b@127.0.0.1:1" },
		"go together":                   func(c *objectstore.Config) { c.AccessKey = "key" },
		`layout "nope" is not known`:    func(c *objectstore.Config) { c.Layout = "nope" },
		"Bucket name cannot be shorter": func(c *objectstore.Config) { c.Bucket = "ab" },
	} {
		config := good
		change(&config)
		_, err := objectstore.Open(t.Context(), config)
		require.ErrorContains(t, err, want)
	}
}

func TestObjects(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	ctx := t.Context()
	for _, key := range []string{"a", "a/b", "a//c", "ü b+%2F", "a.obj/x", "t/"} {
		require.NoError(t, store.Put(ctx, key, []byte(key)))
		body, err := store.Get(ctx, key)
		require.NoError(t, err)
		require.Equal(t, key, string(body))
	}
	require.Equal(t, []string{"a", "a.obj/x", "a//c", "a/b", "t/", "ü b+%2F"}, keys(t, store, ""))
	require.Equal(t, []string{"a//c", "a/b"}, keys(t, store, "a/"))

	require.NoError(t, store.PutIfAbsent(ctx, "once", nil))
	require.ErrorIs(t, store.PutIfAbsent(ctx, "once", []byte("twice")), objectstore.ErrExists)
	body, err := store.Get(ctx, "once")
	require.NoError(t, err)
	require.Empty(t, body)

	require.NoError(t, store.Delete(ctx, "once"))
	require.NoError(t, store.Delete(ctx, "once"))
	_, err = store.Get(ctx, "once")
	require.ErrorIs(t, err, objectstore.ErrNotFound)
	require.ErrorContains(t, err, "get data/once at http://")
	require.NoError(t, store.EnsureBucket(ctx), "the bucket is there already")
}

func TestListInPages(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	var want []string
	var group sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i := range 2100 { // a page has 1000
		key := fmt.Sprintf("p/%05d", i)
		want = append(want, key)
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := store.Put(t.Context(), key, nil); err != nil {
				t.Errorf("put: %v", err)
			}
		})
	}
	group.Wait()
	require.Equal(t, want, keys(t, store, ""))
	for object, err := range store.List(t.Context(), "") { // a caller that stops early
		require.NoError(t, err)
		require.Equal(t, want[0], object.Key)
		break
	}
}

func TestListThatIsCancelledIsAnError(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, err := range store.List(ctx, "") {
		last = err
	}
	require.ErrorIs(t, last, context.Canceled, "a listing that ended early must not look complete")
}

func TestPutIfAbsentIsNeverSentTwice(t *testing.T) {
	t.Parallel()
	var puts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			puts.Add(1)
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	store := open(t, objectstore.Config{Endpoint: server.URL, Bucket: "data"})
	require.Error(t, store.PutIfAbsent(t.Context(), "k", []byte("x")))
	require.Equal(t, int64(1), puts.Load())
}

func TestPutTriesAgain(t *testing.T) {
	t.Parallel()
	var puts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && puts.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("ETag", `"e"`)
	}))
	t.Cleanup(server.Close)
	config := objectstore.Config{Endpoint: server.URL, Bucket: "data"}
	require.NoError(t, open(t, config).Put(t.Context(), "k", []byte("x")))
	require.Equal(t, int64(2), puts.Load())

	puts.Store(0)
	config.MaxRetries = -1
	require.ErrorIs(t, open(t, config).Put(t.Context(), "k", []byte("x")), objectstore.ErrUnreachable)
}

func TestGetOfATornAnswerIsAnError(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "short")
			_ = http.NewResponseController(w).Flush()
		}
	}))
	t.Cleanup(server.Close)
	_, err := open(t, objectstore.Config{Endpoint: server.URL, Bucket: "data"}).Get(t.Context(), "k")
	require.ErrorIs(t, err, objectstore.ErrUnreachable)
}

// BenchmarkPut measures PUTs against the embedded server, in memory and in a folder, one after the other and 16 at a time.
func BenchmarkPut(b *testing.B) {
	for _, size := range []int{1 << 10, 100 << 10} {
		body := bytes.Repeat([]byte("x"), size)
		for name, options := range map[string]objectstore.ServeOptions{"memory": {}, "folder": {Dir: b.TempDir()}} {
			server := serve(b, options)
			store := open(b, objectstore.Config{Endpoint: server.URL(), Bucket: "bench", CreateBucket: true})
			var n atomic.Int64
			put := func() {
				if err := store.Put(b.Context(), fmt.Sprintf("t/%d", n.Add(1)), body); err != nil {
					b.Error(err)
				}
			}
			b.Run(fmt.Sprintf("%s/%dKiB/serial", name, size>>10), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					put()
				}
			})
			b.Run(fmt.Sprintf("%s/%dKiB/parallel", name, size>>10), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.SetParallelism(8)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						put()
					}
				})
			})
		}
	}
}
