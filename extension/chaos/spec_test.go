package chaos_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos"
)

func TestSpecificationsAreRefusedWithAReason(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]string{
		`[]`:   `fault: want an object such as {"broker": "any", "action": "kill", "for": "10s"}`,
		`null`: "fault: want an object such as",
		`{}`:   "action is missing",

		`{"broker": "any", "action": "kil"}`:             `unknown action "kil": did you mean "kill"?`,
		`{"broker": 1, "action": "restrat"}`:             `unknown action "restrat": did you mean "restart"?`,
		`{"action": "delya", "delay": "1s"}`:             `unknown action "delya": did you mean "delay"?`,
		`{"broker": "any"}`:                              "action is missing (there are: kill, stop, pause, restart, roll, scale)",
		`{"api": "Produce", "action": "kill"}`:           `unknown key "api"`,
		`{"broker": 1, "action": "kill", "fro": "1s"}`:   `fault: unknown key "fro": did you mean "for"?`,
		`{"storage": "PutObjct", "action": "refuse"}`:    `did you mean "PutObject"?`,
		`{"storage": "PutObject", "action": "kill"}`:     `unknown action "kill"`,
		`{"storge": "PutObject", "action": "delay"}`:     `unknown key "storge": did you mean "storage"?`,
		`{"broker": 1, "action": "kill", "for": 5}`:      `for: want a duration such as "200ms" or "10s", not a number`,
		`{"broker": 1, "action": "kill", "for": "5"}`:    `for: want a duration such as "200ms" or "10s"`,
		`{"broker": 1, "action": "kill", "for": "0s"}`:   `for is "0s": leave it out, or give it a value`,
		`{"broker": 1, "action": "kill", "for": "-1s"}`:  "for -1s: must be more than 0s",
		`{"broker": 1, "action": "kill", "for": null}`:   "for is null: leave it out, or give it a value",
		`{"action": "kill"}`:                             `broker is missing: an id, "any", "all"`,
		`{"broker": "none", "action": "kill"}`:           `broker: unknown broker "none": did you mean "any"?`,
		`{"broker": -1, "action": "kill"}`:               "broker: -1: node ids are not negative",
		`{"broker": true, "action": "kill"}`:             `broker: want an id, "any", "all"`,
		`{"broker": {}, "action": "kill"}`:               "broker: want one of leaderOf, followersOf and coordinatorOf",
		`{"broker": "controler", "action": "kill"}`:      `broker: unknown broker "controler": did you mean "controller"?`,
		`{"broker": {"leader": {}}, "action": "kill"}`:   `broker: unknown key "leader": did you mean "leaderOf"?`,
		`{"broker": {"leaderOf": {}}, "action": "kill"}`: "broker: leaderOf: want",

		`{"broker": {"leaderOf": {"topic": "t", "partition": -1}}, "action": "kill"}`:      "broker: leaderOf: want",
		`{"broker": {"followersOf": {"partition": 1}}, "action": "pause"}`:                 "broker: followersOf: want",
		`{"broker": {"followersOf": {"tpic": "t"}}, "action": "pause"}`:                    `unknown key "tpic": did you mean "topic"`,
		`{"broker": {"leaderOf": {"topic": "t"}, "coordinatorOf": "g"}, "action": "kill"}`: "broker: want one of",

		`{"broker": 1, "action": "roll"}`:                      "broker: a roll is of all brokers",
		`{"broker": "all", "action": "scale", "brokers": 2}`:   `broker means nothing to action "scale"`,
		`{"action": "scale"}`:                                  "brokers is missing",
		`{"action": "scale", "brokers": -2}`:                   "brokers -2: must be at least 1",
		`{"action": "roll", "for": "1s"}`:                      `for means nothing to action "roll"`,
		`{"broker": 1, "action": "restart", "for": "1s"}`:      `for means nothing to action "restart"`,
		`{"broker": 1, "action": "kill", "graceful": true}`:    `graceful means nothing to action "kill"`,
		`{"broker": 1, "action": "kill", "pause": "1s"}`:       `pause means nothing to action "kill"`,
		`{"action": "roll", "pause": "-1s"}`:                   "pause -1s: must not be negative",
		`{"broker": 1, "action": "kill", "signal": "SIGTERM"}`: `SIGTERM is action "stop"`,
		`{"broker": 1, "action": "stop", "signal": "SIGKILL"}`: `signal means nothing to action "stop"`,
		`{"action": "roll", "times": 2}`:                       `times means nothing to action "roll"`,
		`{"broker": 1, "action": "kill", "times": -1}`:         "times -1: must be at least 1",

		`{"broker": 1, "action": "kill", "for": "1s", "times": 2}`:                `times: say with "every"`,
		`{"broker": 1, "action": "kill", "for": "1s", "every": "2s"}`:             `every: say with "times"`,
		`{"broker": 1, "action": "kill", "times": 2, "every": "2s"}`:              `times: say with "for"`,
		`{"broker": 1, "action": "kill", "for": "2s", "times": 2, "every": "2s"}`: "every 2s: must be longer than for, 2s",

		`{"broker": 1, "action": "kill", "probability": 0.5}`: "what happens once or not at all proves nothing",
		`{"broker": 1, "action": "kill", "probability": 2}`:   "probability 2: must be greater than 0, and at most 1",
		`{"broker": 1, "action": "kill", "graceful": "yes"}`:  "graceful: want true or false, not a string",
		`{"broker": 1, "action": "kill", "times": 1.5}`:       "times: want a whole number",

		`{"broker": 1, "action": "restart", "every": "-2s", "times": 2}`: "every -2s: must be more than 0s",
	} {
		require.ErrorContains(t, chaos.Check([]byte(spec)), want, spec)
	}
	for _, spec := range []string{
		`{"broker": 0, "action": "kill"}`,
		`{"broker": "any", "action": "kill", "seed": 0}`,
		`{"broker": {"leaderOf": {"topic": "t", "partition": 0}}, "action": "pause"}`,
		`{"broker": {"leaderOf": {"topic": "t"}}, "action": "pause"}`,
		`{"broker": {"followersOf": {"topic": "t", "partition": 0}}, "action": "pause"}`,
		`{"broker": "controller", "action": "kill"}`,
		`{"broker": 1, "api": "Produce", "action": "drop"}`,
		`{"broker": 1, "action": "delay", "delay": "1s"}`,
	} {
		require.NoError(t, chaos.Check([]byte(spec)), spec)
	}
}
