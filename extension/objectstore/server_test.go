package objectstore_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"

	"k6suite/extension/objectstore"
)

func folder(t *testing.T, dir string) (*objectstore.Server, *objectstore.Store) {
	t.Helper()
	server := serve(t, objectstore.ServeOptions{Dir: dir})
	return server, open(t, objectstore.Config{Endpoint: server.URL(), Bucket: "data", CreateBucket: true})
}

func TestFolderKeepsEverything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, store := folder(t, dir)
	want := []string{"%", "..", "a", "a.obj/x", "a//b", "a/../c", "a/b", "ns/topic/0/segment-00000000000000000000.kfs", "t/", "ü b+%2F"}
	// minio-go refuses ".." in a key, so the hard ones go through plain HTTP.
	for _, key := range want {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL(), strings.NewReader("body of "+key))
		require.NoError(t, err)
		request.URL.Path = "/data/" + key
		request.Header.Set("X-Amz-Meta-Name", "meta")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode, key)
	}
	http.DefaultClient.CloseIdleConnections()
	require.NoError(t, store.Put(t.Context(), "gone", nil))
	require.NoError(t, store.Delete(t.Context(), "gone"))
	before := listing(t, store)
	require.Len(t, before, len(want))
	require.NoError(t, server.Close())

	_, store = folder(t, dir)
	require.Equal(t, before, listing(t, store), "keys, sizes, times and ETags")
	body, err := store.Get(t.Context(), "a//b")
	require.NoError(t, err)
	require.Equal(t, "body of a//b", string(body))
	require.ErrorIs(t, store.PutIfAbsent(t.Context(), "a", nil), objectstore.ErrExists)
}

func listing(t *testing.T, store *objectstore.Store) []objectstore.Object {
	t.Helper()
	var found []objectstore.Object
	for object, err := range store.List(t.Context(), "") {
		require.NoError(t, err)
		found = append(found, object)
	}
	return found
}

func TestFolderHoldsNoPartOfAnObject(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, store := folder(t, dir)
	require.NoError(t, store.Put(t.Context(), "k", []byte("old")))
	// A client that promises 100 bytes, sends 5 and goes away, as one that is killed would.
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(server.URL(), "http://"))
	require.NoError(t, err)
	_, err = io.WriteString(connection, "PUT /data/k HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort")
	require.NoError(t, err)
	require.NoError(t, connection.(*net.TCPConn).CloseWrite())
	_, err = io.ReadAll(connection) // until the server is done with it
	require.NoError(t, err)
	require.NoError(t, connection.Close())
	body, err := store.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "old", string(body))
	require.Equal(t, []string{"k"}, keys(t, store, ""))
}

func TestFolderRefusesWhatItDidNotWrite(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(path string) error{
		"is damaged": func(path string) error { return os.Truncate(path, 4) },
		"its trailer says": func(path string) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, data[1:], 0o600)
		},
		"has no trailer":                 func(path string) error { return os.WriteFile(path, make([]byte, 100), 0o600) },
		"is no object of this server":    func(path string) error { return os.WriteFile(path+".txt", nil, 0o600) },
		"notes.txt is no object of this": func(path string) error { return os.WriteFile(filepath.Dir(path)+"/notes.txt", nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			server, store := folder(t, dir)
			require.NoError(t, store.Put(t.Context(), "k", []byte("0123456789")))
			require.NoError(t, server.Close())
			require.NoError(t, spoil(filepath.Join(dir, "data", "k.obj")))
			_, err := objectstore.Serve(objectstore.ServeOptions{Dir: dir})
			require.ErrorContains(t, err, name)
		})
	}
}

func TestFolderBelongsToOneServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, _ := folder(t, dir)
	_, err := objectstore.Serve(objectstore.ServeOptions{Dir: dir})
	require.ErrorContains(t, err, "in use by another S3 server")
	require.NoError(t, server.Close())
	again, err := objectstore.Serve(objectstore.ServeOptions{Dir: dir})
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

func TestFolderForgetsWhatAKilledServerHadBegun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, _ := folder(t, dir)
	require.NoError(t, server.Close())
	left := filepath.Join(dir, ".tmp", "put-1")
	require.NoError(t, os.WriteFile(left, []byte("half"), 0o600))
	_, store := folder(t, dir)
	require.NoFileExists(t, left)
	require.Empty(t, keys(t, store, ""))
}

func TestFolderRefusesKeysThatAreTooLong(t *testing.T) {
	t.Parallel()
	_, store := folder(t, t.TempDir())
	require.ErrorContains(t, store.Put(t.Context(), strings.Repeat("x", 252), nil), "KeyTooLong")
	require.NoError(t, store.Put(t.Context(), strings.Repeat("x", 249)+"/y", nil), "the longest name of a topic")
}

// The S3 operations that the store itself does not use, for the systems that will.
func TestServerSpeaksS3(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"memory": "", "folder": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, objectstore.ServeOptions{Dir: dir})
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			mc, err := minio.New(strings.TrimPrefix(server.URL(), "http://"),
				&minio.Options{Creds: credentials.NewStaticV4("any", "thing", ""), Region: "us-east-1", Transport: transport, MaxRetries: 1})
			require.NoError(t, err)
			exercise(t, mc)
		})
	}
}

func exercise(t *testing.T, mc *minio.Client) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, mc.MakeBucket(ctx, "bucket", minio.MakeBucketOptions{}))
	require.Error(t, mc.MakeBucket(ctx, "bucket", minio.MakeBucketOptions{}))
	for _, key := range []string{"a/1", "a/2", "b", "c/d/1"} {
		_, err := mc.PutObject(ctx, "bucket", key, strings.NewReader(key), int64(len(key)), minio.PutObjectOptions{ContentType: "text/plain"})
		require.NoError(t, err)
	}
	var entries []string
	for object := range mc.ListObjectsIter(ctx, "bucket", minio.ListObjectsOptions{MaxKeys: 1}) { // folders, page by page
		require.NoError(t, object.Err)
		entries = append(entries, object.Key)
	}
	require.ElementsMatch(t, []string{"a/", "b", "c/"}, entries)

	info, err := mc.StatObject(ctx, "bucket", "a/1", minio.StatObjectOptions{})
	require.NoError(t, err)
	require.Equal(t, "text/plain", info.ContentType)
	options := minio.GetObjectOptions{}
	require.NoError(t, options.SetRange(1, 2))
	object, err := mc.GetObject(ctx, "bucket", "a/1", options)
	require.NoError(t, err)
	part, err := io.ReadAll(object)
	require.NoError(t, err)
	require.Equal(t, "/1", string(part))
	require.NoError(t, object.Close())

	update := minio.PutObjectOptions{}
	update.SetMatchETag(info.ETag)
	_, err = mc.PutObject(ctx, "bucket", "a/1", strings.NewReader("new"), 3, update)
	require.NoError(t, err)
	_, err = mc.PutObject(ctx, "bucket", "a/1", strings.NewReader("old"), 3, update)
	require.Equal(t, http.StatusPreconditionFailed, minio.ToErrorResponse(err).StatusCode, "If-Match of a version that is gone")

	_, err = mc.CopyObject(ctx, minio.CopyDestOptions{Bucket: "bucket", Object: "copy"}, minio.CopySrcOptions{Bucket: "bucket", Object: "b"})
	require.NoError(t, err)
	multipart(t, mc)
	streaming(t, mc)

	require.Error(t, mc.RemoveBucket(ctx, "bucket"), "it is not empty")
	remaining := make(chan minio.ObjectInfo, 10)
	for object := range mc.ListObjectsIter(ctx, "bucket", minio.ListObjectsOptions{Recursive: true}) {
		remaining <- object
	}
	close(remaining)
	for failed := range mc.RemoveObjects(ctx, "bucket", remaining, minio.RemoveObjectsOptions{}) {
		require.NoError(t, failed.Err)
	}
	require.NoError(t, mc.RemoveBucket(ctx, "bucket"))
	buckets, err := mc.ListBuckets(ctx)
	require.NoError(t, err)
	require.Empty(t, buckets)
}

func multipart(t *testing.T, mc *minio.Client) {
	t.Helper()
	core := minio.Core{Client: mc}
	id, err := core.NewMultipartUpload(t.Context(), "bucket", "parts", minio.PutObjectOptions{})
	require.NoError(t, err)
	var parts []minio.CompletePart
	for i := 1; i <= 2; i++ {
		part, err := core.PutObjectPart(t.Context(), "bucket", "parts", id, i, strings.NewReader(fmt.Sprint(i)), 1, minio.PutObjectPartOptions{})
		require.NoError(t, err)
		parts = append(parts, minio.CompletePart{PartNumber: i, ETag: part.ETag})
	}
	_, err = core.CompleteMultipartUpload(t.Context(), "bucket", "parts", id, parts, minio.PutObjectOptions{})
	require.NoError(t, err)
	object, err := mc.GetObject(t.Context(), "bucket", "parts", minio.GetObjectOptions{})
	require.NoError(t, err)
	body, err := io.ReadAll(object)
	require.NoError(t, err)
	require.Equal(t, "12", string(body))
	require.NoError(t, object.Close())
}

// streaming uploads as the SDKs of AWS do by default: in chunks, with a checksum behind them.
func streaming(t *testing.T, mc *minio.Client) {
	t.Helper()
	for _, kind := range []string{"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"} {
		framed := "5;chunk-signature=ab\r\nhello\r\n0;chunk-signature=cd\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
		target := mc.EndpointURL().String() + "/bucket/stream"
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, target, strings.NewReader(framed))
		require.NoError(t, err)
		request.Header.Set("X-Amz-Content-Sha256", kind)
		request.Header.Set("Content-Encoding", "aws-chunked")
		put := func() int {
			transport := &http.Transport{DisableKeepAlives: true}
			response, err := transport.RoundTrip(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			return response.StatusCode
		}
		require.Equal(t, http.StatusLengthRequired, put(), "how long is it?")
		request.Header.Set("X-Amz-Decoded-Content-Length", "5")
		request.Body, err = request.GetBody()
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, put())
		object, err := mc.GetObject(t.Context(), "bucket", "stream", minio.GetObjectOptions{})
		require.NoError(t, err)
		body, err := io.ReadAll(object)
		require.NoError(t, err)
		require.Equal(t, "hello", string(body))
		require.NoError(t, object.Close())
	}
}

func TestServerCannotListen(t *testing.T) {
	t.Parallel()
	server := serve(t, objectstore.ServeOptions{})
	_, err := objectstore.Serve(objectstore.ServeOptions{Dir: t.TempDir(), Listen: strings.TrimPrefix(server.URL(), "http://")})
	require.ErrorContains(t, err, "address already in use")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = objectstore.Serve(objectstore.ServeOptions{Dir: file})
	require.ErrorContains(t, err, "not a directory")
}
