package embedded_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/s3proxy"
	"k6suite/extension/embedded"
)

// storageEffects look for what the lies do that show when object storage is out of order, and when brokers start from it.
var storageEffects = map[string]func(t *testing.T, c *embedded.Cluster) bool{
	"ack-in-outage": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		const partitions = 8
		createTopic(t, c, "many", partitions, nil)
		cl := client(t, c, manual())
		for p := range int32(partitions) {
			produce(t, cl, "many", p, 1, 10)
		}
		outage := upset(t, c, s3proxy.Rule{Storage: s3proxy.Names{"write"}, Action: s3proxy.Error, Code: "SlowDown"})
		var sends sync.WaitGroup
		acks := make(chan error, partitions)
		for p := range int32(partitions) {
			sends.Add(1)
			cl.Produce(testContext(t), record("many", p, 99), func(_ *kgo.Record, err error) {
				defer sends.Done()
				acks <- err
			})
		}
		require.NoError(t, outage.WaitHits(testContext(t), 100))
		acked := len(acks)
		outage.Stop()
		sends.Wait()
		require.Len(t, read(t, c, "many", 0), 11, "nothing is lost")
		return acked > 0
	},
	"drop-failed-put": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		cl := client(t, c, manual())
		sent := len(produce(t, cl, "t", 0, 2, 10))
		fault := upset(t, c, s3proxy.Rule{Storage: s3proxy.Names{"PutObject"}, Key: "*/segment-*", Action: s3proxy.Error, Status: 500, Times: 1})
		sent += len(produce(t, cl, "t", 0, 5, 10))
		require.NoError(t, fault.WaitHits(testContext(t), 1))
		got, stored := read(t, c, "t", 0), stored(t, c)
		require.Len(t, stored, len(got))
		return len(got) < sent
	},
	"torn-read": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		sent := traffic(t, c)
		fault := upset(t, c, s3proxy.Rule{Storage: s3proxy.Names{"GET"}, Action: s3proxy.Truncate, Bytes: 100, Probability: 0.5})
		require.NoError(t, c.Restart(testContext(t)))
		require.Positive(t, fault.Hits())
		fault.Stop()
		require.Len(t, read(t, c, "t", 0), len(sent))
		require.NoError(t, c.Restart(testContext(t)))
		require.Len(t, stored(t, c), int(end(t, c, "t", 0)), "the bucket and the log agree")
		return end(t, c, "t", 0) < int64(len(sent))
	},
	"forget-commits": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		traffic(t, c)
		admin := kadm.NewClient(client(t, c))
		commit := kadm.OffsetsFromRecords(kgo.Record{Topic: "t", Offset: 99, LeaderEpoch: -1})
		require.NoError(t, admin.CommitAllOffsets(testContext(t), "g", commit))
		require.NoError(t, c.Restart(testContext(t)))
		committed, err := kadm.NewClient(client(t, c)).FetchOffsets(testContext(t), "g")
		require.NoError(t, err)
		at, ok := committed.Lookup("t", 0)
		require.True(t, ok)
		return at.At < 100
	},
	"late-order": lateOrder,
}

// upset has object storage do wrong what matches.
func upset(t *testing.T, c *embedded.Cluster, rule s3proxy.Rule) *s3proxy.Fault {
	t.Helper()
	fault, err := c.StorageProxy().Inject(rule)
	require.NoError(t, err)
	t.Cleanup(fault.Stop)
	return fault
}

// timed is a batch with the times of its send and of its ack.
type timed struct {
	offset       int64
	began, acked time.Time
}

// lateOrder has three producers send a batch now and then, and finds one that stands before another that had been acked when it was sent.
// They go on until all was read: the lie keeps a place free until somebody sends a batch for it.
func lateOrder(t *testing.T, c *embedded.Cluster) bool {
	t.Helper()
	const (
		each = 80
		size = 5
		pace = 40 * time.Millisecond
	)
	var mu sync.Mutex
	var all []timed
	var enough, producers sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		cl := client(t, c, manual())
		enough.Add(1)
		producers.Go(func() {
			tick := time.NewTicker(pace)
			defer tick.Stop()
			said := sync.OnceFunc(enough.Done)
			defer said()
			for sent := 0; ; sent++ {
				if sent == each {
					said()
				}
				group := make([]*kgo.Record, size)
				for i := range group {
					group[i] = record("t", 0, i)
					group[i].Key = nil
				}
				began := time.Now()
				if err := cl.ProduceSync(context.Background(), group...).FirstErr(); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				all = append(all, timed{group[0].Offset, began, time.Now()})
				mu.Unlock()
				select {
				case <-tick.C:
				case <-stop:
					return
				}
			}
		})
	}
	enough.Wait()
	mu.Lock()
	sent := slices.Clone(all)
	mu.Unlock()
	there := map[int64]bool{}
	for _, r := range read(t, c, "t", 0) {
		there[r.Offset] = true
	}
	close(stop)
	producers.Wait()
	kept := map[int64]bool{}
	for _, r := range stored(t, c) {
		kept[r.Offset] = true
	}
	for _, batch := range sent {
		for o := batch.offset; o < batch.offset+size; o++ {
			require.True(t, there[o] && kept[o], "offset %d is read (%t) and in the bucket (%t)", o, there[o], kept[o])
		}
	}
	require.NoError(t, c.Restart(testContext(t)))
	for _, a := range sent {
		for _, b := range sent {
			if a.acked.Before(b.began) && a.offset > b.offset {
				return true
			}
		}
	}
	return false
}
