package s3proxy_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/s3proxy"
)

// pattern says of n writes which fail.
func pattern(w *world, n int) string {
	var out strings.Builder
	for i := range n {
		if w.put(fmt.Sprint(i), "body") == nil {
			out.WriteByte('.')
		} else {
			out.WriteByte('x')
		}
	}
	return out.String()
}

func TestTheSameSeedDecidesTheSame(t *testing.T) {
	t.Parallel()
	failing := func(extra string) string {
		w := newWorld(t)
		w.inject(`{"storage": "PutObject", "action": "error", "code": "AccessDenied", "probability": 0.4` + extra + `}`)
		return pattern(w, 60)
	}
	first := failing("")
	require.Contains(t, first, "x")
	require.Contains(t, first, ".")
	require.Equal(t, first, failing(`, "seed": 1`))
	require.NotEqual(t, first, failing(`, "seed": 2`))
}

func TestNthAndTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": "PutObject", "action": "error", "status": 503, "nth": 3, "times": 2}`)
	require.Equal(t, []*s3proxy.Fault{f}, w.proxy.Faults())
	require.EqualValues(t, 1, f.ID())
	require.EqualValues(t, 3, f.Rule().Nth)
	require.True(t, f.Ended().IsZero())
	require.Equal(t, "..x..x......", pattern(w, 12))
	ended(t, f)
	require.Empty(t, w.proxy.Faults())
	require.False(t, f.Ended().Before(f.Began()))
	f.Stop()
	f.Stop()
	require.EqualValues(t, 2, f.Hits())
	require.EqualValues(t, 1, w.proxy.Injected())
}

func TestAFaultEndsByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": "*", "action": "delay", "delay": "10m", "for": "20ms"}`)
	require.NoError(t, w.put("a", "body"))
	ended(t, f)
	require.GreaterOrEqual(t, f.Ended().Sub(f.Began()), 20*time.Millisecond)
	require.ErrorContains(t, f.Renew(time.Minute), "has ended")
	require.ErrorContains(t, f.Renew(0), "more than 0s")
}

func TestWhoWaitsForHitsLearnsOfThemAndOfTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": "PUT", "action": "delay", "delay": "1us"}`)
	require.NoError(t, f.WaitHits(testContext(t), 0))
	waited := during(func() error { return f.WaitHits(context.Background(), 2) })
	require.NoError(t, w.put("a", "1"))
	none(t, waited)
	require.NoError(t, w.put("a", "1"))
	require.NoError(t, got(t, waited))
	waited = during(func() error { return f.WaitHits(context.Background(), 3) })
	f.Stop()
	require.ErrorContains(t, got(t, waited), "ended after 2 of 3 hits")
	require.NoError(t, f.WaitHits(testContext(t), 2))
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	idle := w.inject(`{"storage": "GET", "action": "delay", "delay": "1us"}`)
	require.ErrorIs(t, idle.WaitHits(ctx, 1), context.Canceled)
}

func TestSourcesAreToldApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := signed(t, w.proxy.URL(), "other-key")
	other.SetAppInfo("elsewhere", "2.0")
	for glob, matches := range map[string][2]bool{
		"access":      {true, false},
		"other-*":     {false, true},
		"*tester*":    {true, false},
		"*elsewhere*": {false, true},
		"127.0.0.1":   {true, true},
		"127.0.0.1:*": {true, true},
		"10.*":        {false, false},
		"acces":       {false, false},
	} {
		f := w.inject(fmt.Sprintf(`{"storage": "PutObject", "source": %q, "action": "error", "status": 503}`, glob))
		require.Equal(t, matches[0], w.put("k", "1") != nil, glob)
		require.Equal(t, matches[1], put(t, other, "k", "1") != nil, glob)
		f.Stop()
	}
}

func TestGroupsOfOperations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.put("k", "1"))
	for group, want := range map[string]string{
		"GET": "get", "PUT": "put", "HEAD": "head", "LIST": "list", "multipart": "multipart", "DELETE": "delete",
		"read": "get head list", "write": "put multipart delete", "*": "put get head list multipart delete",
		"CreateMultipartUpload": "multipart",
	} {
		f := w.inject(fmt.Sprintf(`{"storage": %q, "action": "error", "status": 503}`, group))
		var hit []string
		for _, o := range everyOperation() {
			if o.do(w) != nil {
				hit = append(hit, o.name)
			}
		}
		f.Stop()
		require.Equal(t, want, strings.Join(hit, " "), group)
	}
}

func TestBucketsAreToldApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.inject(`{"storage": "PUT", "bucket": "dat?", "action": "error", "status": 503}`)
	require.Error(t, w.put("k", "1"))
	f.Stop()
	w.inject(`{"storage": "PUT", "bucket": "other", "action": "error", "status": 503}`)
	require.NoError(t, w.put("k", "1"))
}
