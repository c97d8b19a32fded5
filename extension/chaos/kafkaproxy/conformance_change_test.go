package kafkaproxy_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Leaders move, coordinators move, a broker joins and one dies while clients produce, consume in a group and run transactions. No
// application sees an error, and nothing is lost, doubled or out of order.
func TestConformanceWhileTheClusterChanges(t *testing.T) {
	t.Parallel()
	for _, m := range conformanceModes() {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			cluster, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.GroupMinSessionTimeout(100*time.Millisecond))
			require.NoError(t, err)
			t.Cleanup(cluster.Close)
			w := &world{
				backend: onKfake, mode: m, brokers: cluster.ListenAddrs(), bootstrap: m.bootstrap(t, cluster.ListenAddrs()),
				retries: 50, changing: true, unique: "change", dialled: map[string]string{},
			}
			whileItChanges(t, w, changes(t, cluster))
			if m == modeSingle {
				w.checkDialled(t)
			}
		})
	}
}

// changes are what may happen to a cluster.
func changes(t *testing.T, cluster *kfake.Cluster) []func() {
	t.Helper()
	return []func(){
		cluster.ShufflePartitionLeaders,
		cluster.RehashCoordinators,
		func() {
			_, _, err := cluster.AddNode(-1, 0)
			require.NoError(t, err)
		},
		cluster.ShufflePartitionLeaders, // the new one leads, too
		cluster.RehashCoordinators,
		func() { require.NoError(t, cluster.RemoveNode(1)) },
		cluster.ShufflePartitionLeaders,
	}
}

func whileItChanges(t *testing.T, w *world, changes []func()) {
	t.Helper()
	const partitions = 6
	topic, transacted, group := w.topic(t, partitions), w.topic(t, partitions), w.group()
	reader := w.join(t, kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group))
	var progress traffic
	ctx, stop := context.WithCancel(w.context(t))
	var running sync.WaitGroup
	running.Go(func() { progress.produce(ctx, t, w.client(t), topic, partitions) })
	running.Go(func() {
		progress.transact(ctx, t, w.client(t, kgo.TransactionalID(w.name("transaction"))), transacted, partitions)
	})
	reached := func() { // all three kinds of traffic have gone on
		acked, committed, read := progress.acked.Load(), progress.committed.Load(), len(reader.read())
		require.Eventually(t, func() bool {
			return progress.acked.Load() > acked && progress.committed.Load() > committed && len(reader.read()) > read || t.Failed()
		}, patience, pace, "traffic stopped: %d acked, %d transactions, %d read", acked, committed, read)
	}
	reached()
	for _, change := range changes {
		change()
		reached()
	}
	stop()
	running.Wait()
	sent := progress.sent
	reader.waitFor(t, func() bool { return len(distinct(reader)) == len(sent) })
	requireSame(t, sent, w.read(t, topic))
	require.Equal(t, progress.transactions, values(w.read(t, transacted, kgo.FetchIsolationLevel(kgo.ReadCommitted()))))
}

// traffic is what was done so far.
type traffic struct {
	acked, committed atomic.Int64
	sent             []*kgo.Record
	transactions     map[int32][]string
}

// produce sends round after round until ctx ends; rounds are not cut off.
func (p *traffic) produce(ctx context.Context, t *testing.T, cl *kgo.Client, topic string, partitions int) {
	t.Helper()
	for ctx.Err() == nil && !t.Failed() {
		round := spread(topic, partitions, 5)
		if err := cl.ProduceSync(t.Context(), round...).FirstErr(); err != nil {
			t.Errorf("an application saw an error of its producer: %v", err)
			return
		}
		p.sent = append(p.sent, round...)
		p.acked.Add(int64(len(round)))
	}
}

// transact commits transaction after transaction, and aborts every third.
func (p *traffic) transact(ctx context.Context, t *testing.T, cl *kgo.Client, topic string, partitions int) {
	t.Helper()
	p.transactions = map[int32][]string{}
	for n := 0; ctx.Err() == nil && !t.Failed(); n++ {
		round, how := spread(topic, partitions, 2), kgo.TransactionEndTry(n%3 != 0)
		err := cl.BeginTransaction()
		if err == nil {
			err = cl.ProduceSync(t.Context(), round...).FirstErr()
		}
		if err == nil {
			err = cl.EndTransaction(t.Context(), how)
		}
		if err != nil {
			t.Errorf("an application saw an error of a transaction: %v", err)
			return
		}
		if how == kgo.TryCommit {
			for partition, list := range values(round) {
				p.transactions[partition] = append(p.transactions[partition], list...)
			}
		}
		p.committed.Add(1)
	}
}
