package embedded_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/embedded"
)

// takeoverEffects look for what the lies do when a broker takes over from a dead one, or comes to the others.
var takeoverEffects = map[string]func(t *testing.T, c *embedded.Cluster) bool{
	"forget-producers": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		node := leaderOf(t, c, -1)
		first := dialBroker(t, c, node)
		first.sendBatch(rawBatch(7, 0, 0, 3))
		require.Eventually(t, func() bool { return len(stored(t, c)) == 3 }, deadline, time.Millisecond)
		heir := killed(t, c, node) // whether it was acked or not: the producer does not know
		again := dialBroker(t, c, heir)
		again.sendBatch(rawBatch(7, 0, 0, 3))
		requireCode(t, nil, again.answer())
		return len(read(t, c, "t", 0)) > 3
	},
	"stale-end-takeover": staleEndTakeover,
	"never-recover": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		cl := client(t, c, manual())
		produce(t, cl, "t", 0, 1, 3)
		killed(t, c, leaderOf(t, c, -1))
		return client(t, c, manual()).ProduceSync(testContext(t), record("t", 0, 1)).FirstErr() != nil
	},
	"slow-takeover": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		produce(t, client(t, c, manual()), "t", 0, 1, 3)
		killed(t, c, leaderOf(t, c, -1))
		began := time.Now()
		produce(t, client(t, c, manual()), "t", 0, 1, 3)
		slow := time.Since(began) > 2*time.Second // an honest takeover of one partition is a matter of milliseconds
		require.Len(t, read(t, c, "t", 0), 6)
		return slow
	},
	"end-regress": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		produce(t, client(t, c, manual()), "t", 0, 1, 3)
		killed(t, c, leaderOf(t, c, -1))
		produce(t, client(t, c, manual()), "t", 0, 1, 3) // the takeover is over
		first := end(t, c, "t", 0)
		return first > end(t, c, "t", 0)
	},
	"show-dead": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		node := leaderOf(t, c, -1)
		killed(t, c, node)
		return slices.Contains(shownBrokers(t, c), node)
	},
	"moving-metadata": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		produce(t, client(t, c, manual()), "t", 0, 1, 3)
		require.Len(t, metadata(t, c).Brokers, 1)
		killed(t, c, leaderOf(t, c, -1))
		produce(t, client(t, c, manual()), "t", 0, 1, 3)
		return len(metadata(t, c).Brokers) > 1
	},
	"idle-newcomer": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		createTopic(t, c, "many", 8, nil)
		_, err := c.Add(testContext(t))
		require.NoError(t, err)
		return len(leaders(t, c, "many")) == 3
	},
}

// killed kills the broker that leads t/0, and returns who leads it then.
func killed(t *testing.T, c *embedded.Cluster, node int32) (heir int32) {
	t.Helper()
	require.NoError(t, c.Kill(testContext(t), node))
	return leaderOf(t, c, node)
}

// staleEndTakeover compares what a reader was given with what is read later.
func staleEndTakeover(t *testing.T, c *embedded.Cluster) bool {
	t.Helper()
	var mu sync.Mutex
	given := map[int64][]byte{}
	reader := client(t, c, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {0: kgo.NewOffset().AtStart()}}))
	ctx, stop := context.WithCancel(context.Background())
	var reading sync.WaitGroup
	reading.Go(func() {
		for ctx.Err() == nil {
			reader.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
				mu.Lock()
				defer mu.Unlock()
				given[r.Offset] = r.Value
			})
		}
	})
	defer reading.Wait()
	defer stop()
	cl := client(t, c, manual(), kgo.MetadataMaxAge(refresh))
	sent := produce(t, cl, "t", 0, 5, 5)
	killed(t, c, leaderOf(t, c, -1))
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for n := range 40 {
		group := make([]*kgo.Record, 5)
		for i := range group {
			group[i] = record("t", 0, 1000+5*n+i)
		}
		require.NoError(t, cl.ProduceSync(testContext(t), group...).FirstErr())
		sent = append(sent, group...)
		<-tick.C
	}
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(given) == int(end(t, c, "t", 0))
	}, deadline, 5*time.Millisecond)
	require.Len(t, stored(t, c), len(given), "the bucket and the log agree")
	require.NoError(t, c.Restart(testContext(t)))
	mu.Lock()
	defer mu.Unlock()
	got := read(t, c, "t", 0)
	changed := slices.ContainsFunc(got, func(r *kgo.Record) bool { return !bytes.Equal(r.Value, given[r.Offset]) })
	require.Equal(t, changed, len(got) < len(sent))
	return changed
}
