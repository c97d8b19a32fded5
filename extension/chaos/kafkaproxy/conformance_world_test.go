package kafkaproxy_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// patience ends a test that hangs; nothing waits for it to pass.
const patience = 30 * time.Second

// pace is how often something is tried again that has to become true by itself.
const pace = 20 * time.Millisecond

// world is one backend as clients see it in one mode. All its behaviours share it, at the same time.
type world struct {
	backend   backend
	mode      mode
	brokers   []string // the brokers themselves
	bootstrap []string // what clients are given
	retries   int
	changing  bool // brokers come and go, and connections end with them

	unique string // what names of this world begin with
	next   atomic.Int64
	ran    atomic.Int64 // behaviours

	mu      sync.Mutex
	dialled map[string]string // by address: the test that did
	topics  []string
	groups  []string
}

func newWorld(t *testing.T, b backend, m mode, brokers []string) *world {
	t.Helper()
	w := &world{
		backend: b, mode: m, brokers: brokers, bootstrap: m.bootstrap(t, brokers), retries: 1,
		unique: strings.ToLower(rand.Text()[:8]), dialled: map[string]string{},
	}
	if b == onKafka {
		w.retries = 500 // its nodes learn of what happened at different times, which is for clients to bear
	}
	t.Cleanup(func() {
		if !t.Failed() {
			w.checkDialled(t)
		}
		if b == onKafka {
			w.tidy(t)
		}
	})
	return w
}

// checkDialled is what the whole is about: where clients have connected to.
func (w *world) checkDialled(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.mode {
	case modeDirect:
		if w.ran.Load() == int64(len(behaviours())) { // and not those only that -run names
			require.Len(t, w.dialled, len(w.brokers), "the behaviours do not reach every broker")
		}
	case modeMirror:
		for address, test := range w.dialled {
			require.NotContains(t, w.brokers, address, "%s went past the proxy", test)
		}
	case modeSingle:
		require.Len(t, w.bootstrap, 1)
		require.Len(t, w.dialled, 1, "more than one address was shown to clients")
		require.Contains(t, w.dialled, w.bootstrap[0])
	}
}

// tidy removes what outlives the test.
func (w *world) tidy(t *testing.T) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(w.brokers...))
	require.NoError(t, err)
	defer cl.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err = kadm.NewClient(cl).DeleteTopics(ctx, w.topics...)
	require.NoError(t, err)
	_, err = kadm.NewClient(cl).DeleteGroups(ctx, w.groups...)
	require.NoError(t, err)
}

func (w *world) context(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// name makes up one that nobody else has.
func (w *world) name(what string) string {
	return fmt.Sprintf("%s-%s-%d", w.unique, what, w.next.Add(1))
}

// group makes up the name of a group.
func (w *world) group() string {
	name := w.name("group")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.groups = append(w.groups, name)
	return name
}

// topic creates one, and waits until every broker knows it.
func (w *world) topic(t *testing.T, partitions int32) string {
	t.Helper()
	name := w.name("topic")
	w.create(t, name, partitions)
	return name
}

func (w *world) create(t *testing.T, name string, partitions int32) {
	t.Helper()
	w.mu.Lock()
	w.topics = append(w.topics, name)
	w.mu.Unlock()
	_, err := w.admin(t).CreateTopic(w.context(t), partitions, -1, nil, name)
	require.NoError(t, err)
	w.settled(t, name, int(partitions))
}

// settled waits until every broker shows the topic with so many partitions, each with a leader and all its replicas.
func (w *world) settled(t *testing.T, topic string, partitions int) {
	t.Helper()
	ctx := w.context(t)
	for _, broker := range w.brokers {
		cl, err := kgo.NewClient(kgo.SeedBrokers(broker))
		require.NoError(t, err)
		require.Eventually(t, func() bool { return shows(ctx, cl.SeedBrokers()[0], topic, partitions) }, patience, pace)
		cl.Close()
	}
}

// admin is a client of its own.
func (w *world) admin(t *testing.T, options ...kgo.Opt) *kadm.Client {
	t.Helper()
	return kadm.NewClient(w.client(t, options...))
}

// client retries little, so that what the proxy does wrong is seen.
func (w *world) client(t *testing.T, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	return w.clientOn(t, &line{world: w, test: t.Name()}, options...)
}

func (w *world) clientOn(t *testing.T, l *line, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append(w.options(l), options...)...)
	require.NoError(t, err)
	w.ends(t, l, cl.Close)
	return cl
}

func (w *world) options(l *line) []kgo.Opt {
	return []kgo.Opt{
		kgo.SeedBrokers(w.bootstrap...), kgo.Dialer(l.dial), kgo.MetadataMinAge(pace),
		kgo.FetchMaxWait(250 * time.Millisecond), kgo.RecordRetries(w.retries), kgo.RequestRetries(w.retries),
		kgo.RetryBackoffFn(func(int) time.Duration { return pace }),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}
}

// ends closes a client with its test.
func (w *world) ends(t *testing.T, l *line, closes func()) {
	t.Helper()
	t.Cleanup(func() {
		closes()
		require.Zero(t, l.lost.Load(), "connections were ended by the other side: a client hides that, and tries again")
	})
}

// shows reports whether a broker shows the topic with so many partitions, each with a leader and all its replicas.
func shows(ctx context.Context, broker *kgo.Broker, topic string, partitions int) bool {
	request := kmsg.NewPtrMetadataRequest()
	asked := kmsg.NewMetadataRequestTopic()
	asked.Topic = &topic
	request.Topics = append(request.Topics, asked)
	answer, err := broker.Request(ctx, request)
	if err != nil {
		return false
	}
	for _, found := range answer.(*kmsg.MetadataResponse).Topics {
		whole := 0
		for _, p := range found.Partitions {
			if p.ErrorCode == 0 && p.Leader >= 0 && len(p.ISR) == len(p.Replicas) {
				whole++
			}
		}
		if found.ErrorCode == 0 && whole == partitions {
			return true
		}
	}
	return false
}
