package js_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
)

// A plan is printed before it is carried out and saved; what was saved is carried out again, without the seed it came from.
func TestAScriptFollowsAPlanAndThenTheSavedOne(t *testing.T) {
	t.Parallel()
	first := startK6(t, []string{"K6_SEED=5"}, "run", "extension/js/testdata/planned.js")
	plan := followed(t, first)
	saved := filepath.Join(first.results, "test", "plan.json")
	second := startK6(t, []string{"PLAN=" + saved}, "run", "extension/js/testdata/planned.js")
	require.Equal(t, plan, followed(t, second))
}

// followed checks a run that followed a plan, and gives the plan that it saved.
func followed(t *testing.T, k *k6) string {
	t.Helper()
	require.Zero(t, k.wait(t), k.out.String())
	out, verdict := k.out.String(), k.verdict(t)
	require.Equal(t, contract.Pass, verdict.Status)
	for line, times := range map[string]int{"flow: true 0 true": 2, "read: true 0": 1, "watched: true": 1, "followed: true true true": 1} {
		require.Equal(t, times, strings.Count(out, line), "%s: %s", line, out)
	}
	require.Regexp(t, `took: 1 killed broker \d \(127\.0\.0\.1:\d+\)`, out)
	saved := filepath.Join(k.results, "test", "plan.json")
	require.Contains(t, out, "plan of faults, saved as "+saved+"\nat ")
	require.Less(t, strings.Index(out, "plan of faults"), strings.Index(out, "followed: "))
	text, err := os.ReadFile(saved)
	require.NoError(t, err)
	require.Contains(t, string(text), `"action": "kill"`)
	require.Contains(t, string(text), `"seed": 5,`)
	require.Len(t, verdict.Faults, strings.Count(string(text), `"for"`)+1, "and the restart")
	return string(text)
}

func TestWhatCannotBeDoneToATargetSaysWhy(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "extension/js/testdata/wrong_chaos.js")
	require.Zero(t, k.wait(t), k.out.String())
	out := strings.ReplaceAll(k.out.String(), `\"`, `"`)
	for _, want := range []string{
		"no such broker: kill: there is no broker 99 (there are: 0 running, 1 running, 2 running)",
		"no such topic: kill: the leader of nobody/0: ",
		"as many already: scale: there are 3 brokers already: nothing to add or to remove",
		"two at once: kill: broker 0 is held by another fault (there are: 0 paused, 1 running, 2 running)",
		`key: inject: fault: unknown key "fro": did you mean "for"?`,
		`storage: inject: rule: storage "GetObject": action "late" acts on what changes something, and GetObject does not`,
		`can: can: "kil" is nothing that is done to a target`,
		"plan: plan: there is no fault in it",
		"every: produce: every says how often records are sent again: say for how long, too (for)",
		`until: consume: until must be one of sent, acked, end, not "ends"`,
		"crash: consume: balancer, sessionTimeout, heartbeat and crash are for members of a group: name it",
		`watch: watch: unknown option "evry": did you mean "every"?`,
	} {
		require.Contains(t, out, "refused "+want)
	}
	require.NotContains(t, out, "accepted")
}
