package kafkaproxy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func fetchBehaviours() []behaviour {
	return []behaviour{
		{name: "fetch twelve partitions of all brokers", run: fetchWith()},
		{name: "fetch without sessions", run: fetchWith(kgo.DisableFetchSessions())},
		{name: "fetch in small bites", run: fetchWith(kgo.FetchMaxBytes(1500), kgo.FetchMaxPartitionBytes(500))},
		{name: "fetch with a rack", run: fetchWith(kgo.Rack("a"))},
		{name: "fetch one partition at a time", run: fetchWith(kgo.MaxConcurrentFetches(1))},
		{name: "fetch sessions: topics and partitions come and go", run: fetchSession},
		{name: "fetch waits on idle partitions, and ends early for one record", run: fetchLongPoll},
		{name: "fetch from a timestamp", run: fetchFromTimestamp},
		{name: "fetch beyond the end", run: fetchBeyondTheEnd},
	}
}

// fetchWith reads what is there, and goes on with what comes then.
func fetchWith(options ...kgo.Opt) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		topic := w.topic(t, 12)
		producer := w.client(t)
		var sent, got []*kgo.Record
		consumer := w.client(t, append([]kgo.Opt{kgo.ConsumeTopics(topic)}, options...)...)
		for range 3 {
			sent = append(sent, w.produce(t, producer, spread(topic, 12, 10)...)...)
			got = append(got, w.poll(t, consumer, len(sent)-len(got))...)
		}
		requireSame(t, sent, got)
	}
}

// fetchSession changes what a consumer wants between fetches. What it does not want at the time is not sent to it, and nothing is
// left out for good.
func fetchSession(t *testing.T, w *world) {
	t.Helper()
	first, second, third := w.topic(t, 6), w.topic(t, 3), w.topic(t, 3)
	producer := w.client(t)
	var sent, got []*kgo.Record
	round := func(consumer *kgo.Client, topics ...string) {
		want := 0
		for _, topic := range topics {
			partitions := 3
			if topic == first {
				partitions = 6
			}
			sent = append(sent, w.produce(t, producer, spread(topic, partitions, 2)...)...)
			want += 2 * partitions
		}
		got = append(got, w.poll(t, consumer, want)...)
		requireSame(t, sent, got)
	}
	consumer := w.client(t, kgo.ConsumeTopics(first, second))
	round(consumer, first, second)
	round(consumer, second) // most of the session has nothing new
	consumer.AddConsumeTopics(third)
	round(consumer, third)
	round(consumer, first, second, third)
	consumer.PauseFetchTopics(second)
	hidden := w.produce(t, producer, spread(second, 3, 2)...)
	round(consumer, first, third)
	sent = append(sent, hidden...)
	consumer.ResumeFetchTopics(second)
	got = append(got, w.poll(t, consumer, len(hidden))...)
	requireSame(t, sent, got)
	consumer.PauseFetchPartitions(map[string][]int32{first: {1, 4}})
	sent = append(sent, w.produce(t, producer, spread(first, 6, 1)...)...)
	got = append(got, w.poll(t, consumer, 4)...)
	consumer.ResumeFetchPartitions(map[string][]int32{first: {1, 4}})
	got = append(got, w.poll(t, consumer, 2)...)
	requireSame(t, sent, got)
	consumer.PurgeTopicsFromConsuming(second)
	w.produce(t, producer, spread(second, 3, 1)...)
	round(consumer, first, third)
}

// fetchLongPoll waits longer than the test has: only a fetch that ends for its one record gets through.
func fetchLongPoll(t *testing.T, w *world) {
	t.Helper()
	const partitions = 6
	topic := w.topic(t, partitions)
	producer := w.client(t)
	sent := w.produce(t, producer, spread(topic, partitions, 1)...)
	// From offsets that nobody has to ask for: a partition whose answer came late would have to wait for the fetch of those before it.
	from := map[string]map[int32]kgo.Offset{topic: {}}
	for p := range int32(partitions) {
		from[topic][p] = kgo.NewOffset().At(0)
	}
	consumer := w.client(t, kgo.ConsumePartitions(from), kgo.FetchMaxWait(2*patience))
	got := w.poll(t, consumer, len(sent))
	for p := range int32(partitions) {
		sent = append(sent, w.produce(t, producer, &kgo.Record{Topic: topic, Partition: p, Value: []byte("late")})...)
		got = append(got, w.poll(t, consumer, 1)...)
	}
	requireSame(t, sent, got)
}

func fetchFromTimestamp(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 6)
	sent := spread(topic, 6, 10)
	begin := time.Now().Add(-time.Hour).Truncate(time.Second)
	for i, r := range sent {
		r.Timestamp = begin.Add(time.Duration(i/6) * time.Second)
	}
	cl := w.client(t)
	for _, r := range sent { // in batches of their own
		cl.Produce(w.context(t), r, nil)
	}
	require.NoError(t, cl.Flush(w.context(t)))
	from := kgo.NewOffset().AfterMilli(begin.Add(7 * time.Second).UnixMilli())
	requireSame(t, sent[42:], w.poll(t, w.client(t, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(from)), 18))
}

func fetchBeyondTheEnd(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 3)
	sent := w.produce(t, w.client(t), spread(topic, 3, 5)...)
	beyond := map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(1000), 1: kgo.NewOffset().At(2), 2: kgo.NewOffset().At(1000)}}
	again := w.poll(t, w.client(t, kgo.ConsumePartitions(beyond)), 13)
	require.Len(t, again, 13)
	strict := w.client(t, kgo.ConsumePartitions(beyond), kgo.ConsumeResetOffset(kgo.NoResetOffset()))
	got, refused := 0, map[int32]error{}
	for got < 3 || len(refused) < 2 {
		fetches := strict.PollFetches(w.context(t))
		fetches.EachError(func(_ string, p int32, err error) { refused[p] = err })
		got += fetches.NumRecords()
	}
	for _, p := range []int32{0, 2} {
		require.ErrorIs(t, refused[p], kerr.OffsetOutOfRange)
	}
	require.Equal(t, 3, got)
	require.Len(t, sent, 15)
}
