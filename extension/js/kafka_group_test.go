package js

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kversion"
)

func TestConsumerOfAScript(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t, kfake.SeedTopics(2, "t"))
	s := newScript(t, newTestModule(), fake.ListenAddrs()).begin()
	got := s.run(`
		const producer = new kafka.Producer({ brokers, topic: "t" });
		await producer.send(Array.from({ length: 20 }, (_, i) => ({ value: "v" + i, partition: i % 2 })));
		const consumer = new kafka.Consumer({ brokers, topics: ["t"], group: "g", valueAs: "string", heartbeat: 100, sessionTimeout: "5s" });
		const before = JSON.stringify([consumer.position(), consumer.assignment()]);
		let n = 0;
		while (n < 20) { n += (await consumer.poll({ timeout: "5s" })).length; }
		const lag = await consumer.lag();
		const committed = await consumer.commit();
		await consumer.seek({ t: { 0: 8 } });
		const again = await consumer.poll({ max: 1, timeout: "5s" });
		const one = await consumer.commit({ t: { 1: 3 } });
		await consumer.pause({ t: [0] });
		const paused = await consumer.poll({ timeout: 20 });
		await consumer.resume({ t: [0] });
		const admin = new kafka.Admin({ brokers });
		const state = (await admin.describeGroups(["g"]))[0].state;
		const behind = await admin.lag("g", ["t"]);
		const result = { before, lag, committed, again: again[0].value, one, paused: paused.length, position: consumer.position(),
			assignment: consumer.assignment(), state, behind, stored: await admin.committedOffsets("g") };
		await consumer.close();
		return JSON.stringify(result);`)
	require.JSONEq(t, `{
		"before": "[{},{}]", "lag": {"t": {"0": 0, "1": 0}}, "committed": {"t": {"0": 10, "1": 10}}, "again": "v16",
		"one": {"t": {"1": 3}}, "paused": 0, "position": {"t": {"0": 9, "1": 10}}, "assignment": {"t": [0, 1]}, "state": "Stable",
		"behind": 7, "stored": {"t": {"0": 10, "1": 3}}
	}`, got.(string))
	sums, _, _ := s.sampled()
	require.GreaterOrEqual(t, sums["kafka_reader_rebalance_count"], 1.0)
}

// A group that the coordinator runs (KIP-848) is described as such. That kfake leaves the names of topics out is why assignments are not
// looked at.
func TestConsumerThatTheCoordinatorGivesItsPartitions(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t, kfake.SeedTopics(2, "t"), kfake.BrokerConfigs(map[string]string{"group.consumer.heartbeat.interval.ms": "50"}))
	s := newScript(t, newTestModule(), fake.ListenAddrs()).begin()
	got := s.run(`
		await new kafka.Producer({ brokers, topic: "t" }).send(Array.from({ length: 4 }, (_, i) => ({ value: "v" + i, partition: i % 2 })));
		const consumer = new kafka.Consumer({ brokers, topics: ["t"], group: "g", protocol: "consumer" });
		let n = 0;
		while (n < 4) { n += (await consumer.poll({ timeout: "5s" })).length; }
		await consumer.commit();
		const admin = new kafka.Admin({ brokers });
		const [{ type, protocol, epoch, members }, nobody] = await admin.describeGroups(["g", "nobody"]);
		const result = { type, protocol, same: epoch > 0 && members[0].epoch === epoch, members: members.length, nobody: nobody.epoch,
			assignment: consumer.assignment(), lag: await admin.lag("g", ["t"]) };
		await consumer.close();
		return JSON.stringify(result);`)
	require.JSONEq(t, `{
		"type": "consumer", "protocol": "uniform", "same": true, "members": 1, "nobody": 0, "assignment": {"t": [0, 1]}, "lag": 0
	}`, got.(string))
}

func TestScriptsAreToldThatTheCoordinatorRunsNoGroups(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t, kfake.SeedTopics(1, "t"), kfake.MaxVersions(kversion.V3_9_0()))
	got := newScript(t, newTestModule(), fake.ListenAddrs()).begin().run(`
		const consumer = new kafka.Consumer({ brokers, topics: ["t"], group: "g", protocol: "consumer" });
		try { for (;;) { await consumer.poll(); } } catch (e) { return e.code + ": " + e.message; }`)
	require.Regexp(t, "^UNSUPPORTED_VERSION: .*ask for protocol classic", got)
}

func TestAdminOfAScript(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t)
	s := newScript(t, newTestModule(), fake.ListenAddrs()).begin()
	got := s.run(`
		const admin = new kafka.Admin({ brokers });
		await admin.createTopics([{ topic: "t", partitions: 2, configs: { "max.message.bytes": 5000 } }]);
		await admin.addPartitions("t", 3);
		await admin.alterConfigs("t", { "max.message.bytes": 6000 });
		const configs = await admin.describeConfigs({ topic: "t" });
		await new kafka.Producer({ brokers, topic: "t" }).send([1, 2, 3].map((i) => ({ value: "v", partition: 0, timestamp: i * 1000 })));
		const result = {
			max: configs.find((c) => c.name === "max.message.bytes").value, names: await admin.listTopics(),
			partitions: (await admin.describeTopics(["t"]))[0].partitions.length, brokers: (await admin.brokers()).length,
			ends: await admin.listOffsets(["t"]), at: (await admin.listOffsets(["t"], new Date(1500))).t[0],
			deleted: (await admin.deleteRecords({ t: { 0: 2 } })), starts: (await admin.listOffsets(["t"], "earliest")).t[0],
			broker: (await admin.describeConfigs({ broker: 0 })).length > 0, groups: await admin.listGroups(),
		};
		await admin.deleteTopics(["t"]);
		let again = "";
		try { await admin.deleteTopics(["t"]); } catch (e) { again = e.code; }
		return JSON.stringify({ ...result, again, left: await admin.listTopics() });`)
	require.JSONEq(t, `{
		"max": "6000", "names": ["t"], "partitions": 3, "brokers": 1, "ends": {"t": {"0": 3, "1": 0, "2": 0}}, "at": 1,
		"deleted": {"t": {"0": 2}}, "starts": 2, "broker": true, "groups": [], "again": "UNKNOWN_TOPIC_OR_PARTITION", "left": []
	}`, got.(string))
}

func TestSharedClientIsOneForAllAndEndsWithTheTest(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t, kfake.SeedTopics(1, "t"))
	module := newTestModule()
	first, second := newScript(t, module, fake.ListenAddrs()).begin(), newScript(t, module, fake.ListenAddrs()).begin()
	const makeProducer = `globalThis.producer = new kafka.Producer({ brokers, topic: "t", shared: "p" });`
	for _, s := range []*script{first, second} {
		require.EqualValues(t, 1, s.run(makeProducer+`return (await producer.send({ value: "v" })).length`))
	}
	require.Len(t, module.shared, 1)
	require.Contains(t, second.run(`new kafka.Producer({ brokers, topic: "other", shared: "p" })`),
		`Producer: shared: "p" is shared already with other options`)
	module.process.end()
	require.Contains(t, first.run(`await producer.send({ value: "v" })`), "the client is closed")
}

func TestRecordThatWasReadCanBeSentOn(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t, kfake.SeedTopics(1, "t"))
	s := newScript(t, newTestModule(), fake.ListenAddrs()).begin()
	require.Equal(t, "k=v,h", s.run(`
		const producer = new kafka.Producer({ brokers });
		const consumer = new kafka.Consumer({ brokers, topics: ["t"], keyAs: "string", valueAs: "string" });
		await producer.send({ topic: "t", key: "k", value: "v", headers: { h: "1" } });
		await producer.send(await consumer.poll({ timeout: "5s" }));
		const [again] = await consumer.poll({ timeout: "5s" });
		return again.key + "=" + again.value + "," + again.headers[0].key;`))
}

// A poll that met its end, a send that has to wait: neither holds the virtual user when its iteration is over.
func TestCallsEndWithTheirIteration(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t, kfake.SeedTopics(1, "t"))
	s := newScript(t, newTestModule(), fake.ListenAddrs()).begin()
	s.run(`globalThis.consumer = new kafka.Consumer({ brokers, topics: ["t"] }); await consumer.poll({ timeout: 1 });`)
	s.runtime.CancelContext()
	require.Contains(t, s.run(`await consumer.poll({ timeout: "10m" });`), "KafkaError|CANCELED|")
}
