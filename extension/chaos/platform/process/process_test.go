package process_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/chaos/platform/process"
	"k6suite/extension/internal/procgroup"
	"k6suite/extension/profile"
)

// broker is one that the test binary plays.
func broker(id int32, address string, traits ...string) profile.Broker {
	return profile.Broker{ID: id, Address: address, Command: profile.Command{
		Start: append([]string{"${k6}", "play", "broker", address}, traits...), Ready: profile.Ready{Timeout: profile.Duration(20 * time.Second)},
	}}
}

// brokersAt gives brokers with the ids 1, 2 and so on.
func brokersAt(addresses ...string) *profile.Chaos {
	c := &profile.Chaos{}
	for i, address := range addresses {
		c.Brokers = append(c.Brokers, broker(int32(i+1), address, "parent"))
	}
	return c
}

// free gives addresses that nobody had a moment ago.
func free(t *testing.T, n int) []string {
	t.Helper()
	out := make([]string, n)
	for i := range out {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close() // all at once: no two are the same
		out[i] = l.Addr().String()
	}
	return out
}

func open(t *testing.T, o process.Options) *process.Platform {
	t.Helper()
	o.Guard = guardCommand()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	p, err := process.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

// who answers at an address: the number of a process, 0 if nobody does.
func who(t *testing.T, address string) int {
	t.Helper()
	return whoWithin(t, address, 10*time.Second)
}

func whoWithin(t *testing.T, address string, patience time.Duration) int {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		return 0
	}
	defer conn.Close()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	return pid
}

func states(t *testing.T, p *process.Platform) map[int32]platform.State {
	t.Helper()
	all, err := p.Brokers(t.Context())
	require.NoError(t, err)
	out := map[int32]platform.State{}
	for _, b := range all {
		out[b.ID] = b.State
	}
	return out
}

func logOf(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name+".log"))
	require.NoError(t, err)
	return string(text)
}

// child finds the process that a broker says it has started.
func child(t *testing.T, dir, name string) int {
	t.Helper()
	pid := 0
	require.Eventually(t, func() bool {
		for line := range strings.Lines(logOf(t, dir, name)) {
			if _, err := fmt.Sscanf(line, "child %d", &pid); err == nil {
				return true
			}
		}
		return false
	}, 10*time.Second, 5*time.Millisecond)
	return pid
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || zombie(pid) }

func zombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(text), ") Z ")
}

func TestBrokersAreControlled(t *testing.T) {
	t.Parallel()
	at, dir := free(t, 2), t.TempDir()
	p := open(t, process.Options{Chaos: brokersAt(at...), Dir: dir})
	require.Equal(t, "process", p.Name())
	require.Contains(t, p.Can(), platform.CanAdd)
	require.Equal(t, map[int32]platform.State{1: platform.Running, 2: platform.Running}, states(t, p))
	first := who(t, at[0])
	require.NotZero(t, first)

	require.NoError(t, p.Kill(t.Context(), 1))
	require.Equal(t, map[int32]platform.State{1: platform.Dead, 2: platform.Running}, states(t, p))
	require.True(t, gone(first))
	require.True(t, gone(child(t, dir, "broker-1")), "what it has started, too")
	require.ErrorContains(t, p.Kill(t.Context(), 1), "broker-1 is dead")
	require.ErrorContains(t, p.Pause(t.Context(), 1), "broker-1 is dead")
	require.NoError(t, p.Start(t.Context(), 1))
	require.NotEqual(t, first, who(t, at[0]))
	require.ErrorContains(t, p.Start(t.Context(), 1), "broker-1 is running")

	second := who(t, at[1])
	require.NoError(t, p.Pause(t.Context(), 2))
	require.Equal(t, platform.Paused, states(t, p)[2])
	require.Zero(t, whoWithin(t, at[1], 100*time.Millisecond), "the kernel takes connections, and nobody answers")
	require.ErrorContains(t, p.Stop(t.Context(), 2), "broker-2 is paused")
	require.NoError(t, p.Resume(t.Context(), 2))
	require.Equal(t, second, who(t, at[1]))
	require.ErrorContains(t, p.Resume(t.Context(), 2), "broker-2 is running")

	require.NoError(t, p.Stop(t.Context(), 2))
	require.True(t, gone(second))
	require.ErrorContains(t, p.Kill(t.Context(), 9), "there is no broker 9")
	require.Empty(t, p.Died(), "all of this was asked for")
	require.Contains(t, logOf(t, dir, "broker-2"), ": asked to end\n")
	require.Len(t, strings.Split(logOf(t, dir, "broker-1"), ": started\n"), 3, "the log goes on")
}

func TestAPausedBrokerCanBeKilled(t *testing.T) {
	t.Parallel()
	at := free(t, 1)
	p := open(t, process.Options{Chaos: brokersAt(at...)})
	require.NotContains(t, p.Can(), platform.CanAdd, "there is one, and no spare")
	require.NoError(t, p.Pause(t.Context(), 1))
	require.NoError(t, p.Kill(t.Context(), 1))
	require.NoError(t, p.Start(t.Context(), 1))
	require.NoError(t, p.Pause(t.Context(), 1))
	require.NoError(t, p.Close(), "and ended")
	require.Zero(t, who(t, at[0]))
	require.ErrorContains(t, p.Start(t.Context(), 1), "it is closed")
}

func TestWhoDoesNotHeedIsKilled(t *testing.T) {
	t.Parallel()
	at, dir := free(t, 1), t.TempDir()
	p := open(t, process.Options{
		Chaos: &profile.Chaos{Brokers: []profile.Broker{broker(1, at[0], "deaf")}}, Dir: dir, Patience: 50 * time.Millisecond,
	})
	require.NoError(t, p.Stop(t.Context(), 1))
	require.Contains(t, logOf(t, dir, "broker-1"), "did not end within 50ms of SIGTERM: killed")
	require.Empty(t, p.Died())
}

func TestSparesComeAndGo(t *testing.T) {
	t.Parallel()
	at := free(t, 3)
	c := brokersAt(at[:2]...)
	c.Spares = []profile.Broker{broker(3, at[2])}
	p := open(t, process.Options{Chaos: c})
	require.Len(t, states(t, p), 2)
	id, err := p.Add(t.Context())
	require.NoError(t, err)
	require.Equal(t, int32(3), id)
	require.NotZero(t, who(t, at[2]))
	_, err = p.Add(t.Context())
	require.ErrorContains(t, err, "no spare is left")
	require.NoError(t, p.Remove(t.Context(), 2))
	require.Zero(t, who(t, at[1]))
	require.Equal(t, map[int32]platform.State{1: platform.Running, 3: platform.Running}, states(t, p))
	id, err = p.Add(t.Context())
	require.NoError(t, err)
	require.Equal(t, int32(2), id, "who was removed can come back")
	require.NoError(t, p.Pause(t.Context(), 2))
	require.ErrorContains(t, p.Remove(t.Context(), 2), "broker 2 is paused")
}

func TestHelpersComeFirstAndEndLast(t *testing.T) {
	t.Parallel()
	at, dir := free(t, 2), t.TempDir()
	_, port, err := net.SplitHostPort(at[0])
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	c := &profile.Chaos{
		Processes: []profile.Helper{{Name: "store", Command: profile.Command{
			Start: []string{"${k6}", "play", "broker", at[0]}, Env: map[string]string{"GREETING": "hello ${NAME} from ${run}"},
			Ready: profile.Ready{Port: number},
		}}},
		Brokers: []profile.Broker{broker(1, at[1], "http")},
	}
	c.Brokers[0].Ready.HTTP = "http://" + at[1] + "/ready"
	env := func(name string) (string, bool) { return "you", name == "NAME" }
	p := open(t, process.Options{Chaos: c, Dir: dir, Env: env})
	require.Contains(t, logOf(t, dir, "store"), "serving "+at[0]+" hello you from "+dir+"\n")
	require.Equal(t, map[int32]platform.State{1: platform.Running}, states(t, p), "a helper is no broker")

	store := who(t, at[0])
	require.NoError(t, syscall.Kill(store, syscall.SIGKILL))
	require.Eventually(t, func() bool { return len(p.Died()) == 1 }, 10*time.Second, 5*time.Millisecond)
	require.Contains(t, p.Died()[0], "store ended by itself (signal: killed); its last log lines ("+dir+"/store.log):\n  --- k6suite ")
}

func TestADeathThatNobodyAskedForIsTold(t *testing.T) {
	t.Parallel()
	at, dir := free(t, 1), t.TempDir()
	p := open(t, process.Options{Chaos: brokersAt(at...), Dir: dir})
	require.NoError(t, syscall.Kill(who(t, at[0]), syscall.SIGKILL))
	require.Eventually(t, func() bool { return states(t, p)[1] == platform.Dead }, 10*time.Second, 5*time.Millisecond)
	require.Len(t, p.Died(), 1)
	require.Contains(t, p.Died()[0], "broker-1 ended by itself (signal: killed); its last log lines")
	orphan := child(t, dir, "broker-1")
	require.False(t, gone(orphan))
	require.Equal(t, 30*time.Second, p.Bound())
	require.NoError(t, p.Start(t.Context(), 1))
	require.True(t, gone(orphan), "what it had left behind is not in the way of its next life")
	require.Contains(t, p.Tail(1)[0], "--- k6suite ")
}

func TestWhatDoesNotStartIsAnErrorWithItsLog(t *testing.T) {
	t.Parallel()
	at, dir := free(t, 4), t.TempDir()
	try := func(brokers ...profile.Broker) error {
		_, err := process.Open(t.Context(), process.Options{Chaos: &profile.Chaos{Brokers: brokers}, Dir: dir, Guard: guardCommand()})
		return err
	}
	err := try(broker(1, at[0], "parent"), broker(2, at[1], "broken"))
	require.ErrorContains(t, err, "platform process: broker-2: it ended before it was ready (exit status 1); its last log lines ("+
		dir+"/broker-2.log):")
	require.ErrorContains(t, err, "\n  no disk is left\n")
	require.Zero(t, who(t, at[0]), "and the others are ended")

	silent := broker(1, at[2], "silent")
	silent.Ready.Timeout = profile.Duration(50 * time.Millisecond)
	require.ErrorContains(t, try(silent), "broker-1: "+at[2]+" does not answer: it was given 50ms")

	stranger, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", at[3])
	require.NoError(t, err)
	defer stranger.Close()
	require.ErrorContains(t, try(broker(1, at[3])), "broker-1: "+at[3]+" answers already: "+procgroup.Listener(at[3])+" has taken it")

	nowhere := broker(1, at[0])
	nowhere.Start = []string{"/does/not/exist"}
	require.ErrorContains(t, try(nowhere), "broker-1: fork/exec /does/not/exist: no such file or directory")
	unset := broker(1, at[0])
	unset.Start[3] = "${K6SUITE_NOT_SET}"
	require.ErrorContains(t, try(unset), "chaos.brokers[0].start[3]: environment variable K6SUITE_NOT_SET is not set")
	require.ErrorContains(t, try(), "the profile names no broker")

	_, err = process.Open(t.Context(), process.Options{Chaos: brokersAt(at[0]), Dir: dir, Guard: []string{"/bin/false"}})
	require.ErrorContains(t, err, "guard: /bin/false ended before it watched: exit status 1 (its log is "+dir+"/guard.log)")
	taken := &profile.Chaos{Brokers: []profile.Broker{broker(1, at[0])}, Processes: []profile.Helper{{Name: "broker-1"}}}
	_, err = process.Open(t.Context(), process.Options{Chaos: taken, Dir: dir, Guard: guardCommand()})
	require.ErrorContains(t, err, "chaos.processes[0].name: broker-1 is the name of another log")
}

func TestAnInterruptedStartLeavesNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	at, dir := free(t, 2), t.TempDir()
	opened := make(chan error, 1)
	go func() {
		_, err := process.Open(ctx, process.Options{
			Chaos: &profile.Chaos{Brokers: []profile.Broker{broker(1, at[0]), broker(2, at[1], "silent")}}, Dir: dir, Guard: guardCommand(),
		})
		opened <- err
	}()
	require.Eventually(t, func() bool { return who(t, at[0]) != 0 }, 10*time.Second, 5*time.Millisecond)
	cancel(errors.New("enough"))
	require.ErrorContains(t, <-opened, "enough")
	require.Zero(t, who(t, at[0]))
}

func TestWhoLeavesItsSessionIsFound(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("only Linux tells with which environment a process was started")
	}
	at, dir := free(t, 1), t.TempDir()
	p := open(t, process.Options{Chaos: &profile.Chaos{Brokers: []profile.Broker{broker(1, at[0], "runaway")}}, Dir: dir})
	runaway := child(t, dir, "broker-1")
	require.False(t, gone(runaway))
	require.NoError(t, p.Close())
	require.Eventually(t, func() bool { return gone(runaway) }, 10*time.Second, 5*time.Millisecond)
}

func TestWithAKilledK6EverythingEnds(t *testing.T) {
	t.Parallel()
	at, dir := free(t, 2), t.TempDir()
	k6 := exec.Command(os.Args[0], "play", "k6", dir, at[0], at[1])
	in, err := k6.StdinPipe()
	require.NoError(t, err)
	defer in.Close()
	out, err := k6.StdoutPipe()
	require.NoError(t, err)
	k6.Stderr = os.Stderr
	require.NoError(t, k6.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "paused\n", line)
	second := who(t, at[1])
	children := []int{child(t, dir, "broker-1"), child(t, dir, "broker-2"), second}

	require.NoError(t, k6.Process.Kill())
	_ = k6.Wait() // it was killed
	for _, pid := range children {
		require.Eventually(t, func() bool { return gone(pid) }, 15*time.Second, 5*time.Millisecond)
	}
	for _, address := range at {
		require.Eventually(t, func() bool { return refused(t, address) }, 15*time.Second, 5*time.Millisecond)
	}
	require.Empty(t, logOf(t, dir, "guard"))
}

func refused(t *testing.T, address string) bool {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err == nil {
		_ = conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}
