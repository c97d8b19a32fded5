package s3proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/s3proxy"
)

func TestDelayHoldsARequestAsLongAsTheFaultLasts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": "PutObject", "key": "slow/*", "action": "delay", "delay": "10m"}`)
	waits := during(func() error { return w.put("slow/1", "body") })
	hits(t, f, 1)
	require.NoError(t, w.put("fast/1", "body"), "another key")
	require.Empty(t, w.keys("slow/"), "another operation, and nothing is there yet")
	none(t, waits)
	f.Stop()
	require.NoError(t, got(t, waits))
	require.Equal(t, "body", w.holds("slow/1"))
	require.EqualValues(t, 1, f.Hits())
	require.EqualValues(t, 4, f.Bytes())
	require.Equal(t, []string{"slow/1"}, f.Objects())
	e := w.last()
	require.Equal(t, []any{"#1 delay", "before", 200, 200}, []any{e.Rule, e.Stage, e.Status, e.Told})
}

func TestDelayTakesItsTime(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before", "after"} {
		w := newWorld(t)
		w.inject(fmt.Sprintf(`{"storage": "PutObject", "action": "delay", "delay": "60ms", "jitter": "10ms", "when": %q}`, when))
		began := time.Now()
		require.NoError(t, w.put("a", "body"))
		took := time.Since(began)
		require.GreaterOrEqual(t, took, 50*time.Millisecond)
		e := w.last()
		require.Equal(t, when, e.Stage)
		durable, ok := w.proxy.Log().FirstWrite(bucket, "a")
		require.True(t, ok)
		if when == "after" {
			require.LessOrEqual(t, durable.Sub(began), took-50*time.Millisecond, "it was durable long before the client knew")
		} else {
			require.GreaterOrEqual(t, durable.Sub(began), 50*time.Millisecond)
		}
	}
}

func TestDelayAfterHoldsTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": "PUT", "action": "delay", "delay": "10m", "when": "after"}`)
	waits := during(func() error { return w.put("a", "body") })
	hits(t, f, 1)
	_, ok := w.proxy.Log().FirstWrite(bucket, "a")
	require.Eventually(t, func() bool { _, ok = w.proxy.Log().FirstWrite(bucket, "a"); return ok }, deadline, time.Millisecond)
	require.Equal(t, "body", w.holds("a"), "it is done")
	none(t, waits)
	f.Stop()
	require.NoError(t, got(t, waits))
}

func TestErrorAnswersInPlaceOfTheStorage(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]minio.ErrorResponse{
		`"code": "SlowDown"`:                      {StatusCode: 503, Code: "SlowDown"},
		`"status": 503`:                           {StatusCode: 503, Code: "SlowDown"},
		`"status": 500`:                           {StatusCode: 500, Code: "InternalError"},
		`"code": "InternalError"`:                 {StatusCode: 500, Code: "InternalError"},
		`"code": "AccessDenied"`:                  {StatusCode: 403, Code: "AccessDenied"},
		`"status": 412`:                           {StatusCode: 412, Code: "PreconditionFailed"},
		`"status": 409`:                           {StatusCode: 409, Code: "OperationAborted"},
		`"status": 404`:                           {StatusCode: 404, Code: "NoSuchKey"},
		`"status": 503, "code": "InternalError"`:  {StatusCode: 503, Code: "InternalError"},
		`"status": 429`:                           {StatusCode: 429, Code: "TooManyRequests"},
		`"status": 400, "code": "RequestTimeout"`: {StatusCode: 400, Code: "RequestTimeout"},
		`"status": 500, "when": "after"`:          {StatusCode: 500, Code: "InternalError"},
		`"code": "NoSuchKey", "when": "after"`:    {StatusCode: 404, Code: "NoSuchKey"},
		`"status": 599, "code": "Unheard"`:        {StatusCode: 599, Code: "Unheard"},
	} {
		w := newWorld(t)
		f := w.inject(`{"storage": "PutObject", "key": "bad/*", "action": "error", ` + spec + `}`)
		told := minio.ToErrorResponse(w.put("bad/1", strings.Repeat("x", 100_000)))
		require.Equal(t, []any{want.StatusCode, want.Code}, []any{told.StatusCode, told.Code}, spec)
		require.EqualValues(t, 1, f.Hits())
		require.EqualValues(t, 100_000, f.Bytes())
		e := w.last()
		_, durable := w.proxy.Log().FirstWrite(bucket, "bad/1")
		if strings.Contains(spec, "after") {
			require.Equal(t, []any{200, want.StatusCode, "#1 error", "after"}, []any{e.Status, e.Told, e.Rule, e.Stage})
			require.Len(t, w.holds("bad/1"), 100_000, "it is done all the same")
			require.True(t, durable)
		} else {
			require.Equal(t, []any{0, want.StatusCode, "#1 error", "before"}, []any{e.Status, e.Told, e.Rule, e.Stage})
			require.Empty(t, w.holds("bad/1"))
			require.False(t, durable)
		}
		require.NoError(t, w.put("good/1", "body"), "another key, over the same connection")
		_, err := w.get("bad/1")
		require.Equal(t, strings.Contains(spec, "after"), err == nil, "another operation: as the storage has it")
		require.EqualValues(t, 1, f.Hits())
	}
}

func TestErrorAfterActsOnSuccessesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": "GetObject", "action": "error", "status": 500, "when": "after", "times": 1}`)
	_, err := w.get("missing")
	require.Equal(t, "NoSuchKey", codeOf(err), "it is an error already")
	require.Zero(t, f.Hits())
	require.NoError(t, w.put("a", "1"))
	_, err = w.get("a")
	require.Equal(t, "InternalError", codeOf(err))
	ended(t, f)
}

func TestErrorToHeadHasNoBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.put("a", "1"))
	w.inject(`{"storage": "HEAD", "action": "error", "status": 503}`)
	for range 2 {
		_, err := w.through.StatObject(testContext(t), bucket, "a", minio.StatObjectOptions{})
		require.Equal(t, 503, minio.ToErrorResponse(err).StatusCode)
	}
}

func TestResetCutsTheConnectionAtAStage(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("x", 1<<20)
	for at, want := range map[string]struct {
		status int
		held   string
	}{
		"connect":  {0, ""},
		"headers":  {0, ""},
		"body":     {0, ""},
		"response": {200, body},
	} {
		w := newWorld(t)
		f := w.inject(fmt.Sprintf(`{"storage": "PutObject", "key": "bad", "action": "reset", "at": %q}`, at))
		require.Error(t, w.put("bad", body), at)
		require.EqualValues(t, 1, f.Hits(), at)
		e := w.last()
		require.Equal(t, []any{want.status, at, "#1 reset"}, []any{e.Status, e.Stage, e.Rule}, at)
		require.NoError(t, w.put("good", body))
		require.Equal(t, want.held, w.holds("bad"), at)
		_, durable := w.proxy.Log().FirstWrite(bucket, "bad")
		require.Equal(t, want.held != "", durable)
	}
}

func TestResetShowsTheUpstreamAPartOfTheRequest(t *testing.T) {
	t.Parallel()
	for at, wantHeads := range map[string]int64{"connect": 0, "headers": 0, "body": 1} {
		var heads, whole atomic.Int64
		torn := make(chan int64, 1)
		p := start(t, upstream(t, func(_ http.ResponseWriter, r *http.Request) {
			heads.Add(1)
			n, err := io.Copy(io.Discard, r.Body)
			if err == nil {
				whole.Add(1)
			}
			torn <- n
		}))
		_, err := p.Inject(parsed(t, fmt.Sprintf(`{"storage": "PUT", "action": "reset", "at": %q}`, at)))
		require.NoError(t, err)
		request, err := http.NewRequestWithContext(testContext(t), http.MethodPut, p.URL()+"/b/k", strings.NewReader(strings.Repeat("x", 10_000)))
		require.NoError(t, err)
		_, err = client(t).Do(request)
		require.Error(t, err)
		require.Equal(t, 0, p.Log().Entries()[0].Status)
		if at == "body" {
			require.LessOrEqual(t, got(t, torn), int64(5000))
		}
		require.Equal(t, wantHeads, heads.Load(), at)
		require.Zero(t, whole.Load())
	}
}

func TestResetAtTheBodyOfARequestWithoutOneIsNoMatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": "PutObject", "action": "reset", "at": "body", "times": 1}`)
	require.NoError(t, w.put("empty", ""))
	require.Zero(t, f.Hits())
	require.Error(t, w.put("a", "body"))
	ended(t, f)
}

func TestRefuseClosesBeforeAnyByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.put("a", "1"))
	f := w.inject(`{"storage": "write", "action": "refuse"}`)
	require.Error(t, w.put("a", "2"))
	require.Error(t, w.through.RemoveObject(testContext(t), bucket, "a", minio.RemoveObjectOptions{}))
	e := w.last()
	require.Equal(t, []any{0, 0, "#1 refuse", "before", ""}, []any{e.Status, e.Told, e.Rule, e.Stage, e.Err})
	body, err := w.get("a")
	require.NoError(t, err, "reads are no writes")
	require.Equal(t, "1", body)
	require.EqualValues(t, 2, f.Hits())
	f.Stop()
	require.NoError(t, w.put("a", "2"))
}

func TestBlackholeHangsAndThenResets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": "PutObject", "key": "bad", "action": "blackhole"}`)
	waits := during(func() error { return w.put("bad", strings.Repeat("x", 1<<20)) })
	hits(t, f, 1)
	require.NoError(t, w.put("good", "body"))
	none(t, waits)
	f.Stop()
	require.Error(t, got(t, waits))
	require.Empty(t, w.holds("bad"))
	require.NoError(t, w.put("bad", "body"))
}

func TestABlackholeLetsGoOfClientsThatGiveUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": "PutObject", "action": "blackhole", "times": 1}`)
	c := client(t)
	c.Timeout = 50 * time.Millisecond
	request, err := http.NewRequestWithContext(testContext(t), http.MethodPut, w.proxy.URL()+"/data/k", strings.NewReader("x"))
	require.NoError(t, err)
	_, err = c.Do(request)
	require.Error(t, err)
	ended(t, f) // its only victim is gone
}

func TestLateIsDoneAfterTheClientWasTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": "write", "key": "late", "action": "late", "delay": "10m", "code": "InternalError"}`)
	require.Equal(t, "InternalError", codeOf(w.put("late", "body")))
	require.NoError(t, w.put("other", "body"))
	require.Empty(t, w.holds("late"), "not yet")
	require.EqualValues(t, 1, f.Hits())
	f.Stop()
	require.Equal(t, "body", w.holds("late"), "at the latest when the fault ends")
	e := w.last()
	require.Equal(t, []any{s3proxy.PutObject, 200, 500, "#1 late", "late"}, []any{e.Operation, e.Status, e.Told, e.Rule, e.Stage})
	require.NotEmpty(t, e.ETag)
	_, durable := w.proxy.Log().FirstWrite(bucket, "late")
	require.True(t, durable)
	require.NoError(t, w.put("late", "again"))
	require.Equal(t, "again", w.holds("late"))
}

func TestLateComesByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": "PutObject", "action": "late", "delay": "50ms", "jitter": "10ms", "status": 503, "times": 1}`)
	require.Error(t, w.put("late", "body"))
	ended(t, f)
	require.Equal(t, "body", w.holds("late"))
	require.GreaterOrEqual(t, f.Ended().Sub(f.Began()), 40*time.Millisecond)
}

func TestLateIsDoneThoughTheClientGaveUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.put("k", "old"))
	f := w.inject(`{"storage": "DELETE", "action": "late", "delay": "10m", "times": 1}`)
	c := client(t)
	c.Timeout = 50 * time.Millisecond
	request, err := http.NewRequestWithContext(testContext(t), http.MethodDelete, w.proxy.URL()+"/data/k", http.NoBody)
	require.NoError(t, err)
	_, err = c.Do(request)
	require.Error(t, err)
	require.Equal(t, "old", w.holds("k"))
	f.Stop()
	require.Empty(t, w.holds("k"))
	require.Equal(t, []any{s3proxy.DeleteObject, 204, 0}, []any{w.last().Operation, w.last().Status, w.last().Told})
}

func TestWhatIsPutOffIsDroppedWithTheProxy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.inject(`{"storage": "PutObject", "action": "late", "delay": "10m", "status": 500}`)
	require.Error(t, w.put("late", "body"))
	require.NoError(t, w.proxy.Close())
	require.Empty(t, w.holds("late"))
	require.Contains(t, w.last().Err, "not done any more")
	_, err := w.proxy.Inject(parsed(t, `{"storage": "*", "action": "refuse"}`))
	require.ErrorContains(t, err, "closed")
}

func TestCloseEndsWhateverFaultsHold(t *testing.T) {
	t.Parallel()
	for _, spec := range []string{
		`{"storage": "PUT", "action": "delay", "delay": "10m"}`,
		`{"storage": "PUT", "action": "delay", "delay": "10m", "when": "after"}`,
		`{"storage": "PUT", "action": "blackhole"}`,
		`{"storage": "PUT", "action": "late", "delay": "10m"}`,
		`{"storage": "PUT", "action": "throttle", "bytesPerSecond": 1}`,
	} {
		w := newWorld(t)
		f := w.inject(spec)
		waits := during(func() error { return w.put("a", "body") })
		hits(t, f, 1)
		require.NoError(t, w.proxy.Close())
		require.Error(t, got(t, waits), spec)
		ended(t, f)
	}
}
