package js_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
)

// disturbances are faults of each kind, none of which ends by itself before k6 does.
func disturbances() map[string]string {
	return map[string]string{
		"kill":              `{"broker": "any", "action": "kill", "for": "10m"}`,
		"stop":              `{"broker": "any", "action": "stop", "for": "10m"}`,
		"pause":             `{"broker": 0, "action": "pause", "for": "10m"}`,
		"restart":           `{"broker": "any", "action": "restart"}`,
		"roll":              `{"action": "roll", "pause": "5s"}`,
		"scale":             `{"action": "scale", "brokers": 2}`,
		"storage delay":     `{"storage": "PutObject", "action": "delay", "delay": "2s"}`,
		"storage blackhole": `{"storage": "*", "action": "blackhole"}`,
		"wire delay":        `{"api": "Produce", "action": "delay", "delay": "2s"}`,
		"wire blackhole":    `{"api": "Produce", "action": "blackhole"}`,
	}
}

// disturbable is a profile on which all kinds of faults act: with a second broker, which is one only in that it can be started and ended,
// and a proxy on the wire.
func disturbable(t *testing.T, kind string) (p *processes, spare int) {
	t.Helper()
	p, spare = newProcesses(t), freePort(t)
	p.change = func(profile map[string]any) {
		chaos := profile["chaos"].(map[string]any)
		chaos["kafkaProxy"] = "mirror"
		second := map[string]any{
			"id": 1, "address": loopback(spare),
			"start": []string{"${k6}", "x", "suite", "objectstore", "--dir", "${run}/spare", "--port", strconv.Itoa(spare)},
		}
		switch kind {
		case "scale":
			chaos["spares"] = []any{second}
		case "roll":
			chaos["brokers"] = append(chaos["brokers"].([]any), second)
		}
	}
	return p, spare
}

// disturb starts k6, and returns in the middle of the fault.
func disturb(t *testing.T, kind, fault string) (k *k6, ports []int) {
	t.Helper()
	p, spare := disturbable(t, kind)
	k = startK6(t, append(p.file(t), "FAULT="+fault), "run", "extension/js/testdata/disturbed.js")
	waitFor(t, k, `the fault has hit (true)`)
	return k, append(p.ports(), spare)
}

// outlive is how long anything of a killed k6 may still be there.
const outlive = 15 * time.Second

// A killed k6 can clean nothing up. Whatever it was doing to its target, nothing is left of it: nothing paused, nothing that listens, and
// no guard.
func TestAKilledRunLeavesNothing(t *testing.T) {
	t.Parallel()
	for kind, fault := range disturbances() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			k, ports := disturb(t, kind, fault)
			require.NotEmpty(t, left(t, k))
			require.NoError(t, k.cmd.Process.Kill())
			require.Equal(t, -1, k.wait(t), k.out.String())
			require.Eventually(t, func() bool { return len(left(t, k)) == 0 }, outlive, 10*time.Millisecond, "%v", left(t, k))
			require.Empty(t, listening(ports))
		})
	}
}

// Who interrupts a run has it cleaned up by the time that it ends, and learns that it says nothing.
func TestAnInterruptedRunLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"kill", "pause", "scale", "storage blackhole", "wire blackhole"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			k, ports := disturb(t, kind, disturbances()[kind])
			require.NoError(t, k.cmd.Process.Signal(os.Interrupt))
			require.Equal(t, 105, k.wait(t), k.out.String())
			verdict := k.verdict(t)
			require.Equal(t, contract.Inconclusive, verdict.Status)
			require.Contains(t, verdict.Doubts[0].Text, "interrupted by Ctrl-C (SIGINT)")
			require.Empty(t, verdict.Findings)
			require.Empty(t, left(t, k))
			require.Empty(t, listening(ports))
		})
	}
}

// suiteCommand starts a command that stands alone, and ends it with the test: well, and with nothing to complain about.
func suiteCommand(t *testing.T, args ...string) *k6 {
	t.Helper()
	k := startK6(t, nil, append([]string{"x", "suite"}, args...)...)
	t.Cleanup(func() {
		require.NoError(t, k.cmd.Process.Signal(syscall.SIGTERM))
		require.Zero(t, k.wait(t), k.out.String())
	})
	waitFor(t, k, `(?m)^(ready)`)
	return k
}

// A proxy that stands alone goes on without k6. The faults that k6 had there end.
func TestTheProxyOfAnotherProcessForgetsAKilledRun(t *testing.T) {
	t.Parallel()
	p := newProcesses(t)
	proxy := suiteCommand(t, "s3proxy", "--upstream", "http://"+loopback(p.store), "--listen", loopback(p.proxy))
	control := waitFor(t, proxy, `control +(\S+)`)
	p.change = func(profile map[string]any) {
		store := profile["objectStore"].(map[string]any)
		delete(store, "proxy")
		store["control"] = control
	}
	k := startK6(t, append(p.file(t), "FAULT="+disturbances()["storage delay"]), "run", "extension/js/testdata/disturbed.js")
	waitFor(t, k, `the fault has hit (true)`)
	require.Equal(t, 1, activeRules(t, control))
	require.NoError(t, k.cmd.Process.Kill())
	require.Equal(t, -1, k.wait(t), k.out.String())
	require.Eventually(t, func() bool { return activeRules(t, control) == 0 && len(left(t, k)) == 0 }, outlive, 50*time.Millisecond)
	require.Equal(t, []int{p.proxy}, listening(p.ports()), "it goes on, and nothing else does")
}

// activeRules is how many rules a proxy has at work.
func activeRules(t *testing.T, control string) (n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, control+"/rules", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	var rules []struct{ Active bool }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&rules))
	for _, rule := range rules {
		if rule.Active {
			n++
		}
	}
	return n
}
