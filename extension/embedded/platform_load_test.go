package embedded_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/embedded"
	"k6suite/extension/internal/wire"
)

func TestAllAreKilledOneByOne(t *testing.T) {
	t.Parallel()
	modes(t, embedded.Options{}, func(t *testing.T, c *embedded.Cluster) {
		t.Helper()
		ctx := testContext(t)
		l := newLoad(t, c)
		for id := range int32(3) {
			require.NoError(t, c.Kill(ctx, id))
		}
		require.Zero(t, metric(t, c, "k6suite_embedded_brokers"))
		require.NoError(t, c.Start(ctx, 1))
		require.Equal(t, map[int32]platform.State{0: platform.Dead, 1: platform.Running, 2: platform.Dead}, states(t, c))
		require.Equal(t, []int32{1}, shownBrokers(t, c))
		l.progress()
		require.NoError(t, c.Start(ctx, 0))
		require.NoError(t, c.Start(ctx, 2))
		require.ElementsMatch(t, []int{2, 2, 2}, leaders(t, c, "load"))
		l.progress()
		l.check()
	})
}

func TestRestartBringsBackWhatWasDeadOrPaused(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	c := start(t, embedded.Options{Lease: shortLease})
	createTopic(t, c, "t", 6, nil)
	produce(t, client(t, c, manual()), "t", 0, 2, 5)
	require.NoError(t, c.Kill(ctx, 0))
	require.NoError(t, c.Pause(ctx, 1))
	leaderOfAll(t, c, 1)
	require.NoError(t, c.Restart(ctx))
	require.Equal(t, map[int32]platform.State{0: platform.Running, 1: platform.Running, 2: platform.Running}, states(t, c))
	require.ElementsMatch(t, []int{2, 2, 2}, leaders(t, c, "t"))
	require.Len(t, read(t, c, "t", 0), 10)
}

func TestBrokersComeAndGoUnderLoad(t *testing.T) {
	t.Parallel()
	modes(t, embedded.Options{Brokers: 1}, func(t *testing.T, c *embedded.Cluster) {
		t.Helper()
		ctx := testContext(t)
		l := newLoad(t, c)
		rebalances := l.rebalanced()
		for want := range int32(2) {
			id, err := c.Add(ctx)
			require.NoError(t, err)
			require.Equal(t, want+1, id)
			l.progress()
			require.Positive(t, metric(t, c, fmt.Sprintf(`k6suite_embedded_produced_records_total{broker="%d"}`, id)), "it gets traffic")
		}
		require.Equal(t, []int32{0, 1, 2}, shownBrokers(t, c))
		require.ElementsMatch(t, []int{2, 2, 2}, leaders(t, c, "load"))
		gone, stays := int32(0), int32(1)
		if c.Endpoint() == nil { // clients know the first one's address only, when they begin
			gone, stays = stays, gone
		}
		for _, id := range []int32{gone, 2} {
			require.NoError(t, c.Remove(ctx, id))
			l.progress()
		}
		require.Equal(t, []int32{stays}, shownBrokers(t, c))
		require.ErrorContains(t, c.Start(ctx, gone), "there is no such broker")
		l.undisturbed(rebalances)
		l.check()
	})
}

func TestBrokersAreStoppedUnderLoad(t *testing.T) {
	t.Parallel()
	modes(t, embedded.Options{Lease: time.Hour}, func(t *testing.T, c *embedded.Cluster) { // it hands over at once
		t.Helper()
		l := newLoad(t, c)
		for id := range int32(3) {
			require.NoError(t, c.Stop(testContext(t), id))
			require.Equal(t, platform.Dead, states(t, c)[id])
			require.NotContains(t, shownBrokers(t, c), id)
			l.progress()
			require.NoError(t, c.Start(testContext(t), id))
		}
		l.progress()
		l.check()
	})
}

func TestAStoppedBrokerAnswersWhatItHasAccepted(t *testing.T) {
	t.Parallel()
	for name, brokers := range map[string]int{"with others": 2, "alone": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, f := startWithTrouble(t, embedded.Options{Brokers: brokers, Lease: time.Hour})
			createTopic(t, c, "t", 1, nil)
			node := leaderOf(t, c, -1)
			l := dialBroker(t, c, node)
			letGo := holdUploads(f)
			defer letGo()
			l.sendBatch(rawBatch(-1, -1, 0, 2))
			<-f.seen
			l.sendBatch(rawBatch(-1, -1, 100, 3))
			requested(t, c, node, "Produce", 2)
			stopped := make(chan error, 1)
			go func() { stopped <- c.Stop(testContext(t), node) }()
			if brokers > 1 {
				leaderOf(t, c, node)
			}
			letGo()
			f.heal()
			first, second := l.answer(), l.answer()
			requireCode(t, nil, first)
			requireCode(t, nil, second)
			require.EqualValues(t, 0, first.BaseOffset)
			require.EqualValues(t, 2, second.BaseOffset)
			require.NoError(t, <-stopped)
			_, err := wire.ReadFrame(l.sock)
			require.Error(t, err, "then the connection ends")
			require.NoError(t, c.Start(testContext(t), node))
			require.Len(t, read(t, c, "t", 0), 5)
		})
	}
}

func TestAKilledBrokerStoresNothingOfItsQueue(t *testing.T) {
	t.Parallel()
	c, f := startWithTrouble(t, embedded.Options{Lease: shortLease})
	createTopic(t, c, "t", 1, nil)
	node := leaderOf(t, c, -1)
	l := dialBroker(t, c, node)
	letGo := holdUploads(f)
	defer letGo()
	l.sendBatch(rawBatch(-1, -1, 0, 2))
	<-f.seen
	l.sendBatch(rawBatch(-1, -1, 100, 3))
	requested(t, c, node, "Produce", 2)
	require.NoError(t, c.Kill(testContext(t), node))
	_, err := wire.ReadFrame(l.sock)
	require.Error(t, err)
	heir := leaderOf(t, c, node)
	letGo()
	f.heal()
	next := dialBroker(t, c, heir)
	next.sendBatch(rawBatch(-1, -1, 500, 1))
	ack := next.answer()
	requireCode(t, nil, ack)
	require.EqualValues(t, 2, ack.BaseOffset, "what was under way has landed, what was queued has not")
	require.Len(t, read(t, c, "t", 0), 3)
}

// What a broker had begun is finished by its successor, while the storage refuses everything in between.
func TestABrokerDiesInAnOutage(t *testing.T) {
	t.Parallel()
	c, f := startWithTrouble(t, embedded.Options{Lease: shortLease})
	createTopic(t, c, "t", 1, nil)
	cl := client(t, c, manual())
	produce(t, cl, "t", 0, 1, 3)
	f.start(refuse)
	done := make(chan error, 1)
	go func() { done <- cl.ProduceSync(testContext(t), record("t", 0, 99)).FirstErr() }()
	<-f.seen
	node := leaderOf(t, c, -1)
	require.NoError(t, c.Kill(testContext(t), node))
	leaderOf(t, c, node)
	require.Len(t, read(t, c, "t", 0), 3, "readers go on")
	f.heal()
	require.NoError(t, <-done)
	require.Len(t, read(t, c, "t", 0), 4)
	require.Len(t, stored(t, c), 4)
}

func TestABrokerHasSoManyUploadsUnderWay(t *testing.T) {
	t.Parallel()
	c, f := startWithTrouble(t, embedded.Options{Brokers: 2, Uploads: 2})
	createTopic(t, c, "t", 12, nil)
	var now, most atomic.Int32
	var agents sync.Map
	free := make(chan struct{})
	f.start(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		agents.Store(r.UserAgent()[strings.LastIndex(r.UserAgent(), " ")+1:], true)
		n := now.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		<-free
		now.Add(-1)
		next.ServeHTTP(w, r)
	})
	cl := client(t, c, manual())
	done := make(chan error, 12)
	for p := range int32(12) {
		cl.Produce(testContext(t), record("t", p, 1), func(_ *kgo.Record, err error) { done <- err })
	}
	require.Eventually(t, func() bool { return now.Load() == 4 }, deadline, time.Millisecond)
	close(free)
	for range 12 {
		require.NoError(t, <-done)
	}
	require.EqualValues(t, 4, most.Load())
	for _, name := range []string{"embedded-broker-0/1", "embedded-broker-1/1"} {
		_, ok := agents.Load(name)
		require.True(t, ok, "%s is the source of what it stores", name)
	}
}

// Random changes, one after the other, in the middle of traffic.
func TestATornClusterKeepsEverything(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2, 3} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			c := start(t, embedded.Options{SingleEndpoint: false, Lease: shortLease})
			l := newLoad(t, c)
			rng := rand.New(rand.NewPCG(seed, 0))
			for i := range 25 {
				tear(t, testContext(t), c, rng)
				if i%5 == 4 {
					heal(t, testContext(t), c)
					l.progress()
				}
			}
			heal(t, testContext(t), c)
			l.progress()
			l.check()
		})
	}
}

// tear makes one random change that is possible now.
func tear(t *testing.T, ctx context.Context, c *embedded.Cluster, rng *rand.Rand) { //nolint:revive // t comes first in tests
	t.Helper()
	brokers, err := c.Brokers(ctx)
	require.NoError(t, err)
	b := brokers[rng.IntN(len(brokers))]
	running := 0
	for _, b := range brokers {
		if b.State == platform.Running {
			running++
		}
	}
	switch b.State {
	case platform.Dead:
		err = c.Start(ctx, b.ID)
	case platform.Paused:
		err = []func(context.Context, int32) error{c.Resume, c.Kill}[rng.IntN(2)](ctx, b.ID)
	case platform.Running:
		changes := []func() error{
			func() error { return c.Kill(ctx, b.ID) },
			func() error { return c.Stop(ctx, b.ID) },
			func() error { return c.Pause(ctx, b.ID) },
		}
		if len(brokers) < 5 {
			changes = append(changes, func() error { _, err := c.Add(ctx); return err })
		}
		if running > 1 && b.ID > 0 { // clients know where to begin
			changes = append(changes, func() error { return c.Remove(ctx, b.ID) })
		}
		err = changes[rng.IntN(len(changes))]()
	}
	require.NoError(t, err)
}

func heal(t *testing.T, ctx context.Context, c *embedded.Cluster) { //nolint:revive // t comes first in tests
	t.Helper()
	for id, state := range states(t, c) {
		switch state {
		case platform.Dead:
			require.NoError(t, c.Start(ctx, id))
		case platform.Paused:
			require.NoError(t, c.Resume(ctx, id))
		case platform.Running:
		}
	}
}
