package js

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// readAs reads n values of a topic as a reader of some isolation.
const readAs = `
	const readAs = async (isolation, topic, n) => {
		const consumer = new kafka.Consumer({ brokers, topics: [topic], isolation, valueAs: "string" });
		const got = [];
		while (got.length < n) { got.push(...(await consumer.poll({ timeout: "2s" })).map((r) => r.value)); }
		await consumer.close();
		return got.join();
	};`

func TestTransactionsOfAScript(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t, kfake.SeedTopics(1, "t"))
	s := newScript(t, newTestModule(), fake.ListenAddrs()).begin()
	got := s.run(readAs + `
		const producer = new kafka.Producer({ brokers, topic: "t", transactionalId: "tx", transactionTimeout: "1m" });
		const result = await producer.transaction(async (tx) => { await tx.send({ value: "a" }); return "done"; });
		const failed = await producer.transaction(async (tx) => { await tx.send({ value: "b" }); throw new Error("no"); })
			.catch((e) => e.message);
		await producer.begin(); await producer.send({ value: "c" }); await producer.abort();
		await producer.begin(); await producer.send({ value: "d" }); await producer.commit({ timeout: "30s" });
		await producer.abort();
		return [result, failed, await readAs("read_committed", "t", 2), await readAs("read_uncommitted", "t", 4)].join("|");`)
	require.Equal(t, "done|no|a,d|a,b,c,d", got)
}

func TestACommitThatFailsSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t, kfake.SeedTopics(1, "t"))
	fake.ControlKey(int16(kmsg.EndTxn), func(request kmsg.Request) (kmsg.Response, error, bool) {
		response := request.ResponseKind().(*kmsg.EndTxnResponse)
		response.ErrorCode = kerr.UnknownServerError.Code
		return response, nil, true
	})
	s := newScript(t, newTestModule(), fake.ListenAddrs()).begin()
	got := s.run(`
		const producer = new kafka.Producer({ brokers, topic: "t", transactionalId: "tx" });
		const told = [];
		const note = (e) => told.push(e.name, e.code, e.outcome);
		await producer.transaction((tx) => tx.send({ value: "a" })).catch(note);
		await producer.transaction((tx) => tx.send({ value: "x".repeat(2000000) }).catch(() => 0)).catch(note);
		return told.join("|");`)
	require.Equal(t, "KafkaError|UNKNOWN_SERVER_ERROR|unknown|KafkaError|TRANSACTION_ABORTED|aborted", got)
}

func TestProcessorOfAScript(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t, kfake.SeedTopics(1, "in", "out"))
	s := newScript(t, newTestModule(), fake.ListenAddrs()).begin()
	got := s.run(readAs + `
		const source = new kafka.Producer({ brokers, topic: "in" });
		await source.send(["1", "2", "3"].map((value) => ({ value })));
		const processor = () => new kafka.Processor({ brokers, topics: ["in"], group: "g", transactionalId: "tx", valueAs: "string" });
		const step = async (p) => {
			const records = await p.poll({ max: 1, timeout: "20s" });
			await p.begin();
			await p.send(records.map((r) => ({ topic: "out", value: "of " + r.value })));
		};
		const first = processor();
		await step(first); await first.commit();
		await step(first); await first.close(); // in the middle of a transaction
		const second = processor();
		await step(second); await second.commit();
		const records = await second.poll({ max: 1, timeout: "20s" });
		await second.transaction((tx) => tx.send(records.map((r) => ({ topic: "out", value: "of " + r.value }))));
		await second.close();
		return await readAs("read_committed", "out", 3);`)
	require.Equal(t, "of 1,of 2,of 3", got)
}

func TestWhatTransactionsRefuse(t *testing.T) {
	t.Parallel()
	fake := fakeKafka(t, kfake.SeedTopics(1, "t"))
	s := newScript(t, newTestModule(), fake.ListenAddrs()).begin()
	for what, body := range map[string]string{
		"the producer is not transactional":         `await new kafka.Producer({ brokers }).begin();`,
		"begin one first":                           `await new kafka.Producer({ brokers, transactionalId: "a" }).commit();`,
		"give it a function":                        `await new kafka.Producer({ brokers, transactionalId: "a" }).transaction();`,
		"shared is not for transactional producers": `new kafka.Producer({ brokers, transactionalId: "a", shared: "b" });`,
		"shared is not for processors": `const group = "g", topics = ["t"];
			new kafka.Processor({ brokers, topics, group, transactionalId: "a", shared: "b" });`,
		"give a transactionalId":                     `new kafka.Producer({ brokers, transactionTimeout: "1s" });`,
		"name topics, a group and a transactionalId": `new kafka.Processor({ brokers, topics: ["t"] });`,
		`unknown option "transactionId"`:             `new kafka.Producer({ brokers, transactionId: "a" });`,
		"idempotent (KIP-98)":                        `new kafka.Producer({ brokers, transactionalId: "a", idempotent: false });`,
		`abort: unknown option "after"`:              `await new kafka.Producer({ brokers, transactionalId: "a" }).abort({ after: 1 });`,
		"timeout must be a duration such as":         `await new kafka.Producer({ brokers, transactionalId: "a" }).commit({ timeout: "x" });`,
	} {
		require.Contains(t, s.run(body+` return "nothing";`), what)
	}
}
