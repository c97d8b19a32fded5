package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/embedded"
)

const (
	loadPartitions = 6
	longest        = 90 * time.Second       // ends traffic that hangs
	refresh        = 500 * time.Millisecond // a client that never looks may one day know nobody who is still there
)

// load is steady traffic: producers that send, one record after the other, and a group that reads.
type load struct {
	t           *testing.T
	c           *embedded.Cluster
	stop        context.CancelFunc
	work        sync.WaitGroup
	readers     sync.WaitGroup
	stopReaders context.CancelFunc

	mu         sync.Mutex
	acked      map[string]int64 // value → offset
	at         map[string]int32 // value → partition
	read       map[string]int
	failures   []error
	rebalances int
}

// newLoad starts producers and a group of two on a topic of loadPartitions partitions, and returns when all is going.
func newLoad(t *testing.T, c *embedded.Cluster) *load {
	t.Helper()
	createTopic(t, c, "load", loadPartitions, nil)
	l := &load{t: t, c: c, acked: map[string]int64{}, at: map[string]int32{}, read: map[string]int{}}
	ctx, stop := context.WithTimeout(context.Background(), longest)
	l.stop = stop
	for p := range int32(loadPartitions) {
		// A broker that stops may end a new connection before its first answer; franz-go would take that for wrong settings.
		cl := client(t, c, manual(), kgo.MetadataMaxAge(refresh), kgo.AlwaysRetryEOF())
		l.work.Go(func() { l.produce(ctx, cl, p) })
	}
	readers, stopReaders := context.WithTimeout(context.Background(), longest)
	l.stopReaders = stopReaders
	for range 2 {
		cl := client(t, c, kgo.MetadataMaxAge(refresh), kgo.ConsumerGroup("load"), kgo.ConsumeTopics("load"),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
			kgo.SessionTimeout(10*time.Second), kgo.HeartbeatInterval(50*time.Millisecond), kgo.AutoCommitInterval(100*time.Millisecond),
			kgo.OnPartitionsAssigned(func(context.Context, *kgo.Client, map[string][]int32) { l.count(&l.rebalances) }))
		l.readers.Go(func() { l.consume(readers, cl) })
	}
	t.Cleanup(func() { l.stop(); l.stopReaders(); l.work.Wait(); l.readers.Wait() })
	require.Eventually(t, func() bool { return l.settled() }, deadline, 10*time.Millisecond, "the group does not settle")
	l.progress()
	return l
}

// settled reports whether both members of the group have their halves.
func (l *load) settled() bool {
	groups, err := kadm.NewClient(client(l.t, l.c)).DescribeGroups(testContext(l.t), "load")
	require.NoError(l.t, err)
	g := groups["load"]
	if g.State != "Stable" || len(g.Members) != 2 {
		return false
	}
	for _, m := range g.Members {
		assigned, ok := m.Assigned.AsConsumer()
		if !ok || len(assigned.Topics) != 1 || len(assigned.Topics[0].Partitions) != loadPartitions/2 {
			return false
		}
	}
	return true
}

func (l *load) count(n *int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*n++
}

func (l *load) produce(ctx context.Context, cl *kgo.Client, partition int32) {
	for i := 0; ctx.Err() == nil; i++ {
		r := record("load", partition, i)
		r.Value = fmt.Appendf(nil, "%d/%d", partition, i)
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), longest)
		err := cl.ProduceSync(limit, r).FirstErr()
		cancel()
		l.mu.Lock()
		if err != nil {
			l.failures = append(l.failures, err)
		} else {
			l.acked[string(r.Value)], l.at[string(r.Value)] = r.Offset, partition
		}
		l.mu.Unlock()
	}
}

func (l *load) consume(ctx context.Context, cl *kgo.Client) {
	for ctx.Err() == nil {
		fetches := cl.PollFetches(ctx)
		l.mu.Lock()
		fetches.EachError(func(_ string, _ int32, err error) {
			if errors.As(err, new(*kgo.ErrDataLoss)) {
				l.failures = append(l.failures, err)
			}
		})
		fetches.EachRecord(func(r *kgo.Record) { l.read[string(r.Value)]++ })
		l.mu.Unlock()
	}
}

// progress waits until each partition has new acks, and the group has read all that was acked before.
func (l *load) progress() {
	l.t.Helper()
	l.mu.Lock()
	var known []string
	before := map[int32]int{}
	for value := range l.acked {
		known = append(known, value)
		before[l.at[value]]++
	}
	l.mu.Unlock()
	require.Eventually(l.t, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		now := map[int32]int{}
		for value := range l.acked {
			now[l.at[value]]++
		}
		for p := range int32(loadPartitions) {
			if now[p] < before[p]+5 {
				return false
			}
		}
		for _, value := range known {
			if l.read[value] == 0 {
				return false
			}
		}
		return true
	}, deadline, 2*time.Millisecond, "the traffic stands still")
}

// check stops the traffic and finds each acked record exactly once where its ack said; a record that nobody acked may be there.
func (l *load) check() {
	l.t.Helper()
	l.stop()
	l.work.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	require.Empty(l.t, l.failures)
	seen := map[string]bool{}
	for p := range int32(loadPartitions) {
		for _, r := range read(l.t, l.c, "load", p) {
			value := string(r.Value)
			require.False(l.t, seen[value], "%s is there twice", value)
			seen[value] = true
			if offset, ok := l.acked[value]; ok {
				require.Equal(l.t, offset, r.Offset, "%s", value)
			}
		}
	}
	for value := range l.acked {
		require.True(l.t, seen[value], "%s is lost", value)
	}
	require.Len(l.t, l.acked, len(seen), "no producer gave up: each record was acked")
}

// undisturbed fails if members of the group were given partitions again since there were so many rebalances. Where franz-go knows the
// brokers' own addresses that cannot be promised: a member leaves that asks a dead broker for its coordinator twice in a row.
func (l *load) undisturbed(rebalances int) {
	l.t.Helper()
	if l.c.Endpoint() != nil {
		require.Equal(l.t, rebalances, l.rebalanced(), "the group notices")
	}
}

// rebalanced returns how often members of the group were given partitions.
func (l *load) rebalanced() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rebalances
}
