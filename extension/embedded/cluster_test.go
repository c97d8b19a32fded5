package embedded_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"

	"k6suite/extension/embedded"
	"k6suite/extension/objectstore"
)

func TestEveryAckHasItsObject(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 1, nil)
	cl := client(t, c, manual(), kgo.ProducerBatchMaxBytes(2000))
	var mu sync.Mutex
	acked := map[int64]time.Time{}
	for i := range 500 {
		cl.Produce(testContext(t), record("t", 0, i), func(r *kgo.Record, _ error) {
			mu.Lock()
			defer mu.Unlock()
			acked[r.Offset] = time.Now()
		})
	}
	require.NoError(t, cl.Flush(testContext(t)))
	require.Len(t, acked, 500)
	covered := 0
	_, err := objectstore.Audit(testContext(t), openStore(t, c), objectstore.AuditOptions{},
		func(o objectstore.AuditObject, records []objectstore.Record) error {
			written, ok := c.RequestLog().FirstWrite(c.ObjectStore().Bucket, o.Key)
			require.True(t, ok)
			require.Equal(t, 1, c.RequestLog().Writes(c.ObjectStore().Bucket, o.Key))
			for _, r := range records {
				require.True(t, written.Before(acked[r.Offset]), "offset %d", r.Offset)
				covered++
			}
			return nil
		})
	require.NoError(t, err)
	require.Equal(t, 500, covered)
}

// Acked records survive any number of restarts in the middle of traffic, once each.
func TestAckedRecordsSurviveRestartsUnderLoad(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 3, nil)
	ctx, stop := context.WithCancel(testContext(t))
	var mu sync.Mutex
	acked := map[string]int64{}
	var producers sync.WaitGroup
	for id := range 3 {
		cl := client(t, c, manual())
		producers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				r := record("t", int32(id), i)
				if cl.ProduceSync(testContext(t), r).FirstErr() == nil {
					mu.Lock()
					acked[string(r.Value)+"/"+string(rune('0'+id))] = r.Offset
					mu.Unlock()
				}
			}
		})
	}
	progress := func(n int) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(acked) >= n
		}
	}
	for i := range 3 {
		require.Eventually(t, progress(100*(i+1)), deadline, time.Millisecond)
		require.NoError(t, c.Restart(testContext(t)))
	}
	mu.Lock()
	n := len(acked)
	mu.Unlock()
	require.Eventually(t, progress(n+100), deadline, time.Millisecond)
	stop()
	producers.Wait()
	found := map[string]int64{}
	for p := range int32(3) {
		for _, r := range read(t, c, "t", p) {
			key := string(r.Value) + "/" + string('0'+p)
			require.NotContains(t, found, key, "an idempotent producer makes no duplicates")
			found[key] = r.Offset
		}
	}
	for key, offset := range acked {
		require.Equal(t, offset, found[key], key)
	}
}

func TestClientsOfAllAgesAreServed(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	for name, versions := range map[string]*kversion.Versions{
		"1.0": kversion.V1_0_0(), "2.0": kversion.V2_0_0(), "2.4": kversion.V2_4_0(), "2.8": kversion.V2_8_0(),
		"3.6": kversion.V3_6_0(), "4.0": kversion.V4_0_0(), "newest": kversion.Stable(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic := "t" + name
			createTopic(t, c, topic, 1, nil)
			options := []kgo.Opt{manual(), kgo.MaxVersions(versions), kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite()}
			produce(t, client(t, c, options...), topic, 0, 3, 10)
			cl := client(t, c, kgo.MaxVersions(versions), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
			got := 0
			for got < 30 {
				fetches := cl.PollFetches(testContext(t))
				require.NoError(t, fetches.Err())
				got += fetches.NumRecords()
			}
			require.Equal(t, 30, got)
		})
	}
}

func TestWithoutAcksRecordsAreStoredToo(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 1, nil)
	cl := client(t, c, manual(), kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	produce(t, cl, "t", 0, 5, 10)
	require.Eventually(t, func() bool { return end(t, c, "t", 0) == 50 }, deadline, 5*time.Millisecond)
	require.Len(t, stored(t, c), 50)
}

func TestTopicsAreCreatedAutomatically(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{AutoCreate: true, DefaultPartitions: 4})
	cl := client(t, c, kgo.AllowAutoTopicCreation())
	require.NoError(t, cl.ProduceSync(testContext(t), &kgo.Record{Topic: "made", Value: []byte("v")}).FirstErr())
	before := topics(t, c)
	require.NoError(t, c.Restart(testContext(t)))
	require.Equal(t, before, topics(t, c))
	described, err := kadm.NewClient(cl).ListTopics(testContext(t), "made")
	require.NoError(t, err)
	require.Len(t, described["made"].Partitions, 4)
}

func TestTopicNamesThatTheBucketCannotHoldAreRefused(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{AutoCreate: true})
	cl := client(t, c, kgo.AllowAutoTopicCreation())
	for _, name := range []string{"a/b", "..", "_state", "schöne"} {
		_, err := kadm.NewClient(cl).CreateTopic(testContext(t), 1, -1, nil, name)
		require.ErrorIs(t, err, kerr.InvalidTopicException, name)
		described, err := kadm.NewClient(cl).ListTopics(testContext(t), name)
		require.NoError(t, err)
		require.Error(t, described[name].Err, name)
	}
	createTopic(t, c, "fine", 1, nil)
	require.Len(t, topics(t, c), 1)
}

func TestAGroupGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 2, nil)
	cl := client(t, c, manual())
	produce(t, cl, "t", 0, 2, 10)
	member := func() *kgo.Client {
		return client(t, c, kgo.ConsumerGroup("g"), kgo.ConsumeTopics("t"), kgo.DisableAutoCommit(),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.SessionTimeout(time.Second), kgo.HeartbeatInterval(100*time.Millisecond))
	}
	ctx := testContext(t)
	poll := func(m *kgo.Client, n int) (got []*kgo.Record) {
		for len(got) < n {
			fetches := m.PollFetches(ctx)
			require.NoError(t, ctx.Err())
			fetches.EachError(func(_ string, _ int32, err error) { // it tells of its broken connections, which is fine
				require.NotErrorAs(t, err, new(*kgo.ErrDataLoss))
			})
			got = append(got, fetches.Records()...)
		}
		return got
	}
	first := member()
	require.NoError(t, first.CommitRecords(testContext(t), poll(first, 20)...))
	require.NoError(t, c.Restart(testContext(t)))
	produce(t, cl, "t", 1, 1, 5)
	require.Len(t, poll(first, 5), 5, "the member is still at work")
	first.Close()
	produce(t, cl, "t", 0, 1, 5)
	require.Len(t, poll(member(), 10), 10, "from the committed offsets on")
}

func TestMetricsAreServed(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{Brokers: 2})
	createTopic(t, c, "t", 1, nil)
	produce(t, client(t, c, manual()), "t", 0, 2, 10)
	body := scrape(t, c)
	for _, line := range []string{
		"k6suite_embedded_brokers 2", "k6suite_embedded_high_watermarks 20", "k6suite_embedded_topics 1",
		`k6suite_embedded_s3_request_seconds_count{operation="put"}`, `api="Produce"`, "k6suite_embedded_uptime_seconds",
		"k6suite_embedded_produced_records_total", "k6suite_embedded_restarts_total 0",
	} {
		require.Contains(t, body, line)
	}
}

func TestPortsStayAndAreGivenBack(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{Brokers: 2})
	brokers := c.Bootstrap()
	require.Len(t, brokers, 2)
	require.NoError(t, c.Restart(testContext(t)))
	require.Equal(t, brokers, c.Bootstrap())
	require.NoError(t, client(t, c).Ping(testContext(t)))
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())
	require.Error(t, c.Restart(testContext(t)))
	for _, address := range append(brokers, strings.TrimSuffix(strings.TrimPrefix(c.MetricsURL(), "http://"), "/metrics")) {
		_, err := net.DialTimeout("tcp", address, time.Second)
		require.Error(t, err)
	}
}

func TestARestartResetsConnections(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{Brokers: 1})
	conn, err := net.DialTimeout("tcp", c.Bootstrap()[0], time.Second)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, c.Restart(testContext(t)))
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(deadline)))
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err)
	var timeout net.Error
	require.False(t, errors.As(err, &timeout) && timeout.Timeout())
}

func TestWrongOptionsAreRefused(t *testing.T) {
	t.Parallel()
	both := embedded.StoreOptions{Dir: "x", S3: objectstore.Config{Endpoint: "http://h"}}
	nowhere := embedded.StoreOptions{S3: objectstore.Config{Endpoint: "http://127.0.0.1:1", Bucket: "nope"}}
	for want, options := range map[string]embedded.Options{
		"-1 brokers: at least 1 is needed":                   {Brokers: -1},
		"1 ports for 2 brokers":                              {Brokers: 2, Ports: []int{0}},
		"port 70000":                                         {Ports: []int{70000}},
		"-3 partitions by default":                           {DefaultPartitions: -3},
		"batches of at most 5 bytes":                         {MaxMessageBytes: 5},
		"only one of them can be the store":                  {Store: both},
		`bucket "nope"`:                                      {Store: nowhere},
		`namespace "a/../b": letters, digits, '.', '_', '-'`: {Namespace: "a/../b"},
	} {
		_, err := embedded.Start(testContext(t), options)
		require.ErrorContains(t, err, want)
	}
}
