package kafkaproxy_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
)

func transactionBehaviours() []behaviour {
	readCommitted := kgo.FetchIsolationLevel(kgo.ReadCommitted())
	before890 := kgo.MaxVersions(kversion.V3_6_0())
	return []behaviour{
		{name: "transactions: commit, abort, read committed", run: transactions(readCommitted)},
		{name: "transactions before KIP-890", run: transactions(readCommitted, before890)},
		{name: "transactions: offsets are committed with the records", run: exactlyOnce(readCommitted)},
		{name: "transactions with offsets before KIP-890", run: exactlyOnce(readCommitted, before890)},
		{name: "transactions: a new producer fences the old one", run: fencing},
	}
}

func transactions(readCommitted kgo.Opt, options ...kgo.Opt) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		topic := w.topic(t, 6)
		producer := w.client(t, append(options, kgo.TransactionalID(w.name("transaction")))...)
		var all, committed []*kgo.Record
		for _, how := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit, kgo.TryAbort} {
			require.NoError(t, producer.BeginTransaction())
			sent := w.produce(t, producer, spread(topic, 6, 5)...)
			all = append(all, sent...)
			if how == kgo.TryCommit {
				committed = append(committed, sent...)
			}
			require.NoError(t, producer.EndTransaction(w.context(t), how))
		}
		requireSame(t, committed, w.read(t, topic, append(options, readCommitted)...))
		requireSame(t, all, w.read(t, topic, options...))

		require.NoError(t, producer.BeginTransaction())
		open := w.produce(t, producer, spread(topic, 6, 1)...)
		stable, err := w.admin(t, options...).ListCommittedOffsets(w.context(t), topic)
		require.NoError(t, err)
		stable.Each(func(o kadm.ListedOffset) {
			require.NoError(t, o.Err)
			require.Equal(t, open[o.Partition].Offset, o.Offset, "the last stable offset")
		})
		require.NoError(t, producer.EndTransaction(w.context(t), kgo.TryCommit))
		requireSame(t, append(committed, open...), w.read(t, topic, append(options, readCommitted)...))
	}
}

// exactlyOnce consumes, transforms and produces in transactions, one of which is aborted: its records come again.
func exactlyOnce(readCommitted kgo.Opt, options ...kgo.Opt) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		const partitions, each = 4, 20
		from, to, group := w.topic(t, partitions), w.topic(t, partitions), w.group()
		sent := w.produce(t, w.client(t), spread(from, partitions, each)...)
		session := w.session(t, append(options, kgo.TransactionalID(w.name("transaction")), kgo.ConsumerGroup(group),
			kgo.ConsumeTopics(from), readCommitted)...)
		for done, round := 0, 0; done < len(sent); round++ {
			fetches := session.PollRecords(w.context(t), 15)
			require.NoError(t, fetches.Err())
			require.NoError(t, session.Begin())
			for _, r := range fetches.Records() {
				session.Produce(w.context(t), &kgo.Record{Topic: to, Partition: r.Partition, Key: r.Key, Value: r.Value, Headers: r.Headers},
					func(_ *kgo.Record, err error) {
						if err != nil {
							t.Errorf("produce in a transaction: %v", err)
						}
					})
			}
			require.NoError(t, session.Client().Flush(w.context(t)))
			abort := round == 1
			committed, err := session.End(w.context(t), kgo.TransactionEndTry(!abort))
			require.NoError(t, err)
			require.Equal(t, !abort, committed)
			if committed {
				done += fetches.NumRecords()
			}
		}
		require.Equal(t, values(sent), values(w.read(t, to, append(options, readCommitted)...)))
		requireLag(t, w, group, 0, from)
	}
}

// session opens a client that consumes and produces in transactions.
func (w *world) session(t *testing.T, options ...kgo.Opt) *kgo.GroupTransactSession {
	t.Helper()
	l := &line{world: w, test: t.Name()}
	session, err := kgo.NewGroupTransactSession(append(w.options(l), options...)...)
	require.NoError(t, err)
	w.ends(t, l, session.Close)
	return session
}

func fencing(t *testing.T, w *world) {
	t.Helper()
	topic, id := w.topic(t, 3), kgo.TransactionalID(w.name("transaction"))
	first, second := w.client(t, id), w.client(t, id)
	require.NoError(t, first.BeginTransaction())
	w.produce(t, first, spread(topic, 3, 1)...)
	require.NoError(t, second.BeginTransaction())
	sent := w.produce(t, second, spread(topic, 3, 2)...)
	require.NoError(t, second.EndTransaction(w.context(t), kgo.TryCommit))

	err := first.ProduceSync(w.context(t), spread(topic, 3, 1)...).FirstErr()
	if err == nil {
		err = first.EndTransaction(w.context(t), kgo.TryCommit)
	}
	fenced := errors.Is(err, kerr.InvalidProducerEpoch) || errors.Is(err, kerr.ProducerFenced)
	require.True(t, fenced, "a fenced producer should be told so: %v", err)
	requireSame(t, sent, w.read(t, topic, kgo.FetchIsolationLevel(kgo.ReadCommitted())))
}
