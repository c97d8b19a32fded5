package s3proxy_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/s3proxy"
)

// shortLease is long enough for a busy machine to renew it.
const shortLease = 2 * time.Second

func connect(t *testing.T, url string, lease time.Duration) *s3proxy.Remote {
	t.Helper()
	r, err := s3proxy.ConnectWithLease(testContext(t), url, lease)
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func parsed(t *testing.T, spec string) s3proxy.Rule {
	t.Helper()
	rule, err := s3proxy.ParseRule([]byte(spec))
	require.NoError(t, err)
	return rule
}

func TestFaultsOfARemoteProxyAreLikeOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url, _ := controlled(t, w.proxy)
	r, err := s3proxy.Connect(testContext(t), url)
	require.NoError(t, err)
	f, err := r.Inject(parsed(t, `{"storage": "PutObject", "action": "error", "code": "SlowDown", "times": 3}`))
	require.NoError(t, err)
	require.EqualValues(t, 1, f.ID())
	require.Equal(t, s3proxy.Error, f.Rule().Action)
	waited := during(func() error { return f.WaitHits(context.Background(), 2) })
	require.Error(t, w.put("a", "1"))
	require.EqualValues(t, 1, f.Hits())
	require.EqualValues(t, 1, f.Bytes())
	require.Equal(t, []string{"a"}, f.Objects())
	none(t, waited)
	require.True(t, f.Ended().IsZero())
	require.Error(t, w.put("b", "1"))
	require.NoError(t, got(t, waited))
	require.Error(t, w.put("a", "1"))
	ended(t, f)
	require.EqualValues(t, 3, f.Hits())
	require.False(t, f.Ended().Before(f.Began()))
	require.ErrorContains(t, f.WaitHits(testContext(t), 4), "ended after 3 of 4 hits")
	f.Stop()

	other, err := r.Inject(parsed(t, `{"storage": "*", "action": "refuse"}`))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	require.ErrorIs(t, other.WaitHits(ctx, 1), context.Canceled)
	require.EqualValues(t, 2, r.Injected())
	require.NoError(t, r.Close())
	ended(t, other)
	require.Empty(t, w.proxy.Faults(), "closing ends what is left")
	require.NoError(t, w.put("a", "1"))
	_, err = r.Inject(other.Rule())
	require.ErrorContains(t, err, "closed")
}

func TestAStoppedRemoteFaultActsNoLonger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url, _ := controlled(t, w.proxy)
	f, err := connect(t, url, shortLease).Inject(parsed(t, `{"storage": "PutObject", "action": "refuse"}`))
	require.NoError(t, err)
	require.Error(t, w.put("a", "1"))
	f.Stop()
	f.Stop()
	require.NoError(t, f.Err())
	require.EqualValues(t, 1, f.Hits())
	require.NoError(t, w.put("a", "1"))
}

func TestALeaseIsRenewedAsLongAsSomebodyLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	renewed := make(chan struct{}, 100)
	control := s3proxy.Control(w.proxy)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		control.ServeHTTP(rw, r)
		if r.URL.Path == "/rules/1/renew" {
			renewed <- struct{}{}
		}
	}))
	t.Cleanup(server.Close)
	f, err := connect(t, server.URL, shortLease).Inject(parsed(t, `{"storage": "*", "action": "delay", "delay": "1ms"}`))
	require.NoError(t, err)
	for time.Since(f.Began()) < 3*shortLease/2 {
		got(t, renewed)
	}
	require.Len(t, w.proxy.Faults(), 1)
	select {
	case <-f.Done():
		require.FailNow(t, "it has ended")
	default:
	}
}

// injectRemote is the part of a process that is killed.
func injectRemote(control string) error {
	r, err := s3proxy.ConnectWithLease(context.Background(), control, shortLease)
	if err != nil {
		return err
	}
	rule, err := s3proxy.ParseRule([]byte(`{"storage": "*", "action": "refuse"}`))
	if err != nil {
		return err
	}
	_, err = r.Inject(rule)
	return err
}

func TestAFaultEndsWhenWhoInjectedItIsKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url, _ := controlled(t, w.proxy)
	cmd := exec.CommandContext(testContext(t), os.Args[0], url)
	cmd.Env = append(os.Environ(), roleVariable+"="+roleRemote)
	in, err := cmd.StdinPipe() // as long as it is open, the process lives
	require.NoError(t, err)
	t.Cleanup(func() { _ = in.Close() })
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Len(t, w.proxy.Faults(), 1)
	require.Error(t, w.put("a", "1"))
	require.NoError(t, cmd.Process.Kill())
	_, _ = io.Copy(io.Discard, out)
	require.Error(t, cmd.Wait())
	ended(t, w.proxy.AllFaults()[0])
	require.NoError(t, w.put("a", "1"))
}

func TestAProxyThatAnswersNoMoreEndsTheFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var gone atomic.Bool
	control := s3proxy.Control(w.proxy)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if gone.Load() {
			panic(http.ErrAbortHandler)
		}
		control.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	r := connect(t, server.URL, shortLease)
	f, err := r.Inject(parsed(t, `{"storage": "*", "action": "refuse"}`))
	require.NoError(t, err)
	waited := during(func() error { return f.WaitHits(context.Background(), 1) })
	gone.Store(true)
	require.ErrorContains(t, got(t, waited), "answers no more")
	ended(t, f)
	require.ErrorContains(t, f.Err(), "answers no more")
	require.Zero(t, f.Hits(), "as it last said")
	require.ErrorContains(t, r.Close(), "answers no more")
	ended(t, w.proxy.AllFaults()[0]) // by its lease
}

func TestConnectRefusesWhatIsNoControl(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for control, says := range map[string]string{
		"127.0.0.1:9002":     "is not an address like http://host:port",
		"":                   "is not an address like http://host:port",
		"http://127.0.0.1:1": "start one with k6 x suite s3proxy",
		w.proxy.URL():        "no control of an S3 proxy",
	} {
		_, err := s3proxy.Connect(testContext(t), control)
		require.ErrorContains(t, err, says)
	}
	url, _ := controlled(t, w.proxy)
	_, err := connect(t, url, shortLease).Inject(s3proxy.Rule{})
	require.ErrorContains(t, err, "action is missing")
}
