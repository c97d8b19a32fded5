package s3proxy_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/s3proxy"
	"k6suite/extension/objectstore"
)

// deadline bounds everything that tests wait for.
const deadline = 30 * time.Second

const bucket = "data"

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	t.Cleanup(cancel)
	return ctx
}

// world is an S3 server with a bucket, a proxy before it, and clients that see every answer as it is, and ask once.
type world struct {
	t       *testing.T
	proxy   *s3proxy.Proxy
	through *minio.Core // the proxy
	around  *minio.Core // it
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server, err := objectstore.Serve(objectstore.ServeOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	p := start(t, server.URL())
	w := &world{t: t, proxy: p, through: signed(t, p.URL(), "access"), around: signed(t, server.URL(), "access")}
	require.NoError(t, w.around.MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{}))
	return w
}

// signed is a client of an endpoint that signs with a key.
func signed(t *testing.T, endpoint, key string) *minio.Core {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := minio.NewCore(strings.TrimPrefix(endpoint, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(key, "secret", ""), Region: "us-east-1", Transport: transport, MaxRetries: 1,
	})
	require.NoError(t, err)
	c.SetAppInfo("tester", "1.0")
	return c
}

func (w *world) inject(spec string) *s3proxy.Fault {
	w.t.Helper()
	rule, err := s3proxy.ParseRule([]byte(spec))
	require.NoError(w.t, err)
	f, err := w.proxy.Inject(rule)
	require.NoError(w.t, err)
	return f
}

func (w *world) put(key, body string) error { return put(w.t, w.through, key, body) }

func put(t *testing.T, c *minio.Core, key, body string) error {
	t.Helper()
	_, err := c.PutObject(testContext(t), bucket, key, strings.NewReader(body), int64(len(body)), "", "",
		minio.PutObjectOptions{DisableContentSha256: true})
	return err
}

func (w *world) get(key string) (string, error) { return get(w.t, w.through, key) }

func get(t *testing.T, c *minio.Core, key string) (string, error) {
	t.Helper()
	object, _, _, err := c.GetObject(testContext(t), bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return "", err
	}
	defer object.Close()
	body, err := io.ReadAll(object)
	return string(body), err
}

// holds reports what the store holds under a key, around the proxy; "" is nothing.
func (w *world) holds(key string) string {
	w.t.Helper()
	body, err := get(w.t, w.around, key)
	if err != nil {
		require.Equal(w.t, "NoSuchKey", codeOf(err), "%v", err)
	}
	return body
}

func (w *world) keys(prefix string) []string {
	w.t.Helper()
	keys := []string{}
	for o := range w.through.ListObjectsIter(testContext(w.t), bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		require.NoError(w.t, o.Err)
		keys = append(keys, o.Key)
	}
	return keys
}

// last is the latest request in the log.
func (w *world) last() s3proxy.Entry {
	w.t.Helper()
	all := w.proxy.Log().Entries()
	require.NotEmpty(w.t, all)
	return all[len(all)-1]
}

func codeOf(err error) string { return minio.ToErrorResponse(err).Code }

func ended(t *testing.T, f interface{ Done() <-chan struct{} }) {
	t.Helper()
	select {
	case <-f.Done():
	case <-time.After(deadline):
		require.FailNow(t, "the fault has not ended")
	}
}

func hits(t *testing.T, f interface {
	WaitHits(ctx context.Context, n int64) error
}, n int64,
) {
	t.Helper()
	require.NoError(t, f.WaitHits(testContext(t), n))
}

// got receives what must come.
func got[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(deadline):
		require.FailNow(t, "nothing came")
	}
	panic("unreachable")
}

// none asserts that nothing has come.
func none[T any](t *testing.T, from <-chan T) {
	t.Helper()
	select {
	case v := <-from:
		require.FailNow(t, "came too early", "%v", v)
	default:
	}
}

// during runs something that is to wait.
func during[T any](do func() T) <-chan T {
	result := make(chan T, 1)
	go func() { result <- do() }()
	return result
}

// operation is something that a client may do.
type operation struct {
	name string
	do   func(w *world) error
}

func everyOperation() []operation {
	return []operation{
		{"put", func(w *world) error { return w.put("k", "1") }},
		{"get", func(w *world) error { _, err := w.get("k"); return err }},
		{"head", func(w *world) error {
			_, err := w.through.StatObject(testContext(w.t), bucket, "k", minio.StatObjectOptions{})
			return err
		}},
		{"list", func(w *world) error { _, err := w.through.ListObjectsV2(bucket, "", "", "", "", 10); return err }},
		{"multipart", func(w *world) error {
			_, err := w.through.NewMultipartUpload(testContext(w.t), bucket, "k", minio.PutObjectOptions{})
			return err
		}},
		{"delete", func(w *world) error {
			return w.through.RemoveObject(testContext(w.t), bucket, "none", minio.RemoveObjectOptions{})
		}},
	}
}
