package suite_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/objectstore"
	"k6suite/extension/suite"
)

// storeProcess is an object store in a process of its own, which can be killed.
type storeProcess struct {
	url  string
	kill func()
}

func startStore(t *testing.T, dir, port string) storeProcess {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "x", "suite", "objectstore", "--dir", dir, "--port", port)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	kill := sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return storeProcess{strings.TrimSpace(strings.TrimPrefix(line, "endpoint")), kill}
}

// written is what writers were told, and what they wrote.
type written struct {
	mu    sync.Mutex
	acked map[string][]byte // by key; a key is written once
	sent  map[string][]byte
}

// write writes objects until the store is gone.
func (w *written) write(ctx context.Context, store *objectstore.Store, writer int) {
	for i := 0; ctx.Err() == nil; i++ {
		key := fmt.Sprintf("%d/%d", writer, i)
		body := bytes.Repeat([]byte(key), 20_000)
		w.mu.Lock()
		w.sent[key] = body
		w.mu.Unlock()
		if store.Put(ctx, key, body) != nil {
			return
		}
		w.mu.Lock()
		w.acked[key] = body
		w.mu.Unlock()
	}
}

func (w *written) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acked)
}

func TestAKilledObjectStoreHasLostNothingAndTornNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	process := startStore(t, dir, "0")
	open := func() *objectstore.Store {
		store, err := objectstore.Open(ctx, objectstore.Config{Endpoint: process.url, Bucket: "data", CreateBucket: true, MaxRetries: -1})
		require.NoError(t, err)
		t.Cleanup(store.Close)
		return store
	}
	store := open()
	w := &written{acked: map[string][]byte{}, sent: map[string][]byte{}}
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() { w.write(ctx, store, i) })
	}
	require.Eventually(t, func() bool { return w.count() > 100 }, time.Minute, time.Millisecond)
	etags := map[string]string{}
	for o, err := range store.List(ctx, "") {
		require.NoError(t, err)
		etags[o.Key] = o.ETag
	}
	process.kill()
	writers.Wait()

	process = startStore(t, dir, process.url[strings.LastIndex(process.url, ":")+1:])
	store = open()
	there := 0
	for o, err := range store.List(ctx, "") {
		require.NoError(t, err)
		there++
		body, err := store.Get(ctx, o.Key)
		require.NoError(t, err)
		require.True(t, bytes.Equal(w.sent[o.Key], body), "%s is torn", o.Key)
		if etag, known := etags[o.Key]; known {
			require.Equal(t, etag, o.ETag, o.Key)
		}
	}
	require.GreaterOrEqual(t, there, w.count())
	for key := range w.acked {
		_, err := store.Get(ctx, key)
		require.NoError(t, err, key)
	}
}

func TestObjectStoreIsKeptUntilItIsInterrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k := keep(t, "objectstore", "--dir", dir)
	store, err := objectstore.Open(t.Context(), objectstore.Config{Endpoint: k.said["endpoint"], Bucket: "data", CreateBucket: true})
	require.NoError(t, err)
	t.Cleanup(store.Close)

	for want, args := range map[string][]string{
		"--dir is missing": {"objectstore"},
		"in use":           {"objectstore", "--dir", dir},
	} {
		cmd := suite.NewCommand()
		cmd.SilenceUsage = true
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		cmd.SetArgs(args)
		err := cmd.ExecuteContext(t.Context())
		require.ErrorContains(t, err, want)
		var exit *suite.ExitError
		require.ErrorAs(t, err, &exit)
		require.Equal(t, 1, exit.Code)
	}
	require.Equal(t, "stopped\n", k.stop())
}
