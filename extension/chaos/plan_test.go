package chaos_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos"
	"k6suite/extension/chaos/platform"
)

const mixed = `[
	{"broker": "any", "action": "kill", "for": "2s"},
	{"broker": "any", "action": "pause", "for": "2s"},
	{"broker": "all", "action": "kill", "for": "1s"},
	{"broker": "any", "action": "restart"},
	{"action": "roll"},
	{"action": "scale", "brokers": 5, "for": "3s"},
	{"action": "delay", "delay": "100ms", "for": "2s"},
	{"api": "Produce", "action": "disconnect", "for": "1s", "seed": 5},
	{"storage": "PutObject", "action": "delay", "delay": "100ms", "for": "3s"}
]`

func randomPlan(t *testing.T, seed int, rest string) *chaos.Plan {
	t.Helper()
	p, err := chaos.NewPlan(fmt.Appendf(nil, `{"seed": %d, %s, "from": %s}`, seed, rest, mixed))
	require.NoError(t, err)
	return p
}

// lengths of the templates, by how they can be told apart.
func lengthOf(t *testing.T, f chaos.Planned) time.Duration {
	t.Helper()
	var spec struct{ For, Action string }
	require.NoError(t, json.Unmarshal(f.Spec, &spec))
	switch spec.Action {
	case "restart":
		return 2 * time.Second
	case "roll":
		return 4 * time.Second // the whole storm
	}
	d, err := time.ParseDuration(spec.For)
	require.NoError(t, err)
	return d
}

func TestPlansKeepWhatTheyPromise(t *testing.T) {
	t.Parallel()
	for seed := range 200 {
		plan := randomPlan(t, seed+1, `"for": "30s", "quiet": "1500ms", "together": 2`)
		faults := plan.Faults()
		storms, seen := 0, map[string]bool{}
		var end time.Duration
		for i, f := range faults {
			var keys map[string]any
			require.NoError(t, json.Unmarshal(f.Spec, &keys))
			require.Contains(t, keys, "seed")
			seen[fmt.Sprint(keys["broker"], keys["action"], keys["api"], keys["storage"])] = true
			if f.At > end || i == 0 {
				require.True(t, i == 0 || f.At >= end+1500*time.Millisecond, "seed %d: quiet before %s", seed, f.At)
				storms++
			}
			end = max(end, f.At+lengthOf(t, f))
			require.LessOrEqual(t, end, 30*time.Second)
			active := slices.DeleteFunc(slices.Clone(faults), func(other chaos.Planned) bool {
				return other.At > f.At || other.At+lengthOf(t, other) <= f.At
			})
			require.LessOrEqual(t, len(active), 2, "seed %d at %s", seed, f.At)
			shapes, all, processes := 0, 0, 0
			for _, a := range active {
				text := string(a.Spec)
				shapes += strings.Count(text, `"roll"`) + strings.Count(text, `"scale"`)
				all += strings.Count(text, `"all"`)
				if !strings.Contains(text, "delay") && !strings.Contains(text, "disconnect") {
					processes++
				}
			}
			require.LessOrEqual(t, shapes, 1)
			require.False(t, all == 1 && processes > 1, "nothing is left to kill: %s", plan.Text())
		}
		require.GreaterOrEqual(t, storms, 3, "seed %d", seed)
		require.Len(t, seen, 9, "seed %d: every template\n%s", seed, plan.Text())
	}
}

func TestASeedMakesThePlan(t *testing.T) {
	t.Parallel()
	text := func(seed int) string {
		out, err := json.Marshal(randomPlan(t, seed, `"for": "1m"`))
		require.NoError(t, err)
		return string(out)
	}
	seventh := text(7)
	require.Equal(t, seventh, text(7))
	different := map[string]bool{}
	for seed := range 50 {
		different[strings.TrimPrefix(text(seed+1), fmt.Sprintf(`{"seed":%d,`, seed+1))] = true
	}
	require.Len(t, different, 50)
	require.Equal(t, text(0), text(1), "1 is the default")
}

func TestAPlanCanBeMadeAgainFromItsJSON(t *testing.T) {
	t.Parallel()
	plan := randomPlan(t, 3, `"for": "20s"`)
	text, err := json.Marshal(plan)
	require.NoError(t, err)
	again, err := chaos.NewPlan(text)
	require.NoError(t, err)
	require.Equal(t, plan.Text(), again.Text())
	require.Len(t, again.Faults(), len(plan.Faults()))
	retold, err := json.Marshal(again)
	require.NoError(t, err)
	require.JSONEq(t, string(text), string(retold))
}

func TestAPlanOfTheOwner(t *testing.T) {
	t.Parallel()
	plan, err := chaos.NewPlan([]byte(`{"faults": [
		{"at": "5s", "broker": {"coordinatorOf": "g"}, "action": "kill", "for": "2s", "seed": 9},
		{"at": "0s", "fault": {"storage": "PutObject", "action": "reset", "at": "body"}},
		{"at": "1m", "action": "roll"}
	]}`))
	require.NoError(t, err)
	require.Equal(t, "at    for  fault\n"+
		"0s    –    action=reset at=body storage=PutObject\n"+
		"5s    2s   action=kill broker={\"coordinatorOf\":\"g\"}\n"+
		"1m0s  –    action=roll\n", plan.Text())
	text, err := json.Marshal(plan)
	require.NoError(t, err)
	require.JSONEq(t, `{"faults": [
		{"at": "0s", "fault": {"storage": "PutObject", "action": "reset", "at": "body"}},
		{"at": "5s", "broker": {"coordinatorOf": "g"}, "action": "kill", "for": "2s", "seed": 9},
		{"at": "1m0s", "action": "roll"}
	]}`, string(text))
}

func TestWrongPlansAreRefused(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]string{
		`[]`:                               "plan: want an object",
		`{}`:                               `want "faults", a list in time, or "from"`,
		`{"faults": []}`:                   "there is no fault in it",
		`{"faults": [], "from": []}`:       "exclude each other",
		`{"fautls": []}`:                   `unknown key "fautls": did you mean "faults"?`,
		`{"faults": 3}`:                    "faults: want a list, not a number",
		`{"faults": [7]}`:                  "faults[0]: want a fault with the time at which it begins",
		`{"faults": [{"action": "roll"}]}`: `faults[0]: at: say when it begins, such as "5s"`,
		`{"faults": [{"at": "-1s", "action": "roll"}]}`:                                        "faults[0]: at: say when",
		`{"faults": [{"at": "1s", "action": "rol"}]}`:                                          `did you mean "roll"?`,
		`{"faults": [{"at": "1s", "action": "roll"}], "for": "1s"}`:                            "belong to from",
		`{"faults": [{"at": "1s", "action": "roll", "fault": {"action": "roll"}}]}`:            "not both",
		`{"from": [{"action": "roll"}]}`:                                                       "for: say how long the plan is",
		`{"from": [{"action": "roll"}], "for": "30s", "together": -1}`:                         "together -1: must be at least 1",
		`{"from": [{"action": "roll"}], "for": "30s", "storm": "-1s"}`:                         "quiet and storm must not be negative",
		`{"from": [{"broker": 1, "action": "kill"}], "for": "30s"}`:                            `from[0]: say with "for" how long it lasts`,
		`{"from": [{"action": "delay", "delay": "1s"}], "for": "30s"}`:                         `from[0]: say with "for" how long it lasts`,
		`{"from": [{"action": "scale", "brokers": 2}], "for": "30s"}`:                          `from[0]: say with "for" how long it lasts`,
		`{"from": [{"broker": 1, "action": "kill", "for": "9s"}], "for": "8s"}`:                "for 8s: no fault fits into it",
		`{"from": [{"broker": 1, "action": "kill", "for": "9s"}], "for": "1m", "storm": "8s"}`: "storm 8s: shorter than the longest fault, 9s",
		`{"from": [{"broker": 1, "action": "kil", "for": "9s"}], "for": "1m"}`:                 "from[0]: fault: unknown action",
	} {
		_, err := chaos.NewPlan([]byte(spec))
		require.ErrorContains(t, err, want, spec)
	}
}

func follow(t *testing.T, p *fakePlatform, spec string) ([]*chaos.Handle, []string, error) {
	t.Helper()
	c, _ := onFleet(t, p)
	plan, err := chaos.NewPlan([]byte(spec))
	require.NoError(t, err)
	handles, err := c.Follow(t.Context(), plan)
	return handles, p.did(), err
}

// What was to begin when brokers are back waits for them: a fault on a target that is not there would hit nothing.
func TestAPlanWaitsForBrokersThatTakeLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(2)
		fake.slow["start 1"] = 3 * time.Second
		began := time.Now()
		handles, _, err := follow(t, fake, `{"faults": [
			{"at": "1s", "broker": "all", "action": "kill", "for": "1s"},
			{"at": "2500ms", "broker": 2, "action": "pause", "for": "1s"},
			{"at": "3s", "broker": 1, "action": "pause", "for": "1s"}
		]}`)
		require.NoError(t, err)
		require.Len(t, handles, 3)
		require.Equal(t, began.Add(5*time.Second), handles[0].Ended())
		require.Equal(t, began.Add(5500*time.Millisecond), handles[1].Began())
		require.Equal(t, began.Add(6*time.Second), handles[2].Began(), "the rest of the plan keeps its distances")
	})
}

func TestAPlanIsCarriedOutInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		handles, did, err := follow(t, newFake(3), `{"faults": [
			{"at": "4s", "broker": 2, "action": "pause", "for": "3s"},
			{"at": "1s", "broker": 1, "action": "kill", "for": "5s"}
		]}`)
		require.NoError(t, err)
		require.Equal(t, 7*time.Second, time.Since(began))
		require.Equal(t, []string{"kill 1", "pause 2", "start 1", "resume 2"}, did)
		require.Len(t, handles, 2)
		require.Equal(t, began.Add(time.Second), handles[0].Began())
		require.Equal(t, began.Add(4*time.Second), handles[1].Began())
	})
}

func TestAFaultThatFindsNobodyWaitsItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handles, did, err := follow(t, newFake(2), `{"faults": [
			{"at": "0s", "broker": "all", "action": "kill", "for": "2s"},
			{"at": "1s", "broker": 2, "action": "pause", "for": "3s"}
		]}`)
		require.NoError(t, err)
		require.Equal(t, []string{"pause 2", "resume 2"}, did[4:])
		require.Equal(t, 4*time.Second, handles[1].Ended().Sub(handles[0].Began()).Round(time.Second), "it ends in time all the same")
	})
	synctest.Test(t, func(t *testing.T) {
		handles, did, err := follow(t, newFake(1), `{"faults": [
			{"at": "0s", "broker": 1, "action": "kill", "for": "9s"},
			{"at": "1s", "broker": "any", "action": "pause", "for": "3s"}
		]}`)
		require.ErrorContains(t, err, "fault 2 of the plan, at 1s: pause: no broker is running that could be taken (there are: 1 dead)")
		require.Equal(t, []string{"kill 1", "start 1"}, did)
		require.Len(t, handles, 1)
	})
}

func TestAPlanThatCannotBeIsRefusedBeforeItBegins(t *testing.T) {
	t.Parallel()
	p := newFake(3)
	p.can = []platform.Change{platform.CanKill, platform.CanStart}
	for spec, want := range map[string]string{
		`{"broker": 1, "action": "pause", "for": "1s"}`:     "platform fake cannot pause a broker",
		`{"api": "Produce", "action": "drop", "for": "1s"}`: "no proxy",
		`{"storage": "PutObject", "action": "refuse"}`:      "no storage",
	} {
		_, did, err := follow(t, p, `{"faults": [{"at": "0s", "broker": 1, "action": "kill", "for": "1s"}, {"at": "1h", "fault": `+spec+`}]}`)
		require.ErrorContains(t, err, "fault 2 of the plan, at 1h0m0s: ")
		require.ErrorContains(t, err, want)
		require.Empty(t, did)
	}
}

func TestAPlanThatIsBrokenOffLeavesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newFake(2)
		c, _ := onFleet(t, p)
		plan, err := chaos.NewPlan([]byte(`{"faults": [
			{"at": "0s", "broker": 1, "action": "kill", "for": "1h"}, {"at": "2h", "action": "roll"}
		]}`))
		require.NoError(t, err)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(errors.New("enough")) })
		handles, err := c.Follow(ctx, plan)
		require.ErrorContains(t, err, "the plan was not carried out to its end: enough")
		require.Len(t, handles, 1)
		require.Equal(t, []string{"kill 1", "start 1"}, p.did())
	})
}
