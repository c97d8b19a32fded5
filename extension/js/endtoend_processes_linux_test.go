package js_test

import (
	"encoding/json"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
)

// processes is the profile of that name, on ports of its own. A test may change it before it is used.
type processes struct {
	store, proxy, cluster int // ports
	change                func(p map[string]any)
}

func newProcesses(t *testing.T) *processes {
	t.Helper()
	return &processes{store: freePort(t), proxy: freePort(t), cluster: freePort(t)}
}

// freePort is below those that the system gives to connections by chance: nobody takes it before it is listened on.
func freePort(t *testing.T) int {
	t.Helper()
	for {
		port := 15000 + rand.IntN(10000)
		listener, err := net.Listen("tcp", loopback(port))
		if err == nil {
			require.NoError(t, listener.Close())
			return port
		}
	}
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// file writes the profile, and gives the environment that chooses it.
func (p *processes) file(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "profiles.json"))
	require.NoError(t, err)
	for port, own := range map[string]int{"29290": p.store, "29291": p.proxy, "29292": p.cluster} {
		require.Contains(t, string(text), port)
		text = []byte(strings.ReplaceAll(string(text), port, strconv.Itoa(own)))
	}
	var all struct {
		Profiles map[string]map[string]any `json:"profiles"`
	}
	require.NoError(t, json.Unmarshal(text, &all))
	if p.change != nil {
		p.change(all.Profiles["processes"])
	}
	text, err = json.Marshal(all)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "profiles.json")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return []string{"K6_PROFILES=" + file, "K6_PROFILE=processes"}
}

// ports are those on which the profile has something listen.
func (p *processes) ports() []int { return []int{p.store, p.proxy, p.cluster} }

// left are the processes of a run that are there, by what they have in their environment: k6, its guard, and all that was started.
func left(t *testing.T, k *k6) []string {
	t.Helper()
	folders, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	var found []string
	for _, folder := range folders {
		environment, err := os.ReadFile(filepath.Join(folder, "environ")) // one that has ended has none
		if err != nil || !slices.Contains(strings.Split(string(environment), "\x00"), "K6_RESULTS="+k.results) {
			continue
		}
		command, err := os.ReadFile(filepath.Join(folder, "cmdline"))
		if err == nil && len(command) > 0 {
			found = append(found, filepath.Base(folder)+" "+strings.ReplaceAll(string(command), "\x00", " "))
		}
	}
	return found
}

// listening are those of the ports on which somebody accepts.
func listening(ports []int) (taken []int) {
	for _, port := range ports {
		if conn, err := net.DialTimeout("tcp", loopback(port), time.Second); err == nil {
			_ = conn.Close()
			taken = append(taken, port)
		}
	}
	return taken
}

// processOf finds a process of the run by a word of its command line.
func processOf(t *testing.T, k *k6, word string) int {
	t.Helper()
	for _, process := range left(t, k) {
		if words := strings.Fields(process); slices.Contains(words, word) {
			pid, err := strconv.Atoi(words[0])
			require.NoError(t, err)
			return pid
		}
	}
	require.Failf(t, "no such process", "%s: %v", word, left(t, k))
	return 0
}

// The whole cluster is killed in the middle, and started again over the same store.
func TestAClusterOfProcessesSurvivesChaos(t *testing.T) {
	t.Parallel()
	p := newProcesses(t)
	k := startK6(t, p.file(t), "run", "tests/chaos_broker.js")
	require.Zero(t, k.wait(t), k.out.String())
	verdict := k.verdict(t)
	require.Equal(t, contract.Pass, verdict.Status)
	require.EqualValues(t, 3, verdict.Kills)
	require.EqualValues(t, 3, verdict.KilledAll)
	for _, j := range verdict.Requirements {
		want := contract.Pass
		if slices.Contains([]string{"F4.2", "F4.3", "NFR1.2", "NFR4.2", "NFR4.4"}, j.ID) {
			want = contract.NotClaimed // of brokers that go on while another is away there are none
		}
		require.Equal(t, want, j.Status, "%s: %v", j.ID, j.Evidence)
	}
	require.Empty(t, left(t, k))
	require.Empty(t, listening(p.ports()))
}

func TestAClusterOfProcessesThatLiesIsFound(t *testing.T) {
	t.Parallel()
	env := append(newProcesses(t).file(t), "K6_CLUSTER_LIE=ack-before-durable")
	k := startK6(t, env, "run", "tests/chaos_broker.js")
	require.Equal(t, 99, k.wait(t), k.out.String())
	verdict := k.verdict(t)
	require.Equal(t, contract.Fail, verdict.Status)
	require.NotEmpty(t, verdict.Findings)
	for _, j := range verdict.Requirements {
		if slices.Contains([]string{"F3.2", "F3.3", "F4.1", "NFR1.1"}, j.ID) {
			require.Equal(t, contract.Fail, j.Status, "%s: %v", j.ID, j.Evidence)
		}
	}
}

// What ends without that anybody has ended it casts doubt on all that was seen, and says its last words.
func TestABrokerThatDiesByItselfIsADoubt(t *testing.T) {
	t.Parallel()
	p := newProcesses(t)
	env := append(p.file(t), `FAULT={"storage": "PutObject", "action": "delay", "delay": "10ms"}`)
	k := startK6(t, env, "run", "extension/js/testdata/disturbed.js")
	waitFor(t, k, `the fault has hit (true)`)
	require.NoError(t, syscall.Kill(processOf(t, k, "cluster"), syscall.SIGKILL))
	require.Eventually(t, func() bool { return len(listening([]int{p.cluster})) == 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, k.cmd.Process.Signal(os.Interrupt))
	require.Equal(t, 105, k.wait(t), k.out.String())
	verdict := k.verdict(t)
	require.Equal(t, contract.Inconclusive, verdict.Status)
	require.True(t, slices.ContainsFunc(verdict.Doubts, func(d contract.Doubt) bool {
		return strings.HasPrefix(d.Text, "broker-0 ended by itself (signal: killed); its last log lines") &&
			strings.Contains(d.Text, "bootstrap    "+loopback(p.cluster))
	}), "%v", verdict.Doubts)
}

// A profile whose processes do not come up is no target: nothing is judged, nothing is left, and the error says what to do.
func TestProcessesThatDoNotComeUp(t *testing.T) {
	t.Parallel()
	broker := func(p map[string]any) map[string]any {
		return p["chaos"].(map[string]any)["brokers"].([]any)[0].(map[string]any)
	}
	for name, c := range map[string]struct {
		change func(p map[string]any)
		says   []string
	}{
		"a command that is not there": {
			func(p map[string]any) { broker(p)["start"] = []string{"/no/such/broker"} },
			[]string{"platform process: broker-0: ", "/no/such/broker: no such file or directory"},
		},
		"a command that ends at once": {
			func(p map[string]any) {
				broker(p)["start"] = []string{"/bin/sh", "-c", "echo the disk is gone; exit 3"}
			},
			[]string{"broker-0: it ended before it was ready (exit status 3)", "its last log lines", "the disk is gone"},
		},
		"one that never serves": {
			func(p map[string]any) {
				broker(p)["start"], broker(p)["ready"] = []string{"/bin/sleep", "60"}, map[string]any{"timeout": "200ms"}
			},
			[]string{"broker-0: ", "200ms"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProcesses(t)
			p.change = c.change
			k := startK6(t, p.file(t), "run", "tests/diagnose.js")
			require.NotZero(t, k.wait(t), k.out.String())
			for _, text := range append(c.says, "profile processes") {
				require.Contains(t, k.out.String(), text)
			}
			require.NotContains(t, k.out.String(), "PASS ")
			require.Empty(t, left(t, k))
			require.Empty(t, listening(p.ports()))
		})
	}
}

func TestAPortThatIsTakenIsNamed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"store", "proxy", "cluster"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProcesses(t)
			port := map[string]int{"store": p.store, "proxy": p.proxy, "cluster": p.cluster}[name]
			listener, err := net.Listen("tcp", loopback(port))
			require.NoError(t, err)
			defer listener.Close()
			k := startK6(t, p.file(t), "run", "tests/diagnose.js")
			require.NotZero(t, k.wait(t), k.out.String())
			require.Contains(t, k.out.String(), loopback(port))
			require.Regexp(t, "has taken it|address already in use", k.out.String())
			require.Empty(t, left(t, k))
		})
	}
}

// Without a broker that could be disturbed, and without any broker at all, chaos is not claimed.
func TestWithoutControlOfBrokersChaosIsNotClaimed(t *testing.T) {
	t.Parallel()
	k := startK6(t, []string{"K6_PROFILE=kafka-local", "K6_BROKERS=" + loopback(freePort(t))}, "run", "tests/chaos_broker.js")
	require.Zero(t, k.wait(t), k.out.String())
	verdict := k.verdict(t)
	require.Equal(t, contract.NotClaimed, verdict.Status)
	for _, j := range verdict.Requirements {
		require.Equal(t, contract.NotClaimed, j.Status, j.ID)
		require.Equal(t, []string{"profile kafka-local says nothing of how its brokers are controlled: chaos.platform"}, j.Evidence)
	}
}
