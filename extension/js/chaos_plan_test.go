package js

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/js/modulestest"
)

// newChaosScript is a virtual user in the init context with k6/x/chaos under the name chaos, on the profile that the environment names.
func newChaosScript(t *testing.T, env map[string]string) *script {
	t.Helper()
	s := &script{t: t, runtime: modulestest.NewRuntime(t)}
	s.runtime.VU.InitEnv().RuntimeOptions.Env = env // as -e gives them
	s.runtime.VU.InitEnv().LookupEnv = func(string) (string, bool) { return "", false }
	module := &chaosModule{process: newProcess()}
	t.Cleanup(module.process.end)
	exports := module.NewModuleInstance(s.runtime.VU).Exports().Named
	require.NoError(t, s.runtime.VU.Runtime().Set("chaos", exports))
	return s
}

// mixed are faults of each family to choose from.
const mixed = `from: [
	{ broker: "any", action: "kill", for: "1s" },
	{ storage: ["PUT", "multipart"], action: "reset", at: "headers", for: "2s" },
	{ api: "Produce", action: "delay", delay: "10ms", for: "1s" },
	{ action: "roll" },
]`

func TestASeedMakesTheSamePlanInEveryScript(t *testing.T) {
	t.Parallel()
	plan := func(seed string) string {
		return newChaosScript(t, nil).run(`
			const plan = new chaos.Target().plan({ seed: ` + seed + `, for: "40s", quiet: "1s", together: 2, ` + mixed + ` });
			return JSON.stringify(plan);`).(string)
	}
	first, second := plan("7"), plan("7")
	require.Equal(t, first, second)
	require.NotEqual(t, plan("7"), plan("8"))
	require.JSONEq(t, plan("1"), newChaosScript(t, nil).run(`
		return JSON.stringify(new chaos.Target().plan({ for: "40s", quiet: "1s", together: 2, `+mixed+` }));`).(string), "1 is the default")
}

func TestAPlanIsMadeAgainFromItsJSON(t *testing.T) {
	t.Parallel()
	got := newChaosScript(t, nil).run(`
		const target = new chaos.Target();
		const plan = target.plan({ seed: 3, for: "40s", ` + mixed + ` });
		const { text, ...saved } = plan; // text is for people
		const fromJSON = target.plan(JSON.parse(JSON.stringify(saved)));
		const same = (other) => JSON.stringify(plan) === JSON.stringify(other);
		return [same(fromJSON), same(target.plan(plan)), plan.seed].join();`)
	require.Equal(t, "true,true,3", got)
}

func TestAPlanSaysWhatHappensWhen(t *testing.T) {
	t.Parallel()
	s := newChaosScript(t, nil)
	got := s.run(`
		return new chaos.Target().plan({ faults: [
			{ at: "1500ms", action: "scale", brokers: 1, for: "2s" },
			{ at: "0s", fault: { storage: "*", action: "reset", at: "connect", seed: 5, for: "1s" } },
		] }).text;`)
	require.Equal(t, "at    for  fault\n0s    1s   action=reset at=connect storage=*\n1.5s  2s   action=scale brokers=1\n", got)
}

func TestWrongPlansThrow(t *testing.T) {
	t.Parallel()
	for options, want := range map[string]string{
		``:                                 "|plan: it is an object such as",
		`{}`:                               `|plan: want "faults", a list in time, or "from", faults to choose from by chance`,
		`{ faults: [] }`:                   "there is no fault in it",
		`[]`:                               "plan: it is an object such as",
		`{ fron: [] }`:                     `unknown key "fron": did you mean "from"?`,
		`{ faults: [{ action: "roll" }] }`: `faults[0]: at: say when it begins, such as "5s"`,
		`{ faults: [{ at: "1s", action: "rol" }] }`:                                   `fault: unknown action "rol": did you mean "roll"?`,
		`{ faults: [{ at: "1s", action: "roll" }], for: "5s" }`:                       "for, quiet, storm and together belong to from",
		`{ from: [{ action: "roll" }] }`:                                              `for: say how long the plan is, such as "30s"`,
		`{ from: [{ broker: "any", action: "kill" }], for: "9s" }`:                    `from[0]: say with "for" how long it lasts`,
		`{ from: [{ broker: "any", action: "kill", for: "5s" }], for: "3s" }`:         "no fault fits into it",
		`{ from: [{ action: "roll" }], for: "9s", together: -1 }`:                     "together -1: must be at least 1",
		`{ faults: [{ at: "1s", fault: { action: "roll" }, broker: "all" }] }`:        "not both",
		`{ from: [{ storage: "LIST", action: "late", delay: "1s" }], for: "9s" }`:     `from[0]: rule: storage "LIST"`,
		`{ from: [{ broker: "any", action: "kill", for: "5s" }], for: "9s", sed: 1 }`: `did you mean "seed"?`,
	} {
		require.Contains(t, newChaosScript(t, nil).run(`new chaos.Target().plan(`+options+`)`), want, options)
	}
	require.Contains(t, newChaosScript(t, nil).run(`new chaos.Target().follow({})`), "follow: plan: want")
}

func TestWhatAProfileCanDo(t *testing.T) {
	t.Parallel()
	able := `const target = new chaos.Target();
		return ["kill", "stop", "start", "pause", "add", "remove", "storage", "wire"].filter((what) => target.can(what)).join();`
	for name, test := range map[string]struct {
		env  map[string]string
		want string
	}{
		"embedded":    {nil, "kill,stop,start,pause,add,remove,storage,wire"},
		"kafka-local": {map[string]string{"K6_PROFILE": "kafka-local"}, ""},
		"kubernetes":  {map[string]string{"K6_PROFILE": "kafka-local", "K6_PROFILE_CHAOS_PLATFORM": "kubernetes"}, ""},
		"docker": {map[string]string{
			"K6_PROFILE": "kafka-local", "K6_PROFILE_CHAOS_PLATFORM": "docker",
			"K6_PROFILE_CHAOS_DOCKER_PROJECT": "p", "K6_PROFILE_CHAOS_DOCKER_SERVICE": "s",
		}, "kill,stop,start,pause,add,remove"},
		"processes": {map[string]string{"K6_PROFILE": "processes"}, "kill,stop,start,pause,storage"},
	} {
		s := newChaosScript(t, test.env)
		require.Equal(t, test.want, s.run(able), name)
	}
	require.Contains(t, newChaosScript(t, nil).run(`new chaos.Target().can("kil")`),
		`can: "kil" is nothing that is done to a target (there are: storage, `)
}
