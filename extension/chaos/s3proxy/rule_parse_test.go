package s3proxy_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/s3proxy"
)

func TestRulesSurviveBeingWrittenAndRead(t *testing.T) {
	t.Parallel()
	for _, spec := range []string{
		`{"storage":"PutObject","key":"*/orders/*","action":"delay","delay":"200ms","jitter":"50ms","for":"1m0s"}`,
		`{"storage":["GET","HEAD"],"bucket":"data","source":"10.0.*","action":"throttle","bytesPerSecond":1024}`,
		`{"storage":"write","action":"error","code":"SlowDown","probability":0.05,"seed":42}`,
		`{"storage":"PUT","action":"error","status":500,"when":"after","times":1}`,
		`{"storage":"PutObject","action":"error","status":418,"code":"Teapot","nth":3}`,
		`{"storage":"PutObjectTagging","action":"reset","at":"headers"}`,
		`{"storage":"PUT","action":"lost"}`,
		`{"storage":"write","action":"late","delay":"5s","status":503}`,
		`{"storage":"GET","action":"truncate","bytes":10}`,
		`{"storage":"GetObject","action":"truncate","fraction":0.25}`,
		`{"storage":"read","action":"corrupt"}`,
		`{"storage":"LIST","key":"a/*","action":"stale","delay":"10s"}`,
		`{"storage":"*","action":"refuse"}`,
		`{"storage":"*","action":"blackhole"}`,
	} {
		rule, err := s3proxy.ParseRule([]byte(spec))
		require.NoError(t, err, spec)
		written, err := json.Marshal(rule)
		require.NoError(t, err)
		require.JSONEq(t, spec, string(written))
		var again s3proxy.Rule
		require.NoError(t, json.Unmarshal(written, &again))
		require.Equal(t, rule, again)
	}
	rule, err := s3proxy.ParseRule([]byte(`{"storage": "*", "action": "refuse", "for": "1m"}`))
	require.NoError(t, err)
	require.Equal(t, time.Minute, time.Duration(rule.For))
}

func TestWhatCanNeverMatchOrActIsRefused(t *testing.T) {
	t.Parallel()
	for spec, says := range map[string]string{
		``:                                     "want an object",
		`[]`:                                   "want an object",
		`{}`:                                   "action is missing (there are: delay, throttle",
		`{"action": "delay"}`:                  "storage is missing: name operations",
		`{"action": "dela", "storage": "PUT"}`: `unknown action "dela": did you mean "delay"?`,
		`{"action": "lost", "storage": "PUT", "kee": "k"}`:                      `unknown key "kee": did you mean "key"? (there are: action, at,`,
		`{"action": "lost", "storage": "PutObjekt"}`:                            `unknown storage "PutObjekt": did you mean "PutObject"?`,
		`{"action": "lost", "storage": "PutObjectTaging"}`:                      `unknown storage "PutObjectTaging"`,
		`{"action": "lost", "storage": []}`:                                     "empty list",
		`{"action": "lost", "storage": 5}`:                                      "want a name or a list of names",
		`{"action": "lost", "storage": null}`:                                   "storage is null",
		`{"action": "lost", "storage": ""}`:                                     `unknown storage ""`,
		`{"action": "lost", "storage": "PUT", "key": "[a"}`:                     "not a glob",
		`{"action": "lost", "storage": "PUT", "key": ""}`:                       `key is "": leave it out`,
		`{"action": "lost", "storage": "PUT", "key": 1}`:                        "key: want a text, not a number",
		`{"action": "lost", "storage": "PUT", "bucket": "a/b"}`:                 "names of buckets have no slash",
		`{"action": "lost", "storage": "ListBuckets", "key": "a"}`:              "ListBuckets names no object",
		`{"action": "lost", "storage": "PutBucketAcl", "key": "a"}`:             "PutBucketAcl names no object",
		`{"action": "lost", "storage": "ListBuckets", "bucket": "a"}`:           "bucket: ListBuckets names none",
		`{"action": "delay", "storage": "PUT"}`:                                 "delay: say for how long",
		`{"action": "delay", "storage": "PUT", "delay": "soon"}`:                "delay: want a duration",
		`{"action": "delay", "storage": "PUT", "delay": 5}`:                     "delay: want a duration",
		`{"action": "delay", "storage": "PUT", "delay": "-1s"}`:                 "delay: say for how long",
		`{"action": "delay", "storage": "PUT", "delay": "1s", "jitter": "2s"}`:  "between 0s and the delay",
		`{"action": "delay", "storage": "PUT", "delay": "1s", "when": "now"}`:   `unknown when "now"`,
		`{"action": "lost", "storage": "PUT", "when": "after"}`:                 `when belongs to action "delay" and "error", not to "lost"`,
		`{"action": "lost", "storage": "PUT", "delay": "1s"}`:                   `delay belongs to action "delay" and "late" and "stale"`,
		`{"action": "lost", "storage": "PUT", "jitter": "1s"}`:                  "jitter belongs to",
		`{"action": "lost", "storage": "PUT", "bytesPerSecond": 1}`:             "bytesPerSecond belongs to",
		`{"action": "lost", "storage": "PUT", "status": 500}`:                   "status belongs to",
		`{"action": "lost", "storage": "PUT", "code": "SlowDown"}`:              "code belongs to",
		`{"action": "lost", "storage": "PUT", "at": "body"}`:                    "at belongs to",
		`{"action": "lost", "storage": "PUT", "bytes": 1}`:                      "bytes belongs to",
		`{"action": "lost", "storage": "PUT", "fraction": 0.5}`:                 "fraction belongs to",
		`{"action": "throttle", "storage": "PUT"}`:                              "bytesPerSecond: say how many",
		`{"action": "throttle", "storage": "PUT", "bytesPerSecond": -1}`:        "bytesPerSecond: say how many",
		`{"action": "throttle", "storage": "PUT", "bytesPerSecond": 1.5}`:       "bytesPerSecond: want a whole number",
		`{"action": "error", "storage": "PUT"}`:                                 "error: say which",
		`{"action": "error", "storage": "PUT", "code": "SlowDwn"}`:              `did you mean "SlowDown"?`,
		`{"action": "error", "storage": "PUT", "code": "<x>", "status": 500}`:   "letters and digits only",
		`{"action": "error", "storage": "PUT", "status": 200}`:                  "between 300 and 599",
		`{"action": "error", "storage": "PUT", "status": 304}`:                  "is no error",
		`{"action": "error", "storage": "PUT", "status": "500"}`:                "status: want a whole number",
		`{"action": "reset", "storage": "PUT"}`:                                 "at is missing",
		`{"action": "reset", "storage": "PUT", "at": "bdy"}`:                    `did you mean "body"?`,
		`{"action": "reset", "storage": "GET", "at": "body"}`:                   "a request of GetObject has none",
		`{"action": "late", "storage": "PUT"}`:                                  "delay: say for how long",
		`{"action": "late", "storage": "GetObject", "delay": "1s"}`:             "GetObject does not",
		`{"action": "late", "storage": "read", "delay": "1s"}`:                  "what changes something",
		`{"action": "truncate", "storage": "PUT"}`:                              "acts on GetObject only",
		`{"action": "truncate", "storage": "GET", "bytes": 1, "fraction": 0.5}`: "exclude each other",
		`{"action": "truncate", "storage": "GET", "bytes": -1}`:                 "bytes -1",
		`{"action": "truncate", "storage": "GET", "fraction": 1}`:               "less than 1",
		`{"action": "corrupt", "storage": "HEAD"}`:                              "acts on GetObject only",
		`{"action": "stale", "storage": "GET"}`:                                 "acts on ListObjects and ListObjectsV2 only",
		`{"action": "stale", "storage": "LIST", "delay": "-1s"}`:                "must be more than 0s",
		`{"action": "lost", "storage": "PUT", "probability": 1.5}`:              "must be greater than 0, and at most 1",
		`{"action": "lost", "storage": "PUT", "probability": 0}`:                "probability is 0",
		`{"action": "lost", "storage": "PUT", "probability": "1"}`:              "probability: want a number",
		`{"action": "lost", "storage": "PUT", "times": 0}`:                      "times is 0",
		`{"action": "lost", "storage": "PUT", "times": -1}`:                     "times -1",
		`{"action": "lost", "storage": "PUT", "nth": -1}`:                       "nth -1",
		`{"action": "lost", "storage": "PUT", "for": "-1s"}`:                    "must be more than 0s",
	} {
		_, err := s3proxy.ParseRule([]byte(spec))
		require.ErrorContains(t, err, says, spec)
		require.ErrorContains(t, err, "rule: ", spec)
	}
	require.ErrorContains(t, s3proxy.Rule{}.Check(), "action is missing")
	p := start(t, "http://127.0.0.1:1")
	_, err := p.Inject(s3proxy.Rule{Action: s3proxy.Lost})
	require.ErrorContains(t, err, "storage is missing")
	require.Empty(t, p.AllFaults())
	require.Zero(t, p.Injected())
}

func TestWhichRulesAreAnOutage(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]bool{
		`{"storage": "*", "action": "refuse"}`:                                                                           true,
		`{"storage": "write", "action": "blackhole"}`:                                                                    true,
		`{"storage": ["PUT", "multipart"], "action": "error", "status": 503}`:                                            true,
		`{"storage": "write", "action": "error", "status": 503, "when": "before"}`:                                       true,
		`{"storage": "write", "action": "reset", "at": "connect"}`:                                                       true,
		`{"storage": "write", "action": "reset", "at": "headers", "for": "1s"}`:                                          true,
		`{"storage": "write", "key": "*", "bucket": "*", "source": "*", "action": "refuse", "probability": 1, "nth": 1}`: true,

		`{"storage": "PUT", "action": "refuse"}`:                                  false, // multipart uploads go on
		`{"storage": "read", "action": "refuse"}`:                                 false,
		`{"storage": "write", "key": "a*", "action": "refuse"}`:                   false,
		`{"storage": "write", "bucket": "a", "action": "refuse"}`:                 false,
		`{"storage": "write", "source": "a", "action": "refuse"}`:                 false,
		`{"storage": "write", "action": "refuse", "probability": 0.99}`:           false,
		`{"storage": "write", "action": "refuse", "times": 100}`:                  false,
		`{"storage": "write", "action": "refuse", "nth": 2}`:                      false,
		`{"storage": "write", "action": "error", "status": 503, "when": "after"}`: false,
		`{"storage": "write", "action": "reset", "at": "body"}`:                   false, // an object may be empty
		`{"storage": "write", "action": "reset", "at": "response"}`:               false,
		`{"storage": "write", "action": "lost"}`:                                  false,
		`{"storage": "write", "action": "late", "delay": "1s"}`:                   false,
		`{"storage": "write", "action": "delay", "delay": "1h"}`:                  false,
		`{"storage": "write", "action": "throttle", "bytesPerSecond": 1}`:         false,
	} {
		rule, err := s3proxy.ParseRule([]byte(spec))
		require.NoError(t, err, spec)
		require.Equal(t, want, rule.Outage(), spec)
	}
	require.False(t, s3proxy.Rule{}.Outage(), "what is no rule is none")
}

func FuzzParseRule(f *testing.F) {
	f.Add([]byte(`{"storage": ["PutObject", "LIST"], "key": "[a-c]*", "action": "delay", "delay": "1s", "jitter": "1ms", "for": "2m"}`))
	f.Add([]byte(`{"storage": "write", "action": "error", "status": 503, "code": "SlowDown", "probability": 1e-3, "seed": -1}`))
	f.Add([]byte(`{"storage": "GET", "action": "truncate", "fraction": 0.999, "times": 9223372036854775807}`))
	f.Fuzz(func(t *testing.T, spec []byte) {
		rule, err := s3proxy.ParseRule(spec)
		if err != nil {
			require.ErrorContains(t, err, "rule: ")
			return
		}
		written, err := json.Marshal(rule)
		require.NoError(t, err)
		again, err := s3proxy.ParseRule(written)
		require.NoError(t, err, "%s", written)
		require.Equal(t, rule, again)
		rule.Outage()
	})
}
