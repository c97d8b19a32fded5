package s3proxy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/s3proxy"
)

func TestAnObjectThatIsWrittenAgainIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	overwritten := func() []string {
		keys := []string{}
		for _, o := range w.proxy.Log().Overwritten() {
			require.Equal(t, bucket, o.Bucket)
			require.NotEqual(t, o.FirstETag, o.ETag)
			require.Len(t, o.ETag, 32)
			require.False(t, o.At.IsZero())
			keys = append(keys, o.Key)
		}
		return keys
	}
	remove := func(key string) {
		require.NoError(t, w.through.RemoveObject(testContext(t), bucket, key, minio.RemoveObjectOptions{}))
	}
	require.NoError(t, w.put("same", "1"))
	require.NoError(t, w.put("same", "1"))
	require.Empty(t, overwritten(), "the same content")
	require.NoError(t, w.put("gone", "1"))
	remove("gone")
	require.NoError(t, w.put("gone", "2"))
	require.Empty(t, overwritten(), "it had been deleted")
	require.NoError(t, w.put("other", "1"))
	require.NoError(t, w.put("deleted", "1"))
	removed := make(chan minio.ObjectInfo, 1)
	removed <- minio.ObjectInfo{Key: "deleted"}
	close(removed)
	for failed := range w.through.RemoveObjects(testContext(t), bucket, removed, minio.RemoveObjectsOptions{}) {
		require.NoError(t, failed.Err)
	}
	require.Equal(t, s3proxy.DeleteObjects, w.last().Operation)
	require.NoError(t, w.put("deleted", "2"))
	require.Empty(t, overwritten(), "it had been deleted, with others")

	require.NoError(t, w.put("other", "2"))
	require.Equal(t, []string{"other"}, overwritten())
	lost := w.inject(`{"storage": "PUT", "action": "lost", "times": 1}`)
	require.Error(t, w.put("same", "2"))
	ended(t, lost)
	require.Equal(t, []string{"other", "same"}, overwritten(), "whatever the client was told")
	_, err := w.through.Client.CopyObject(testContext(t), minio.CopyDestOptions{Bucket: bucket, Object: "gone"},
		minio.CopySrcOptions{Bucket: bucket, Object: "same"})
	require.NoError(t, err)
	require.Equal(t, []string{"other", "same"}, overwritten(), "a copy of the same content")
	_, err = w.through.Client.CopyObject(testContext(t), minio.CopyDestOptions{Bucket: bucket, Object: "deleted"},
		minio.CopySrcOptions{Bucket: bucket, Object: "copied"})
	require.Error(t, err)
	require.NoError(t, w.put("copied", "3"))
	_, err = w.through.Client.CopyObject(testContext(t), minio.CopyDestOptions{Bucket: bucket, Object: "deleted"},
		minio.CopySrcOptions{Bucket: bucket, Object: "copied"})
	require.NoError(t, err)
	require.Equal(t, []string{"other", "same", "deleted"}, overwritten())
}

func TestTheLogCanBeWritten(t *testing.T) {
	t.Parallel()
	var live bytes.Buffer
	p, err := s3proxy.Start(s3proxy.Options{Upstream: "http://127.0.0.1:1", Lines: &live})
	require.NoError(t, err)
	_, err = p.Inject(parsed(t, `{"storage": "HEAD", "action": "error", "status": 503}`))
	require.NoError(t, err)
	response, err := client(t).Head(p.URL() + "/b/k")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.NoError(t, p.Close())
	var kept bytes.Buffer
	require.NoError(t, p.Log().WriteLog(&kept))
	require.Equal(t, 1, strings.Count(kept.String(), "\n"))
	var line map[string]any
	require.NoError(t, json.Unmarshal(kept.Bytes(), &line))
	for name, want := range map[string]any{
		"operation": "HeadObject", "bucket": "b", "key": "k", "status": 0.0, "told": 503.0, "rule": "#1 error", "stage": "before",
		"request": 0.0, "response": 0.0,
	} {
		require.Equal(t, want, line[name], name)
	}
	require.Equal(t, kept.String(), live.String())
	require.ErrorContains(t, p.Log().WriteLog(broken{}), "no space")
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestLinesThatCannotBeWrittenAreAnError(t *testing.T) {
	t.Parallel()
	p, err := s3proxy.Start(s3proxy.Options{Upstream: "http://127.0.0.1:1", Lines: broken{}})
	require.NoError(t, err)
	response, err := client(t).Get(p.URL() + "/b/k")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.ErrorContains(t, p.Close(), "lines are missing now: no space")
}
