package kafkaproxy_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/kafkaproxy"
)

func TestRulesSurviveBeingWrittenAndRead(t *testing.T) {
	t.Parallel()
	for _, spec := range []string{
		`{"api":"Produce","topic":"orders-*","action":"drop","times":3}`,
		`{"api":["Produce","Fetch"],"partition":0,"clientId":"a/*","broker":0,"action":"delay","delay":"200ms","jitter":"50ms"}`,
		`{"api":"Fetch","on":"response","key":"^k","value":"\\d+","action":"drop","probability":0.5,"nth":2,"seed":42,"for":"1m30s"}`,
		`{"group":"g[0-9]","on":"response","action":"error","error":"COORDINATOR_NOT_AVAILABLE"}`,
		`{"action":"throttle","bytesPerSecond":1024}`,
		`{"api":"Produce","action":"corrupt","what":"checksum"}`,
		`{"broker":2,"action":"blackhole"}`,
	} {
		rule, err := kafkaproxy.ParseRule([]byte(spec))
		require.NoError(t, err, spec)
		written, err := json.Marshal(rule)
		require.NoError(t, err)
		require.JSONEq(t, spec, string(written))
		var again kafkaproxy.Rule
		require.NoError(t, json.Unmarshal(written, &again))
		require.Equal(t, rule, again)
	}
	rule, err := kafkaproxy.ParseRule([]byte(`{"api": "Produce", "action": "error", "error": 6, "for": "1m"}`))
	require.NoError(t, err)
	require.EqualValues(t, "NOT_LEADER_OR_FOLLOWER", rule.Error)
	require.Equal(t, time.Minute, time.Duration(rule.For))
}

func TestWhatCanNeverMatchOrActIsRefused(t *testing.T) {
	t.Parallel()
	for spec, says := range map[string]string{
		``:                                    "want an object",
		`[]`:                                  "want an object",
		`{}`:                                  "action is missing (there are: drop, swallow",
		`{"action": "drp", "api": "Produce"}`: `unknown action "drp": did you mean "drop"?`,
		`{"action": "drop", "api": "Produce", "topik": "t"}`:      `unknown key "topik": did you mean "topic"? (there are: action, api,`,
		`{"action": "drop", "api": "produce"}`:                    `unknown api "produce": did you mean "Produce"?`,
		`{"action": "drop", "api": []}`:                           "empty list",
		`{"action": "drop", "api": 5}`:                            "want a name or a list of names",
		`{"action": "drop"}`:                                      `say of which api: "Produce", "Fetch" or both`,
		`{"action": "drop", "api": "Metadata"}`:                   `action "drop" acts on Produce and Fetch only, not on Metadata`,
		`{"action": "drop", "api": ["Produce", "Metadata"]}`:      "not on Metadata",
		`{"action": "drop", "api": "Produce", "on": "response"}`:  "the records of Produce travel in its request",
		`{"action": "drop", "api": "Fetch", "on": "request"}`:     "the records of Fetch travel in its response",
		`{"action": "corrupt", "api": "Fetch", "on": "request"}`:  "travel in its response",
		`{"action": "corrupt", "api": "Produce", "what": "all"}`:  `unknown what "all"`,
		`{"action": "duplicate", "api": "Fetch"}`:                 "acts on Produce only",
		`{"action": "duplicate", "on": "response"}`:               "acts on requests only",
		`{"action": "reorder", "api": "OffsetCommit"}`:            "acts on Produce only",
		`{"action": "swallow", "on": "both"}`:                     `unknown on "both"`,
		`{"action": "swallow", "api": "Heartbeat", "topic": "t"}`: "topic: Heartbeat does not name topics when it is a request",
		`{"action": "swallow", "api": "Produce", "group": "g"}`:   "group: Produce does not name groups",
		`{"action": "swallow", "api": "Metadata", "key": "k"}`:    "Metadata moves no records",
		`{"action": "swallow", "topic": "[a"}`:                    `topic "[a": not a glob`,
		`{"action": "swallow", "topic": "a/b"}`:                   "can never match",
		`{"action": "swallow", "group": "["}`:                     "not a glob",
		`{"action": "swallow", "clientId": "["}`:                  "not a glob",
		`{"action": "swallow", "api": "Produce", "key": "("}`:     "key: ",
		`{"action": "swallow", "partition": -1}`:                  "partitions are numbered from 0",
		`{"action": "swallow", "partition": "0"}`:                 "partition: want a whole number",
		`{"action": "swallow", "broker": -1}`:                     "node ids are not negative",
		`{"action": "swallow", "topic": null}`:                    "topic is null",
		`{"action": "swallow", "topic": ""}`:                      "leave it out, or give it a value",
		`{"action": "swallow", "topic": 3}`:                       "topic: want a text",
		`{"action": "delay"}`:                                     "say for how long",
		`{"action": "delay", "delay": "200"}`:                     "want a duration",
		`{"action": "delay", "delay": 200}`:                       `want a duration such as "200ms"`,
		`{"action": "delay", "delay": "-1s"}`:                     "say for how long",
		`{"action": "delay", "delay": "1s", "jitter": "2s"}`:      "between 0s and the delay",
		`{"action": "drop", "api": "Produce", "delay": "1s"}`:     `delay belongs to action "delay"`,
		`{"action": "drop", "api": "Produce", "error": "NONE"}`:   `error belongs to action "error"`,
		`{"action": "error"}`:                                     "error: name one",
		`{"action": "error", "error": "NOT_LEADER"}`:              `unknown error "NOT_LEADER"`,
		`{"action": "error", "error": 0}`:                         "no error of the Kafka protocol has code 0",
		`{"action": "error", "error": 4711}`:                      "no error of the Kafka protocol has code 4711",
		`{"action": "error", "error": true}`:                      "want the name of an error",
		`{"action": "throttle"}`:                                  "bytesPerSecond: say how many",
		`{"action": "throttle", "bytesPerSecond": -1}`:            "bytesPerSecond: say how many",
		`{"action": "swallow", "probability": 1.5}`:               "must be greater than 0, and at most 1",
		`{"action": "swallow", "probability": -0.1}`:              "must be greater than 0, and at most 1",
		`{"action": "swallow", "probability": 0}`:                 "probability is 0",
		`{"action": "swallow", "times": 0}`:                       "times is 0",
		`{"action": "swallow", "times": -1}`:                      "must be at least 1",
		`{"action": "swallow", "times": 1.5}`:                     "times: want a whole number",
		`{"action": "swallow", "nth": -2}`:                        "must be at least 1",
		`{"action": "swallow", "for": "-1s"}`:                     "must be more than 0s",

		`{"action": "swallow", "api": "ApiVersions", "partition": 1}`: "partition: ApiVersions does not name partitions",

		`{"action": "swallow", "api": "Fetch", "on": "request", "value": "v"}`: "a Fetch request has no records",

		`{"action": "swallow", "topic": "t", "group": "g", "value": "v"}`: "no api fits all that is asked for",

		`{"action": "error", "error": "UNKNOWN_SERVER_ERROR", "api": "ClientQuotaFantasy"}`: "unknown api",
	} {
		_, err := kafkaproxy.ParseRule([]byte(spec))
		require.ErrorContains(t, err, says, spec)
		require.ErrorContains(t, err, "rule: ", spec)
	}
	require.ErrorContains(t, kafkaproxy.Rule{}.Check(), "action is missing")
	p := start(t, kafkaproxy.Options{Brokers: []string{"127.0.0.1:1"}})
	_, err := p.Inject(kafkaproxy.Rule{Action: kafkaproxy.Drop})
	require.ErrorContains(t, err, "say of which api")
	require.Empty(t, p.Faults())
}
