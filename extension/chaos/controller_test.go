package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos"
	"k6suite/extension/chaos/kafkaproxy"
)

// controller starts a controller before a cluster of two brokers.
func controller(t *testing.T) (*chaos.Controller, *kgo.Client) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.SeedTopics(1, "t"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	proxy, err := kafkaproxy.Start(t.Context(), kafkaproxy.Options{Brokers: cluster.ListenAddrs()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, proxy.Close()) })
	client, err := kgo.NewClient(kgo.SeedBrokers(proxy.Addresses()...), kgo.DefaultProduceTopic("t"),
		kgo.MetadataMinAge(20*time.Millisecond), kgo.DisableIdempotentWrite()) // else a batch on its way cannot be given up
	require.NoError(t, err)
	t.Cleanup(client.Close)
	c := chaos.New(chaos.Options{Kafka: proxy})
	t.Cleanup(c.Close)
	return c, client
}

// told keeps what a listener is told.
type told struct {
	mu     sync.Mutex
	events []string
}

func (l *told) Began(*chaos.Handle) { l.tell("began") }
func (l *told) Ended(*chaos.Handle) { l.tell("ended") }

func (l *told) Broker(b chaos.BrokerChange) {
	text := fmt.Sprintf("%d %s", b.ID, b.State)
	if b.Added {
		text += " added"
	}
	if b.Removed {
		text += " removed"
	}
	if b.AllDead {
		text += " all"
	}
	l.tell(text)
}

func (l *told) tell(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, what)
}

func (l *told) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string{}, l.events...)
}

func TestAFaultIsCountedAndTold(t *testing.T) {
	t.Parallel()
	c, client := controller(t)
	listener := &told{}
	c.Listen(listener)
	h := inject(t, c, `{"api": "Produce", "topic": "t", "action": "error", "error": "NOT_LEADER_OR_FOLLOWER", "times": 2}`)
	require.Equal(t, []string{"began"}, listener.all())
	require.NoError(t, client.ProduceSync(t.Context(), kgo.StringRecord("v")).FirstErr(), "the client tries again")
	<-h.Done()
	require.Equal(t, []string{"began", "ended"}, listener.all(), "who waits for the end finds it told")
	require.Equal(t, int64(2), h.Hits())
	require.Equal(t, 1, h.Number())
	require.Equal(t, []*chaos.Handle{h}, c.Handles())
	require.NoError(t, h.WaitHits(t.Context(), 2))
	require.ErrorContains(t, h.WaitHits(t.Context(), 3), "ended after 2 of 3 hits")
}

func TestAllFaultsEndWithTheController(t *testing.T) {
	t.Parallel()
	c, client := controller(t)
	listener := &told{}
	c.Listen(listener)
	for range 2 {
		_, err := c.Inject(t.Context(), []byte(`{"api": "Produce", "action": "swallow"}`))
		require.NoError(t, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	require.Error(t, client.ProduceSync(ctx, kgo.StringRecord("v")).FirstErr(), "nobody answers")
	c.Close()
	require.Equal(t, []string{"began", "began", "ended", "ended"}, listener.all())
	require.NoError(t, client.ProduceSync(t.Context(), kgo.StringRecord("v")).FirstErr(), "all is healed")
	_, err := c.Inject(t.Context(), []byte(`{"action": "disconnect"}`))
	require.ErrorIs(t, err, chaos.ErrEnded)
}

func TestHealLeavesRoomForMore(t *testing.T) {
	t.Parallel()
	c, _ := controller(t)
	first, err := c.Inject(t.Context(), []byte(`{"action": "disconnect"}`))
	require.NoError(t, err)
	c.Heal()
	<-first.Done()
	_, err = c.Inject(t.Context(), []byte(`{"action": "disconnect"}`))
	require.NoError(t, err)
}

func TestWrongSpecificationsAreRefused(t *testing.T) {
	t.Parallel()
	c, _ := controller(t)
	const spec = `{"api": "Produce", "action": "dorp"}`
	require.ErrorContains(t, chaos.Check([]byte(spec)), "drop")
	_, err := c.Inject(t.Context(), []byte(spec))
	require.ErrorContains(t, err, "drop")
	require.Empty(t, c.Handles())
	require.NoError(t, chaos.Check([]byte(`{"api": "Produce", "action": "drop"}`)))
}

func TestWithoutAProxyNothingCanBeDisturbed(t *testing.T) {
	t.Parallel()
	c := chaos.New(chaos.Options{WithoutKafka: errors.New("there is no proxy")})
	defer c.Close()
	_, err := c.Inject(t.Context(), []byte(`{"action": "disconnect"}`))
	require.EqualError(t, err, "there is no proxy")
	_, err = c.Brokers(t.Context())
	require.EqualError(t, err, "there is no proxy")
}

func TestEffects(t *testing.T) {
	t.Parallel()
	c, _ := controller(t)
	for spec, want := range map[string][]chaos.Effect{
		`{"api": "Produce", "action": "drop"}`: {{Rule: "LOST_ACKED", Did: "dropped", Exact: true}},
		`{"api": "Produce", "key": "^a", "action": "drop"}`: {
			{Rule: "LOST_ACKED", Did: "dropped", Exact: true},
			{Rule: "OFFSET_MISMATCH", Did: "dropped parts of batches,"},
			{Rule: "TWO_ACKS", Did: "dropped parts of batches,"},
		},
		`{"api": "Produce", "action": "duplicate"}`: {{Rule: "DUPLICATE", Did: "doubled", Exact: true}},
		`{"api": "Produce", "action": "corrupt"}`:   {{Rule: "CORRUPT", Did: "spoilt", Exact: true}},
		`{"api": "Fetch", "action": "drop"}`:        {{Rule: "POLL_SKIP", Did: "hid"}},
		`{"api": "Fetch", "action": "corrupt"}`: {
			{Rule: "CORRUPT", Did: "spoilt"}, {Rule: "INCONSISTENT_OFFSET", Did: "spoilt"},
		},
		`{"api": "Produce", "on": "response", "action": "error", "error": "INVALID_RECORD"}`: {
			{Rule: "ABORTED_READ", Did: "refused, though they were written,"},
		},
		`{"api": ["Produce", "Fetch"], "action": "drop"}`: {{Rule: "LOST_ACKED", Did: "dropped"}, {Rule: "POLL_SKIP", Did: "hid"}},

		`{"api": "Produce", "action": "corrupt", "what": "checksum"}`:      nil, // no broker takes it
		`{"api": "Produce", "action": "error", "error": "INVALID_RECORD"}`: nil, // nor does this reach one
		`{"action": "delay", "delay": "1s"}`:                               nil,
		`{"action": "disconnect"}`:                                         nil,
	} {
		h, err := c.Inject(t.Context(), []byte(spec))
		require.NoError(t, err, spec)
		require.Equal(t, want, h.Effects(), spec)
		require.Equal(t, spec == `{"api": ["Produce", "Fetch"], "action": "drop"}`, h.Ambiguous(), spec)
		h.Stop()
	}
}
