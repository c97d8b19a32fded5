package kafka_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/kafka"
)

// filled is a cluster whose topic "t" has n records in each of its partitions.
func filled(t *testing.T, partitions, n int) (*kfake.Cluster, kafka.Config) {
	t.Helper()
	c, config := cluster(t, kfake.SeedTopics(int32(partitions), "t"))
	p := producer(t, config, kafka.ProducerOptions{Topic: "t"})
	var records []kafka.Record
	for i := range n {
		for k := range partitions {
			records = append(records, kafka.Record{
				Partition: int32(k), Value: []byte{byte(i)}, Timestamp: time.UnixMilli(1_000_000 + int64(i)*1000),
			})
		}
	}
	_, err := p.Send(within(t), records)
	require.NoError(t, err)
	return c, config
}

func TestStartWhereAsked(t *testing.T) {
	t.Parallel()
	_, config := filled(t, 1, 10)
	for name, c := range map[string]struct {
		options kafka.ConsumerOptions
		first   int64
	}{
		"earliest": {kafka.ConsumerOptions{Topics: []string{"t"}}, 0},
		"offset":   {kafka.ConsumerOptions{Offsets: kafka.Offsets{"t": {0: 6}}}, 6},
		"timestamp": {kafka.ConsumerOptions{
			Topics: []string{"t"}, Start: kafka.Start{At: "timestamp", Timestamp: time.UnixMilli(1_003_500)},
		}, 4},
		"timestamp in a group": {kafka.ConsumerOptions{
			Topics: []string{"t"}, Group: "g-ts", Start: kafka.Start{At: "timestamp", Timestamp: time.UnixMilli(1_003_500)},
		}, 4},
		"partitions": {kafka.ConsumerOptions{Partitions: kafka.Partitions{"t": {0}}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := consumer(t, config, c.options)
			records, err := r.Poll(within(t), 1, 10*time.Second)
			require.NoError(t, err)
			require.Len(t, records, 1)
			require.Equal(t, c.first, records[0].Offset)
			require.Equal(t, kafka.Offsets{"t": {0: c.first + 1}}, r.Position(), "what was returned, not what was fetched")
			lag, err := r.Lag(within(t))
			require.NoError(t, err)
			require.Equal(t, kafka.Offsets{"t": {0: 9 - c.first}}, lag)
		})
	}
}

func TestLatestSeesOnlyWhatComes(t *testing.T) {
	t.Parallel()
	fake, config := filled(t, 1, 5)
	fetching := fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Observe: true, Count: -1})
	r := consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}, Start: kafka.Start{At: "latest"}})
	require.NoError(t, fetching.Wait(within(t), 1), "the end was looked up")
	p := producer(t, config, kafka.ProducerOptions{Topic: "t"})
	_, err := p.Send(within(t), []kafka.Record{{Value: []byte("new")}})
	require.NoError(t, err)
	require.Equal(t, int64(5), drain(t, r, 1)[0].Offset)
}

func TestPollKeepsWhatItDidNotReturn(t *testing.T) {
	t.Parallel()
	_, config := filled(t, 1, 10)
	m := &meter{}
	r := consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}, Meter: m})
	var offsets []int64
	for len(offsets) < 10 {
		records, err := r.Poll(within(t), 3, time.Second)
		require.NoError(t, err)
		require.LessOrEqual(t, len(records), 3)
		for _, record := range records {
			offsets = append(offsets, record.Offset)
		}
	}
	require.Equal(t, []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, offsets)
	records, err := r.Poll(within(t), 3, 20*time.Millisecond)
	require.NoError(t, err, "nothing to read is no error")
	require.Empty(t, records)
	canceled, cancel := context.WithCancel(within(t))
	cancel()
	_, err = r.Poll(canceled, 0, time.Second)
	require.ErrorIs(t, err, context.Canceled)

	m.mu.Lock()
	defer m.mu.Unlock()
	first := m.reads[0]
	require.Equal(t, 3, first.Records)
	require.Equal(t, int64(7), first.Partitions[0].Lag)
	require.Positive(t, first.Partitions[0].EndToEnd)
	require.Equal(t, int64(0), m.reads[len(m.reads)-1].Partitions[0].Lag)
}

func TestSeekMovesBothWays(t *testing.T) {
	t.Parallel()
	_, config := filled(t, 1, 10)
	r := consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}})
	drain(t, r, 10)
	require.NoError(t, r.Seek(kafka.Offsets{"t": {0: 7}}))
	require.Equal(t, kafka.Offsets{"t": {0: 7}}, r.Position())
	require.Equal(t, int64(7), drain(t, r, 3)[0].Offset)
	require.ErrorContains(t, r.Seek(kafka.Offsets{"t": {5: 7}}), "t partition 5 is not assigned to this consumer")
	require.ErrorContains(t, r.Seek(kafka.Offsets{"t": {0: -7}}), "want 0 or more")
}

func TestPausedPartitionIsNotReturned(t *testing.T) {
	t.Parallel()
	_, config := filled(t, 2, 5)
	r := consumer(t, config, kafka.ConsumerOptions{Partitions: kafka.Partitions{"t": {0, 1}}})
	r.Pause(kafka.Partitions{"t": {1}})
	for _, record := range drain(t, r, 5) {
		require.Equal(t, int32(0), record.Partition)
	}
	records, err := r.Poll(within(t), 0, 50*time.Millisecond)
	require.NoError(t, err)
	require.Empty(t, records)
	r.Resume(kafka.Partitions{"t": {1}})
	require.Equal(t, int32(1), drain(t, r, 5)[0].Partition)
}

// listener keeps what it hears.
type listener struct {
	mu      sync.Mutex
	starts  []kafka.Offsets
	revoked []kafka.Partitions
	lost    []kafka.Partitions
}

func (l *listener) Assigned(o kafka.Offsets) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.starts = append(l.starts, o)
}

func (l *listener) Revoked(p kafka.Partitions) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revoked = append(l.revoked, p)
}

func (l *listener) Lost(p kafka.Partitions) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = append(l.lost, p)
}

func TestGroupCommitsWhatWasReturned(t *testing.T) {
	t.Parallel()
	_, config := filled(t, 1, 10)
	a := admin(t, config)
	first := consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}, Group: "g"})
	records, err := first.Poll(within(t), 4, 10*time.Second)
	require.NoError(t, err)
	require.Len(t, records, 4)
	committed, err := first.Commit(within(t), nil)
	require.NoError(t, err)
	require.Equal(t, kafka.Offsets{"t": {0: 4}}, committed, "4 were returned, though 10 were fetched")
	committed, err = first.Commit(within(t), nil)
	require.NoError(t, err)
	require.Empty(t, committed, "nothing moved since")
	stored, err := a.CommittedOffsets(within(t), "g")
	require.NoError(t, err)
	require.Equal(t, kafka.Offsets{"t": {0: 4}}, stored)

	_, err = first.Commit(within(t), kafka.Offsets{"t": {0: 2}})
	require.NoError(t, err, "the caller may go back")
	_, err = first.Commit(within(t), kafka.Offsets{"t": {9: 2}})
	require.ErrorContains(t, err, "t partition 9 is not assigned to this member")
	require.NoError(t, first.Close())

	heard := &listener{}
	second := consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}, Group: "g", Listener: heard})
	require.Equal(t, int64(2), drain(t, second, 8)[0].Offset)
	require.NoError(t, second.Close())
	heard.mu.Lock()
	defer heard.mu.Unlock()
	require.Equal(t, []kafka.Offsets{{"t": {0: 2}}}, heard.starts)
	require.Equal(t, []kafka.Partitions{{"t": {0}}}, heard.revoked)
	require.Empty(t, heard.lost)
}

func TestCommitNeedsAGroup(t *testing.T) {
	t.Parallel()
	_, config := filled(t, 1, 1)
	r := consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}})
	_, err := r.Commit(within(t), nil)
	require.ErrorContains(t, err, "has no group")
}

func TestTwoMembersShareAndNothingIsLostWhenOneLeaves(t *testing.T) {
	t.Parallel()
	fake, config := filled(t, 4, 50)
	m, heard := &meter{}, &listener{}
	options := kafka.ConsumerOptions{
		Topics: []string{"t"}, Group: "g", Heartbeat: 50 * time.Millisecond, SessionTimeout: 5 * time.Second, Meter: m, Listener: heard,
	}
	stays := consumer(t, config, options)
	seen := map[[2]int64]int{}
	poll := func(r *kafka.Consumer) {
		records, err := r.Poll(within(t), 7, 50*time.Millisecond)
		require.NoError(t, err)
		for _, record := range records {
			seen[[2]int64{int64(record.Partition), record.Offset}]++
		}
		_, err = r.Commit(within(t), nil)
		if !errors.Is(err, kerr.RebalanceInProgress) {
			require.NoError(t, err)
		}
	}
	poll(stays)
	leaves := consumer(t, config, options)
	for len(leaves.Assignment()["t"]) != 2 || len(stays.Assignment()["t"]) != 2 {
		poll(stays)
		poll(leaves)
	}
	poll(leaves)
	require.NoError(t, leaves.Close())
	for len(stays.Assignment()["t"]) != 4 {
		poll(stays)
	}
	for len(seen) < 200 {
		poll(stays)
	}
	require.Len(t, seen, 200)
	lag, err := stays.Lag(within(t))
	require.NoError(t, err)
	require.Equal(t, kafka.Offsets{"t": {0: 0, 1: 0, 2: 0, 3: 0}}, lag)
	info, err := fake.WaitGroupStable(within(t), "g", 1)
	require.NoError(t, err)
	require.NotNil(t, info)
	m.mu.Lock()
	defer m.mu.Unlock()
	require.GreaterOrEqual(t, len(m.rebalance), 3)
}

// An offset that is not in the log is an error, never a jump in silence; errors do not take records with them.
func TestPositionOutsideTheLogIsAnError(t *testing.T) {
	t.Parallel()
	fake, config := filled(t, 1, 10)
	require.NoError(t, fake.DeleteRecords("t", 0, 5))
	m := &meter{}
	r := consumer(t, config, kafka.ConsumerOptions{Offsets: kafka.Offsets{"t": {0: 2}}, Meter: m})
	_, err := r.Poll(within(t), 0, 10*time.Second)
	var failed *kafka.FetchError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "OFFSET_OUT_OF_RANGE", failed.Name)
	require.Equal(t, "t", failed.Topic)
	m.mu.Lock()
	require.Equal(t, map[string]int{"OFFSET_OUT_OF_RANGE": 1}, m.reads[0].Errors)
	m.mu.Unlock()

	reset := consumer(t, config, kafka.ConsumerOptions{Offsets: kafka.Offsets{"t": {0: 2}}, Reset: "earliest"})
	require.Equal(t, int64(5), drain(t, reset, 5)[0].Offset)
}

func TestErrorsThatTheClientGetsOverAreCounted(t *testing.T) {
	t.Parallel()
	fake, config := filled(t, 1, 10)
	fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "t", Err: kerr.NotLeaderForPartition})
	m := &meter{}
	r := consumer(t, config, kafka.ConsumerOptions{Topics: []string{"t"}, Meter: m})
	drain(t, r, 10)
	m.mu.Lock()
	defer m.mu.Unlock()
	require.Equal(t, map[string]int{"NOT_LEADER_FOR_PARTITION": 1}, m.reads[0].Errors)
}

func TestTopicThatIsNotThereIsAnErrorOfPoll(t *testing.T) {
	t.Parallel()
	_, config := cluster(t)
	r := consumer(t, config, kafka.ConsumerOptions{Topics: []string{"nowhere"}})
	ctx := within(t)
	for {
		_, err := r.Poll(ctx, 0, time.Second)
		if err == nil {
			continue
		}
		require.ErrorContains(t, err, `topic "nowhere" does not exist`)
		require.Equal(t, "UNKNOWN_TOPIC_OR_PARTITION", kafka.ErrorName(err))
		return
	}
}

func TestConsumerOptionsAreChecked(t *testing.T) {
	t.Parallel()
	topics := []string{"t"}
	for want, o := range map[string]kafka.ConsumerOptions{
		"name topics, or partitions, or offsets: one of them": {},
		"a group shares out whole topics":                     {Partitions: kafka.Partitions{"t": {0}}, Group: "g"},
		"need a group":                                        {Topics: topics, AutoCommit: time.Second},
		"must not be negative":                                {Topics: topics, Group: "g", Heartbeat: -1},
		"want less than the sessionTimeout":                   {Topics: topics, Group: "g", Heartbeat: 2, SessionTimeout: 1},
		`start "end": want earliest`:                          {Topics: topics, Start: kafka.Start{At: "end"}},
		"the timestamp is missing":                            {Topics: topics, Start: kafka.Start{At: "timestamp"}},
		"only a group has committed offsets":                  {Topics: topics, Start: kafka.Start{At: "none"}},
		`reset "now": want none, earliest or latest`:          {Topics: topics, Reset: "now"},
		`balancer "luck": want cooperative-sticky`:            {Topics: topics, Group: "g", Balancers: []string{"luck"}},
		`protocol "luck": want classic or consumer`:           {Topics: topics, Group: "g", Protocol: "luck"},
		"protocol needs a group":                              {Topics: topics, Protocol: kafka.ProtocolConsumer},
		"leave out balancers, sessionTimeout and heartbeat":   {Topics: topics, Group: "g", Protocol: kafka.ProtocolConsumer, Heartbeat: 1},
	} {
		require.ErrorContains(t, o.Check(), want)
	}
}
