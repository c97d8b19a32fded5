package s3proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/s3proxy"
)

func TestLostIsDoneAndNotAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": "PutObject", "key": "bad", "action": "lost"}`)
	require.Error(t, w.put("bad", "body"))
	require.Equal(t, "body", w.holds("bad"))
	require.EqualValues(t, 1, f.Hits())
	e := w.last()
	require.Equal(t, []any{200, 0, "#1 lost", "after"}, []any{e.Status, e.Told, e.Rule, e.Stage})
	_, durable := w.proxy.Log().FirstWrite(bucket, "bad")
	require.True(t, durable, "it is, whatever the client was told")
	require.NoError(t, w.put("good", "body"))
	body, err := w.get("bad")
	require.NoError(t, err)
	require.Equal(t, "body", body)
	options := minio.PutObjectOptions{}
	options.SetMatchETagExcept("*")
	_, err = w.through.PutObject(testContext(t), bucket, "bad", strings.NewReader("x"), 1, "", "", options)
	require.Equal(t, "PreconditionFailed", codeOf(err), "what is no success is not lost")
	require.EqualValues(t, 1, f.Hits())
}

func TestThrottleSlowsBodiesDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := strings.Repeat("x", 10_000)
	require.NoError(t, w.put("k", body))
	f := w.inject(`{"storage": ["GET", "PUT"], "action": "throttle", "bytesPerSecond": 100000}`)
	for name, do := range map[string]func(){
		"put": func() { require.NoError(t, w.put("k", body)) },
		"get": func() {
			back, err := w.get("k")
			require.NoError(t, err)
			require.Equal(t, body, back)
		},
	} {
		began := time.Now()
		do()
		require.GreaterOrEqual(t, time.Since(began), 90*time.Millisecond, name)
		require.Equal(t, "body", w.last().Stage)
	}
	require.EqualValues(t, 2, f.Hits())
	require.EqualValues(t, 20_000, f.Bytes())
	require.Equal(t, []string{"k"}, w.keys(""), "another operation")
	_, err := w.get("missing")
	require.Error(t, err)
	f.Stop()
	require.NoError(t, w.put("k", body))
	require.Empty(t, w.last().Rule)
}

func TestThrottleLetsGoWhenItIsStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": "PUT", "action": "throttle", "bytesPerSecond": 10}`)
	waits := during(func() error { return w.put("k", strings.Repeat("x", 100_000)) })
	hits(t, f, 1)
	none(t, waits)
	f.Stop()
	require.NoError(t, got(t, waits))
}

func TestThrottleHasNothingToDoWithoutABody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": ["HEAD", "PUT"], "action": "throttle", "bytesPerSecond": 100, "times": 1}`)
	require.NoError(t, w.put("k", ""))
	_, err := w.through.StatObject(testContext(t), bucket, "k", minio.StatObjectOptions{})
	require.NoError(t, err)
	require.Zero(t, f.Hits())
	require.NoError(t, w.put("k", "x"))
	ended(t, f)
}

func TestTruncateIsATornRead(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("0123456789", 10_000)
	for spec, left := range map[string]int{
		`"bytes": 12345`:   12_345,
		`"fraction": 0.1`:  10_000,
		`"probability": 1`: 50_000,
	} {
		w := newWorld(t)
		require.NoError(t, w.put("bad", body))
		require.NoError(t, w.put("good", body))
		f := w.inject(`{"storage": "GetObject", "key": "bad", "action": "truncate", ` + spec + `}`)
		back, err := w.get("bad")
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, body[:left], back)
		require.EqualValues(t, 1, f.Hits())
		require.EqualValues(t, len(body)-left, f.Bytes())
		back, err = w.get("good")
		require.NoError(t, err)
		require.Equal(t, body, back)
		f.Stop()
		back, err = w.get("bad")
		require.NoError(t, err)
		require.Equal(t, body, back)
	}
}

func TestTruncateNeedsMoreThanItLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.put("short", "12345"))
	f := w.inject(`{"storage": "GetObject", "action": "truncate", "bytes": 5, "times": 1}`)
	body, err := w.get("short")
	require.NoError(t, err)
	require.Equal(t, "12345", body)
	_, err = w.get("missing")
	require.Equal(t, "NoSuchKey", codeOf(err), "an error is passed on whole")
	require.Zero(t, f.Hits())
	require.NoError(t, w.put("long", "123456"))
	body, err = w.get("long")
	require.Error(t, err)
	require.Equal(t, "12345", body)
}

func TestCorruptChangesOneByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := strings.Repeat("0123456789", 10_000)
	require.NoError(t, w.put("bad", body))
	require.NoError(t, w.put("good", body))
	f := w.inject(`{"storage": "read", "key": "bad", "action": "corrupt"}`)
	places := map[int]bool{}
	for range 5 {
		back, err := w.get("bad")
		require.NoError(t, err)
		require.Len(t, back, len(body))
		different := []int{}
		for i := range body {
			if back[i] != body[i] {
				different = append(different, i)
			}
		}
		require.Len(t, different, 1)
		places[different[0]] = true
	}
	require.Greater(t, len(places), 1, "not always the same one")
	require.EqualValues(t, 5, f.Hits())
	require.EqualValues(t, 5, f.Bytes())
	back, err := w.get("good")
	require.NoError(t, err)
	require.Equal(t, body, back)
	require.Equal(t, body, w.holds("bad"), "only what was read was spoilt")
}

func TestStaleLeavesOutWhatIsNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, key := range []string{"a/old", "a/gone", "a/again", "b/old"} {
		require.NoError(t, w.put(key, "1"))
	}
	f := w.inject(`{"storage": "LIST", "key": "a/*", "action": "stale"}`)
	require.Len(t, w.keys("a/"), 3)
	require.Zero(t, f.Hits(), "nothing is new: the listing is true")
	require.NoError(t, w.put("a/new ü+&", "1"))
	require.NoError(t, w.put("b/new", "1"))
	require.NoError(t, w.put("a/old", "2"))
	for _, key := range []string{"a/gone", "a/again"} {
		require.NoError(t, w.through.RemoveObject(testContext(t), bucket, key, minio.RemoveObjectOptions{}))
	}
	require.NoError(t, w.put("a/again", "2"))
	require.Equal(t, []string{"a/old"}, w.keys("a/"), "what was deleted stays out, and what was written since")
	require.EqualValues(t, 1, f.Hits())
	require.Equal(t, []string{"b/new", "b/old"}, w.keys("b/"), "another prefix")
	page, err := w.through.ListObjectsV2(bucket, "a/", "", "", "", 100)
	require.NoError(t, err)
	require.Len(t, page.Contents, 1)
	body, err := w.get("a/new ü+&")
	require.NoError(t, err, "it is there")
	require.Equal(t, "1", body)
	f.Stop()
	require.Equal(t, []string{"a/again", "a/new ü+&", "a/old"}, w.keys("a/"))
}

func TestStaleCatchesUpAfterItsDelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.put("a", "1"))
	f := w.inject(`{"storage": "ListObjectsV2", "action": "stale", "delay": "10m"}`)
	require.Empty(t, w.keys(""), "it was written in the last ten minutes")
	f.Stop()
	w.inject(`{"storage": "ListObjectsV2", "action": "stale", "delay": "1us"}`)
	require.Equal(t, []string{"a"}, w.keys(""))
}

func TestSeveralFaultsActOneAfterTheOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	held := w.inject(`{"storage": "*", "action": "delay", "delay": "1ms"}`)
	lost := w.inject(`{"storage": "PUT", "action": "lost", "nth": 2}`)
	failed := w.inject(`{"storage": "PUT", "action": "error", "status": 500, "nth": 2}`)
	slow := w.inject(`{"storage": "PUT", "action": "throttle", "bytesPerSecond": 1000000}`)
	outcomes := ""
	for i := range 6 {
		err := w.put(fmt.Sprint(i), "body")
		switch {
		case err == nil:
			outcomes += "ok "
		case codeOf(err) == "InternalError":
			outcomes += "error "
		default:
			outcomes += "lost "
		}
	}
	// Of lost, the 2nd and 4th match are those that the error has kept for itself: they were none.
	require.Equal(t, "ok error ok error ok error ", outcomes)
	require.EqualValues(t, 6, held.Hits())
	require.Zero(t, lost.Hits())
	require.EqualValues(t, 3, failed.Hits())
	require.EqualValues(t, 3, slow.Hits())
	require.Equal(t, "#1 delay, #3 error", w.last().Rule)
	require.Equal(t, "before, before", w.last().Stage)
	failed.Stop()
	require.NoError(t, w.put("7", "body"))
	require.Error(t, w.put("8", "body"))
	require.Equal(t, "#1 delay, #4 throttle, #2 lost", w.last().Rule)
}

func TestAHeadOfAnAnswerMayComeAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.put("k", strings.Repeat("x", 100_000)))
	f := w.inject(`{"storage": "GetObject", "action": "reset", "at": "response"}`)
	response, err := client(t).Get(w.proxy.URL() + "/data/k")
	if err == nil { // the reset may have overtaken the head
		require.Equal(t, http.StatusOK, response.StatusCode)
		_, err = io.ReadAll(response.Body)
		_ = response.Body.Close()
	}
	require.Error(t, err)
	require.EqualValues(t, 1, f.Hits())
	require.Equal(t, s3proxy.GetObject, w.last().Operation)
}

func TestStopDoesNotWaitForWhoReadsSlowly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.put("k", strings.Repeat("x", 20<<20)))
	for _, spec := range []string{
		`{"storage": "GET", "action": "corrupt"}`,
		`{"storage": "GET", "action": "truncate", "fraction": 0.9}`,
		`{"storage": "GET", "action": "delay", "delay": "1us", "when": "after"}`,
		`{"storage": "GET", "action": "throttle", "bytesPerSecond": 1000000000}`,
	} {
		conn := dialed(t, w.proxy)
		f := w.inject(spec)
		says(t, conn, "GET /data/k HTTP/1.1\r\nHost: x\r\n\r\n")
		hits(t, f, 1)
		f.Stop() // the answer does not fit into what lies between us
		reads(t, conn, "HTTP/1.1 200 OK\r\n")
		require.NoError(t, conn.Close())
	}
}
