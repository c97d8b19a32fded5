package guard_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/platform/guard"
	"k6suite/extension/internal/procgroup"
)

// watched is a process with a child.
type watched struct {
	pid, child int
	ended      chan struct{}
}

func start(t *testing.T) watched {
	t.Helper()
	cmd := exec.Command(os.Args[0], "play", "parent")
	procgroup.Lead(cmd)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	w := watched{pid: cmd.Process.Pid, ended: make(chan struct{})}
	_, err = fmt.Fscan(bufio.NewReader(out), &w.child)
	require.NoError(t, err)
	go func() {
		_ = cmd.Wait() // it is killed
		close(w.ended)
	}()
	t.Cleanup(func() {
		_, err := procgroup.Signal(w.pid, syscall.SIGKILL)
		require.NoError(t, err)
		<-w.ended
	})
	return w
}

// runs reports whether a process is there, and has not ended.
func runs(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) {
		return syscall.Kill(pid, 0) == nil
	}
	return err == nil && !strings.Contains(string(text), ") Z ")
}

func endsSoon(t *testing.T, w watched) {
	t.Helper()
	<-w.ended
	require.Eventually(t, func() bool { return !runs(w.child) }, 10*time.Second, time.Millisecond)
}

// told runs a guard on what it is told, up to the end of its input.
func told(t *testing.T, lines ...string) error {
	t.Helper()
	return guard.Run(strings.NewReader(strings.Join(lines, "\n")), io.Discard)
}

func watch(w watched, rest string) string {
	return fmt.Sprintf(`{"watch": {"pid": %d, "start": %q%s}}`, w.pid, procgroup.StartTime(w.pid), rest)
}

func TestWithoutAGoodbyeEverythingEnds(t *testing.T) {
	t.Parallel()
	one, two := start(t), start(t)
	_, err := procgroup.Signal(two.pid, syscall.SIGSTOP)
	require.NoError(t, err)
	folder := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "in"), 0o755))
	remove := fmt.Sprintf(`{"remove": %q}`, folder)
	require.NoError(t, told(t, watch(one, ""), watch(two, ""), remove))
	endsSoon(t, one)
	endsSoon(t, two)
	require.NoDirExists(t, folder)
}

func TestAGoodbyeLeavesEverything(t *testing.T) {
	t.Parallel()
	w, file := start(t), filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.NoError(t, told(t, watch(w, ""), fmt.Sprintf(`{"remove": %q}`, file), `{"goodbye": true}`))
	require.True(t, runs(w.pid))
	require.True(t, runs(w.child))
	require.FileExists(t, file)
}

func TestWhatWasForgottenOrIsAnotherStays(t *testing.T) {
	t.Parallel()
	w := start(t)
	require.NoError(t, told(t, watch(w, ""), fmt.Sprintf(`{"forget": %d}`, w.pid)))
	require.True(t, runs(w.pid))
	if procgroup.StartTime(w.pid) != "" {
		require.NoError(t, told(t, fmt.Sprintf(`{"watch": {"pid": %d, "start": "7"}}`, w.pid)), "its number was used again")
		require.True(t, runs(w.pid))
	}
}

func TestWhatWasOnlyPausedIsResumed(t *testing.T) {
	t.Parallel()
	w := start(t)
	_, err := procgroup.Signal(w.pid, syscall.SIGSTOP)
	require.NoError(t, err)
	require.NoError(t, procgroup.AwaitStop(t.Context(), w.pid))
	require.NoError(t, told(t, watch(w, `, "resume": true`)))
	if procgroup.StartTime(w.pid) == "" {
		return // nobody tells here whether it is stopped
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.Error(t, procgroup.AwaitStop(ctx, w.pid), "it goes on")
}

func TestHalfOfAMessageIsTheEndOfItsWriter(t *testing.T) {
	t.Parallel()
	w := start(t)
	require.ErrorContains(t, told(t, watch(w, ""), `{"forg`), "a message that is none")
	endsSoon(t, w)
}

func TestAGuardOfItsOwn(t *testing.T) {
	t.Parallel()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer log.Close()
	g, err := guard.Start(t.Context(), []string{os.Args[0], "play", "guard"}, log)
	require.NoError(t, err)
	w := start(t)
	require.NoError(t, g.Watch(w.pid))
	require.NoError(t, g.WatchPaused(w.pid))
	require.NoError(t, g.Forget(w.pid))
	require.NoError(t, g.Remove(log.Name()))
	require.True(t, strings.HasPrefix(g.Env(), guard.Mark+"="))
	require.NoError(t, g.Close())
	require.NoError(t, g.Close())
	require.ErrorContains(t, g.Watch(w.pid), "it has been told goodbye")
	require.FileExists(t, log.Name())
}

func TestAGuardThatHasEndedIsAnError(t *testing.T) {
	t.Parallel()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer log.Close()
	_, err = guard.Start(t.Context(), []string{"/does/not/exist"}, log)
	require.ErrorContains(t, err, "guard: fork/exec /does/not/exist: no such file")
	_, err = guard.Start(t.Context(), nil, log)
	require.EqualError(t, err, "guard: no command")
	g, err := guard.Start(t.Context(), []string{"/bin/sh", "-c", "echo ready; exec cat >/dev/null"}, log)
	require.NoError(t, err)
	require.NoError(t, g.Close(), "it need not say anything to end")
	g, err = guard.Start(t.Context(), []string{"/bin/sh", "-c", "echo ready; read line"}, log)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return g.Watch(os.Getpid()) != nil }, 10*time.Second, time.Millisecond)
	require.ErrorContains(t, g.Watch(os.Getpid()), "guard: it has ended, so nothing would end processes if k6 was killed")
	require.Error(t, g.Close())
}
