package js

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

const benchBatch, benchRounds, benchSize = 100, 50, 200

// BenchmarkScriptSend awaits 100 records of 200 bytes, 50 times, in bare franz-go and in a script of one virtual user.
func BenchmarkScriptSend(b *testing.B) {
	fake := fakeKafka(b, kfake.SeedTopics(1, "bare", "ours"))
	bare, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...), kgo.DefaultProduceTopic("bare"),
		kgo.ProducerBatchCompression(kgo.NoCompression()))
	require.NoError(b, err)
	defer bare.Close()
	s := newScript(b, newTestModule(), fake.ListenAddrs()).begin()
	s.run(`globalThis.producer = new kafka.Producer({ brokers, topic: "ours" });`)
	value := bytes.Repeat([]byte("v"), benchSize)
	compare(b, s, func() {
		for range benchRounds {
			records := make([]*kgo.Record, benchBatch)
			for i := range records {
				records[i] = &kgo.Record{Value: value}
			}
			require.NoError(b, bare.ProduceSync(context.Background(), records...).FirstErr())
		}
	}, fmt.Sprintf(`
		const value = "v".repeat(%d);
		for (let n = 0; n < %d; n++) {
			const records = [];
			for (let i = 0; i < %d; i++) { records.push({ value }); }
			await producer.send(records);
		}
		return "";`, benchSize, benchRounds, benchBatch))
}

// BenchmarkScriptPoll reads 50,000 records of 200 bytes and looks at the offset and the value of each.
func BenchmarkScriptPoll(b *testing.B) {
	const all = 50_000
	fake := fakeKafka(b, kfake.SeedTopics(1, "t"))
	bare, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...))
	require.NoError(b, err)
	defer bare.Close()
	records := make([]*kgo.Record, all)
	for i := range records {
		records[i] = &kgo.Record{Topic: "t", Value: bytes.Repeat([]byte("v"), benchSize)}
	}
	require.NoError(b, bare.ProduceSync(context.Background(), records...).FirstErr())
	s := newScript(b, newTestModule(), fake.ListenAddrs()).begin()
	compare(b, s, func() {
		reader, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...), kgo.ConsumeTopics("t"))
		require.NoError(b, err)
		defer reader.Close()
		for n := 0; n < all; {
			n += reader.PollRecords(context.Background(), 5000).NumRecords()
		}
	}, fmt.Sprintf(`
		const consumer = new kafka.Consumer({ brokers, topics: ["t"] });
		let n = 0, bytes = 0, last = -1;
		while (n < %d) {
			const records = await consumer.poll({ max: 5000 });
			for (const r of records) { last = r.offset; bytes += r.value.length; }
			n += records.length;
		}
		await consumer.close();
		return bytes === n * %d ? "" : "bytes are missing";`, all, benchSize))
}

// compare runs both in turns, so that whatever else the machine does meets both alike, and reports the median of the ratios
// of their rates: 1 is as fast as bare.
func compare(b *testing.B, s *script, theirs func(), ours string) {
	b.Helper()
	run := func() {
		require.Empty(b, s.run(ours))
		s.sampled()
	}
	theirs()
	run()
	var ratios []float64
	for b.Loop() {
		start := time.Now()
		theirs()
		middle := time.Now()
		run()
		ratios = append(ratios, middle.Sub(start).Seconds()/time.Since(middle).Seconds())
	}
	slices.Sort(ratios)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
}
