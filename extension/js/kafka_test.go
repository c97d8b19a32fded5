package js

import (
	"testing"
	"time"

	"github.com/grafana/sobek"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.k6.io/k6/v2/js/modulestest"
	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/metrics"
)

// script is one virtual user with k6/x/kafka under the name kafka, and addresses of a cluster under brokers.
type script struct {
	t       testing.TB
	runtime *modulestest.Runtime
	samples chan metrics.SampleContainer
}

func fakeKafka(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(10 * time.Millisecond)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func newScript(t testing.TB, module *kafkaModule, brokers []string) *script {
	t.Helper()
	s := &script{t: t, runtime: modulestest.NewRuntime(t), samples: make(chan metrics.SampleContainer, 10_000)}
	rt := s.runtime.VU.Runtime()
	exports := module.NewModuleInstance(s.runtime.VU).Exports().Named
	require.NoError(t, rt.Set("kafka", exports))
	require.NoError(t, rt.Set("brokers", array(rt, brokers, func(addr string) any { return addr })))
	t.Cleanup(module.process.end)
	return s
}

// begin leaves the init context.
func (s *script) begin() *script {
	registry := s.runtime.VU.InitEnv().Registry
	s.runtime.MoveToVUContext(&lib.State{
		Samples: s.samples, VUID: 7, Tags: lib.NewVUStateTags(registry.RootTagSet().With("scenario", "s")),
	})
	return s
}

// run runs the body of an async function and gives what it returns, through JSON; an error is "name code: message".
func (s *script) run(body string) any {
	s.t.Helper()
	rt := s.runtime.VU.Runtime()
	require.NoError(s.t, rt.Set("done", func(v sobek.Value) { require.NoError(s.t, rt.Set("result", v)) }))
	_, err := s.runtime.RunOnEventLoop(`"use strict"; (async () => {` + body + `})().then(
		(v) => done(v), (e) => done([e.name, e.code, e.message].join("|")));`)
	require.NoError(s.t, err)
	return rt.Get("result").Export()
}

// sampled adds up the samples of a metric, and counts them.
func (s *script) sampled() (sums map[string]float64, counts map[string]int, tags map[string]map[string]string) {
	sums, counts, tags = map[string]float64{}, map[string]int{}, map[string]map[string]string{}
	for len(s.samples) > 0 {
		for _, sample := range (<-s.samples).GetSamples() {
			sums[sample.Metric.Name] += sample.Value
			counts[sample.Metric.Name]++
			tags[sample.Metric.Name] = sample.Tags.Map()
		}
	}
	return sums, counts, tags
}

func newTestModule() *kafkaModule { return &kafkaModule{process: newProcess()} }

func TestRecordsGoOutAndComeBackFromAScript(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t, kfake.SeedTopics(1, "t"))
	s := newScript(t, newTestModule(), fake.ListenAddrs()).begin()
	got := s.run(`
		const producer = new kafka.Producer({ brokers, topic: "t", linger: 0 });
		const sent = await producer.send([
			{ value: "text", key: "k", headers: [{ key: "h", value: "1" }, { key: "a", value: null }, { key: "h", value: "2" }] },
			{ value: new Uint8Array([0, 1, 2, 3]).subarray(1, 3), timestamp: new Date(1700000000123) },
			{ value: new Uint16Array([258]).buffer, partition: 0, timestamp: 1700000000456 },
			{ value: null, headers: { only: "x" } },
			{ value: "" },
		]);
		const consumer = new kafka.Consumer({ brokers, topics: ["t"], keyAs: "string" });
		const records = [];
		while (records.length < 5) { records.push(...await consumer.poll({ max: 2, timeout: "2s" })); }
		await producer.flush(); await producer.close(); await consumer.close();
		const bytes = (v) => v instanceof Uint8Array ? [...v].join() : String(v);
		return JSON.stringify({
			sent: sent.map((r) => [r.topic, r.partition, r.offset, r.outcome, r.error]), isArray: Array.isArray(sent),
			values: records.map((r) => bytes(r.value)), keys: records.map((r) => r.key), offsets: records.map((r) => r.offset),
			headers: records[0].headers.map((h) => h.key + "=" + bytes(h.value)), stamps: records.slice(1, 3).map((r) => r.timestamp),
			only: records[3].headers.length, all: Object.keys(records[0]).join(), has: "value" in records[0], copy: { ...records[0] }.offset,
		});`)
	require.JSONEq(t, `{
		"sent": [["t",0,0,"ok",null],["t",0,1,"ok",null],["t",0,2,"ok",null],["t",0,3,"ok",null],["t",0,4,"ok",null]], "isArray": true,
		"values": ["116,101,120,116", "1,2", "2,1", "null", ""], "keys": ["k", null, null, null, null], "offsets": [0,1,2,3,4],
		"headers": ["h=49", "a=null", "h=50"], "stamps": [1700000000123, 1700000000456], "only": 1,
		"all": "topic,partition,offset,timestamp,key,value,headers,leaderEpoch", "has": true, "copy": 0
	}`, got.(string))

	sums, counts, tags := s.sampled()
	require.Equal(t, 5, int(sums["kafka_writer_message_count"]))
	require.Equal(t, 1, counts["kafka_writer_message_count"], "one sample a call")
	require.Equal(t, 5, int(sums["kafka_reader_message_count"]))
	require.Equal(t, 1+4+(1+1+1+1+1)+2+2+4+1, int(sums["kafka_writer_bytes"]))
	require.Equal(t, int(sums["kafka_writer_bytes"]), int(sums["kafka_reader_bytes"]))
	require.Positive(t, sums["kafka_writer_write_seconds"])
	require.Less(t, sums["kafka_writer_write_seconds"], 60.0, "seconds, as its name says")
	require.Positive(t, sums["kafka_end_to_end_seconds"])
	require.Contains(t, counts, "kafka_reader_lag")
	require.Equal(t, map[string]string{"scenario": "s"}, tags["kafka_writer_message_count"])
}

func TestValuesInTheFormThatWasAskedFor(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t, kfake.SeedTopics(1, "t"))
	s := newScript(t, newTestModule(), fake.ListenAddrs()).begin()
	got := s.run(`
		const producer = new kafka.Producer({ brokers, topic: "t" });
		await producer.send([{ value: '{"a":[1,2]}' }, { value: "no json" }]);
		const consumer = new kafka.Consumer({ brokers, topics: ["t"], valueAs: "json" });
		const records = await consumer.poll({ timeout: "5s" });
		let thrown = "";
		try { records[1].value; } catch (e) { thrown = e.name; }
		return [records[0].value.a[1], records[1].offset, thrown].join("|");`)
	require.Equal(t, "2|1|SyntaxError", got)
}

func TestRecordOverTheBrokersLimitFailsAlone(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t)
	require.NoError(t, fake.CreateTopic("t", 1, map[string]string{"max.message.bytes": "1000"}))
	s := newScript(t, newTestModule(), fake.ListenAddrs()).begin()
	got := s.run(`
		const producer = new kafka.Producer({ brokers, topic: "t" });
		try {
			await producer.send([{ value: "a" }, { value: "x".repeat(5000) }, { value: "b" }]);
		} catch (e) {
			return JSON.stringify([e instanceof Error, e.name, e.code, e.indexes, e.results.map((r) => r.outcome), e.results[1].error]);
		}`)
	require.JSONEq(t, `[true, "KafkaError", "MESSAGE_TOO_LARGE", [1], ["ok", "failed", "ok"], "MESSAGE_TOO_LARGE"]`, got.(string))
	sums, _, tags := s.sampled()
	require.Equal(t, 1, int(sums["kafka_writer_error_count"]))
	require.Equal(t, "MESSAGE_TOO_LARGE", tags["kafka_writer_error_count"]["error"])
	require.Equal(t, 2, int(sums["kafka_writer_message_count"]))
}

func TestTopicThatDoesNotExistSaysSo(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t)
	s := newScript(t, newTestModule(), fake.ListenAddrs()).begin()
	got := s.run(`await new kafka.Producer({ brokers, topic: "nowhere" }).send({ value: "v" });`)
	require.Contains(t, got, `KafkaError|UNKNOWN_TOPIC_OR_PARTITION|`)
	require.Contains(t, got, `topic "nowhere" does not exist and was not created`)
	got = s.run(`await new kafka.Admin({ brokers }).describeTopics(["nowhere"]);`)
	require.Contains(t, got, `topic "nowhere" does not exist`)
}

func TestNothingListeningIsAnErrorThatNamesTheAddress(t *testing.T) {
	t.Parallel()
	s := newScript(t, newTestModule(), nil).begin()
	for _, call := range []string{
		`new kafka.Producer({ brokers: ["127.0.0.1:1"] }).send({ value: "v", topic: "t" })`,
		`new kafka.Consumer({ brokers: ["127.0.0.1:1"], topics: ["t"] }).poll()`,
		`new kafka.Admin({ brokers: ["127.0.0.1:1"] }).listTopics()`,
	} {
		got := s.run("await " + call)
		require.Contains(t, got, "KafkaError|CONNECTION_REFUSED|")
		require.Contains(t, got, "127.0.0.1:1: connection refused: nothing listens there")
	}
}

func TestConstructorsCheckTheirOptionsInTheInitContext(t *testing.T) {
	t.Parallel()
	s := newScript(t, newTestModule(), []string{"127.0.0.1:1"})
	rt := s.runtime.VU.Runtime()
	for code, want := range map[string]string{
		`new kafka.Producer()`:                                                     "",
		`new kafka.Producer({ brokers, idempotent: true })`:                        "",
		`new kafka.Producer({ topik: "t" })`:                                       `Producer: unknown option "topik": did you mean "topic"?`,
		`new kafka.Producer({ acks: "some" })`:                                     "Producer: acks must be one of all, leader, none",
		`new kafka.Producer({ acks: 1 })`:                                          "Producer: acks must be a string",
		`new kafka.Producer({ acks: "none", idempotent: true })`:                   "Producer: idempotent must be false with acks \"none\"",
		`new kafka.Producer({ compression: "rar" })`:                               "Producer: compression must be one of",
		`new kafka.Producer({ inFlight: 3 })`:                                      "inFlight 3: an idempotent producer has 5",
		`new kafka.Producer({ inFlight: 0 })`:                                      "Producer: inFlight must be between 1 and 1000",
		`new kafka.Producer({ batchSize: 1 })`:                                     "Producer: batchSize must be between",
		`new kafka.Producer({ maxBuffered: -1 })`:                                  "Producer: maxBuffered must be between",
		`new kafka.Producer({ linger: "soon" })`:                                   "Producer: linger must be a duration",
		`new kafka.Producer({ deliveryTimeout: 5 })`:                               "deliveryTimeout 5ms: want at least 1s",
		`new kafka.Producer({ autoCreate: "yes" })`:                                "Producer: autoCreate must be true or false",
		`new kafka.Producer("127.0.0.1:9092")`:                                     "Producer: options must be an object",
		`new kafka.Producer({ brokers: "127.0.0.1:9092" })`:                        "Producer: brokers must be an array of strings",
		`new kafka.Producer({ brokers: [] })`:                                      "Producer: brokers must name at least one address",
		`new kafka.Producer({ brokers: ["here"] })`:                                `broker "here": want host:port`,
		`new kafka.Producer({ brokers, maxVersion: "vier" })`:                      `maxVersion "vier": unknown`,
		`new kafka.Producer({ tls: {} })`:                                          "name brokers as well",
		`new kafka.Producer({ brokers, tls: { cafile: "x" } })`:                    `tls: unknown option "cafile": did you mean "caFile"?`,
		`new kafka.Producer({ brokers, sasl: { user: "u" } })`:                     "mechanism is missing",
		`new kafka.Producer({ brokers, sasl: { mechanism: "PLAIN", user: "u" } })`: "passwordEnv or by passwordFile",
		`new kafka.Producer({ brokers, sasl: { mechanism: "NTLM", user: "u" } })`:  "mechanism must be one of PLAIN",
		`new kafka.Consumer()`:                                                     "name topics, or partitions, or offsets: one of them",
		`new kafka.Consumer({ topics: ["t"] })`:                                    "",
		`new kafka.Consumer({ topics: "t" })`:                                      "Consumer: topics must be an array of strings",
		`new kafka.Consumer({ topics: ["t"], gruop: "g" })`:                        `unknown option "gruop": did you mean "group"?`,
		`new kafka.Consumer({ topics: ["t"], start: "end" })`:                      `start "end": want earliest`,
		`new kafka.Consumer({ topics: ["t"], start: { offset: 1 } })`:              `unknown option "offset": did you mean "offsets"?`,
		`new kafka.Consumer({ topics: ["t"], start: {} })`:                         `start: must be "earliest"`,
		`new kafka.Consumer({ topics: ["t"], start: { timestamp: "now" } })`:       "start: timestamp must be a Date",
		`new kafka.Consumer({ start: { offsets: { t: { 0: -1 } } } })`:             "offset of t partition 0 must be a whole number",
		`new kafka.Consumer({ start: { offsets: { t: { zero: 1 } } } })`:           `"zero" is no partition of "t"`,
		`new kafka.Consumer({ start: { offsets: { t: { 0: 5 } } } })`:              "",
		`new kafka.Consumer({ partitions: { t: [0, "1"] } })`:                      `"t" holds string 1`,
		`new kafka.Consumer({ partitions: { t: [0] }, group: "g" })`:               "a group shares out whole topics",
		`new kafka.Consumer({ topics: ["t"], valueAs: "xml" })`:                    "Consumer: valueAs must be one of bytes, string, json",
		`new kafka.Consumer({ topics: ["t"], isolation: "none" })`:                 "Consumer: isolation must be one of",
		`new kafka.Consumer({ topics: ["t"], group: "g", balancers: ["luck"] })`:   `balancer "luck": want`,
		`new kafka.Consumer({ topics: ["t"], autoCommit: "5s" })`:                  "need a group",
		`new kafka.Consumer({ topics: ["t"], protocol: "classic" })`:               "protocol needs a group",
		`new kafka.Consumer({ topics: ["t"], group: "g", protocol: "next" })`:      "Consumer: protocol must be one of classic, consumer",
		`new kafka.Admin({ broker: "x" })`:                                         `Admin: unknown option "broker": did you mean "brokers"?`,
		`new kafka.Admin()`:                                                        "",
	} {
		_, err := rt.RunString(code)
		if want == "" {
			require.NoError(t, err, code)
		} else {
			require.ErrorContains(t, err, want, code)
		}
	}
}

func TestMethodsRefuseWrongArguments(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t, kfake.SeedTopics(1, "t"))
	s := newScript(t, newTestModule(), fake.ListenAddrs()).begin()
	for call, want := range map[string]string{
		`producer.send("v")`:                                 "records must be an array, not string v",
		`producer.send()`:                                    "records must be an array, not nothing",
		`producer.send([{ value: 7 }])`:                      "record 0: value must be a string, an ArrayBuffer, a typed array or null",
		`producer.send([{ value: "v" }, 7])`:                 "record 1: must be an object",
		`producer.send({ value: {} })`:                       "record 0: value must be a string",
		`producer.send({ valeu: "v" })`:                      `record 0: unknown key "valeu": did you mean "value"?`,
		`producer.send({ topic: 7 })`:                        "record 0: topic must be a string",
		`producer.send({ partition: -1 })`:                   "record 0: partition must be a whole number from 0 on",
		`producer.send({ timestamp: "now" })`:                "record 0: timestamp must be a Date",
		`producer.send({ headers: "h" })`:                    "record 0: headers must be an array",
		`producer.send({ headers: [{ name: "h" }] })`:        `record 0: header 0: unknown key "name"`,
		`producer.send({ headers: { h: 7 } })`:               `record 0: header "h" must be a string`,
		`producer.send([], { timeuot: "1s" })`:               `send: unknown option "timeuot": did you mean "timeout"?`,
		`consumer.poll({ max: 0 })`:                          "poll: max must be between 1",
		`consumer.poll({ timeout: "-1s" })`:                  "poll: timeout must not be negative",
		`consumer.seek()`:                                    "offsets must be an object",
		`consumer.commit({ t: 7 })`:                          `offsets must be an object such as { topic: { 0: 42 } }: "t" holds`,
		`consumer.pause([0])`:                                "partitions must be an object",
		`admin.createTopics([{ partitions: 1 }])`:            "topic is missing",
		`admin.createTopics([{ topic: "x", partition: 1 }])`: `unknown option "partition": did you mean "partitions"?`,
		`admin.deleteTopics("t")`:                            "topics must be an array",
		`admin.deleteTopics([])`:                             "topics must name at least one",
		`admin.listOffsets(["t"], "middle")`:                 `at must be "earliest", "latest", "stable"`,
		`admin.addPartitions("t", "more")`:                   "total must be a whole number",
		`admin.describeConfigs({})`:                          "name a topic or a broker",
		`admin.lag(7, ["t"])`:                                "group must be a string",
	} {
		got := s.run(`
			const producer = new kafka.Producer({ brokers }), admin = new kafka.Admin({ brokers }),
				consumer = new kafka.Consumer({ brokers, topics: ["t"] });
			await ` + call)
		require.Contains(t, got, "TypeError|", call)
		require.Contains(t, got, want, call)
	}
}

func TestClientsDoNothingInTheInitContext(t *testing.T) {
	t.Parallel()
	s := newScript(t, newTestModule(), []string{"127.0.0.1:1"})
	got := s.run(`await new kafka.Admin({ brokers }).listTopics();`)
	require.Contains(t, got, "work in setup, teardown and scenarios, not in the init context")
}
