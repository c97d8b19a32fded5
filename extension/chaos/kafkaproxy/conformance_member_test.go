package kafkaproxy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// deadAfter is when a member that is not heard of counts as dead: soon, but no member of a busy machine must be taken for one.
const deadAfter = 5 * time.Second

// member reads as a member of a group, in the background.
type member struct {
	client  *kgo.Client
	line    *line
	stop    context.CancelFunc
	stopped chan struct{}

	mu         sync.Mutex
	partitions map[string]struct{}
	records    []*kgo.Record
	failure    error
}

// join has a new member read and commit.
func (w *world) join(t *testing.T, options ...kgo.Opt) *member {
	t.Helper()
	m := &member{line: &line{world: w, test: t.Name()}, stopped: make(chan struct{}), partitions: map[string]struct{}{}}
	m.client = w.clientOn(t, m.line, append([]kgo.Opt{
		kgo.HeartbeatInterval(50 * time.Millisecond), kgo.AutoCommitInterval(100 * time.Millisecond),
		kgo.OnPartitionsAssigned(m.change(true)), kgo.OnPartitionsRevoked(m.revoke), kgo.OnPartitionsLost(m.change(false)),
	}, options...)...)
	var ctx context.Context
	ctx, m.stop = context.WithCancel(t.Context())
	go m.run(ctx)
	t.Cleanup(func() {
		m.stop()
		<-m.stopped
	})
	return m
}

func (m *member) run(ctx context.Context) {
	defer close(m.stopped)
	for {
		fetches := m.client.PollFetches(ctx)
		m.mu.Lock()
		m.records = append(m.records, fetches.Records()...) // the last ones too: the client commits what it has handed out
		if ctx.Err() != nil || fetches.IsClientClosed() {
			m.mu.Unlock()
			return
		}
		fetches.EachError(func(_ string, _ int32, err error) {
			// kfake forgets where the epochs of former leaders end; its clients read again then
			if lost := (*kgo.ErrDataLoss)(nil); !m.line.world.changing || !errors.As(err, &lost) {
				m.failure = err
			}
		})
		m.mu.Unlock()
	}
}

func (m *member) change(add bool) func(context.Context, *kgo.Client, map[string][]int32) {
	return func(_ context.Context, _ *kgo.Client, changed map[string][]int32) {
		m.mu.Lock()
		defer m.mu.Unlock()
		for topic, partitions := range changed {
			for _, p := range partitions {
				if add {
					m.partitions[fmt.Sprintf("%s/%d", topic, p)] = struct{}{}
				} else {
					delete(m.partitions, fmt.Sprintf("%s/%d", topic, p))
				}
			}
		}
	}
}

// revoke commits what was read before the next owner reads.
func (m *member) revoke(ctx context.Context, cl *kgo.Client, revoked map[string][]int32) {
	_ = cl.CommitUncommittedOffsets(ctx) // a member that is dead or put out cannot
	m.change(false)(ctx, cl, revoked)
}

// owned are the partitions that the member has, sorted.
func (m *member) owned() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]string, 0, len(m.partitions))
	for p := range m.partitions {
		all = append(all, p)
	}
	slices.Sort(all)
	return all
}

func (m *member) read() []*kgo.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.records)
}

func (m *member) waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, pace, "the member owns %v and has read %d records", m.owned(), len(m.read()))
	m.mu.Lock()
	defer m.mu.Unlock()
	require.NoError(t, m.failure)
}

// leave ends the member as it should be.
func (m *member) leave(t *testing.T) {
	t.Helper()
	m.stop()
	<-m.stopped
	m.client.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	require.NoError(t, m.failure)
	clear(m.partitions)
}

// die ends the member without a word to anybody.
func (m *member) die() {
	m.stop()
	<-m.stopped
	m.line.kill()
	m.client.Close()
}

// quick has members of KIP-848 hear of changes soon, and a dead one noticed soon: with that protocol the broker says how often.
func (w *world) quick(t *testing.T, group string) {
	t.Helper()
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
	session := strconv.FormatInt(deadAfter.Milliseconds(), 10)
	for name, value := range map[string]string{"consumer.heartbeat.interval.ms": "100", "consumer.session.timeout.ms": session} {
		config := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		config.Name, config.Value = name, &value
		resource.Configs = append(resource.Configs, config)
	}
	request := kmsg.NewPtrIncrementalAlterConfigsRequest()
	request.Resources = append(request.Resources, resource)
	response, err := request.RequestWith(w.context(t), w.client(t))
	require.NoError(t, err)
	require.Zero(t, response.Resources[0].ErrorCode, "%v", response.Resources[0].ErrorMessage)
}
