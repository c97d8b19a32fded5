package embedded_test

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/embedded"
)

// groupEffects look for what the lies about leader epochs and groups do.
var groupEffects = map[string]func(t *testing.T, c *embedded.Cluster) bool{
	"skip-commits": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		traffic(t, c)
		first := client(t, c, kgo.ConsumeTopics("t"), kgo.ConsumerGroup("g"), kgo.DisableAutoCommit())
		next := first.PollRecords(testContext(t), 10).Records()[0].Offset + 10
		commit := map[string]map[int32]kgo.EpochOffset{"t": {0: {Epoch: -1, Offset: next}}}
		var failed error
		first.CommitOffsetsSync(testContext(t), commit,
			func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, _ *kmsg.OffsetCommitResponse, err error) {
				failed = err
			})
		require.NoError(t, failed)
		first.Close()
		second := client(t, c, kgo.ConsumeTopics("t"), kgo.ConsumerGroup("g"), kgo.DisableAutoCommit())
		return second.PollRecords(testContext(t), 1).Records()[0].Offset > next
	},
	"epoch-back": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		traffic(t, c)
		read(t, c, "t", 0) // whatever comes alone is shown as it is
		got := read(t, c, "t", 0)
		require.Len(t, got, 200)
		return !slices.IsSortedFunc(got, func(a, b *kgo.Record) int { return cmp.Compare(a.LeaderEpoch, b.LeaderEpoch) })
	},
	"double-owner": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		createTopic(t, c, "many", 4, nil)
		seen := &generations{owned: map[int32]map[string]int{}, changed: make(chan struct{}, 64)}
		for _, id := range []string{"a", "b"} {
			client(t, c, kgo.ConsumeTopics("many"), kgo.ConsumerGroup("g"), kgo.Balancers(kgo.RangeBalancer()),
				kgo.HeartbeatInterval(50*time.Millisecond), kgo.OnPartitionsAssigned(seen.assigned(id)))
		}
		return seen.ofTwo(t) > 4
	},
	"double-assignment": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		createTopic(t, c, "many", 4, nil)
		seen := &atOneEpoch{owned: map[string]map[int32]bool{}}
		first := seen.member(t, c, "a")
		require.Eventually(t, func() bool { return seen.has("a") == 4 }, deadline, 20*time.Millisecond)
		return seen.double(t, first, seen.member(t, c, "b"))
	},
}

// atOneEpoch reports whether members of a group that the coordinator runs have said, at one epoch, that they own a partition each of them.
type atOneEpoch struct {
	mu    sync.Mutex
	owned map[string]map[int32]bool // by member
}

func (a *atOneEpoch) has(id string) (owned int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, owns := range a.owned[id] {
		if owns {
			owned++
		}
	}
	return owned
}

func (a *atOneEpoch) member(t *testing.T, c *embedded.Cluster, id string) *kgo.Client {
	t.Helper()
	change := func(owns bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, by map[string][]int32) {
			a.mu.Lock()
			defer a.mu.Unlock()
			for _, partition := range by["many"] {
				a.owned[id][partition] = owns
			}
		}
	}
	a.mu.Lock()
	a.owned[id] = map[int32]bool{}
	a.mu.Unlock()
	return client(t, c, append(serverSide("many"), kgo.OnPartitionsAssigned(change(true)), kgo.OnPartitionsRevoked(change(false)),
		kgo.OnPartitionsLost(change(false)))...)
}

// double waits until both members are at the epoch of the group, and reports whether they then own one partition both.
func (a *atOneEpoch) double(t *testing.T, first, second *kgo.Client) (double bool) {
	t.Helper()
	epoch := func(cl *kgo.Client) int32 {
		_, e := cl.GroupMetadata()
		return e
	}
	require.Eventually(t, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		owned, at := map[int32]int{}, epoch(first)
		for _, partitions := range a.owned {
			for partition, owns := range partitions {
				if owns {
					owned[partition]++
				}
			}
		}
		double = slices.Max(append(slices.Collect(maps.Values(owned)), 0)) > 1
		return at > 1 && at == epoch(second) && len(owned) == 4
	}, deadline, 20*time.Millisecond)
	return double
}

// generations counts what each member of a group owned in each generation, where all is assigned anew in each.
type generations struct {
	mu      sync.Mutex
	owned   map[int32]map[string]int
	changed chan struct{}
}

func (g *generations) assigned(id string) func(context.Context, *kgo.Client, map[string][]int32) {
	return func(_ context.Context, cl *kgo.Client, added map[string][]int32) {
		g.mu.Lock()
		defer g.mu.Unlock()
		_, generation := cl.GroupMetadata()
		if g.owned[generation] == nil {
			g.owned[generation] = map[string]int{}
		}
		g.owned[generation][id] = len(added["many"])
		select {
		case g.changed <- struct{}{}:
		default:
		}
	}
}

// ofTwo waits for a generation of two members, and gives the number of partitions that they own together.
func (g *generations) ofTwo(t *testing.T) int {
	t.Helper()
	ctx := testContext(t)
	for {
		g.mu.Lock()
		for _, members := range g.owned {
			if len(members) == 2 {
				owned := members["a"] + members["b"]
				g.mu.Unlock()
				return owned
			}
		}
		g.mu.Unlock()
		select {
		case <-g.changed:
		case <-ctx.Done():
			require.Fail(t, "no generation of two members")
		}
	}
}
