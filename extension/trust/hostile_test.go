package trust_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
	"k6suite/extension/trust"
)

// plainKafka gives a broker of the test's own, and the target that a profile of Apache Kafka makes of it.
func plainKafka(t *testing.T, env map[string]string, opts ...kfake.Opt) (*kfake.Cluster, *trust.Target) {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	all := map[string]string{"K6_PROFILE": "kafka-local", "K6_BROKERS": cluster.ListenAddrs()[0]}
	for name, value := range env {
		all[name] = value
	}
	return cluster, open(t, trust.TargetOptions{Profile: load(t, all)})
}

// impatient shortens the bounds that a test waits for.
func impatient(o *trust.Options) { o.Drain, o.Stall = 300*time.Millisecond, 300*time.Millisecond }

func prepare(t *testing.T, run *trust.Run) {
	t.Helper()
	_, err := run.Prepare(t.Context())
	require.NoError(t, err)
	require.NoError(t, run.Stopped())
}

// hang has a broker leave requests unanswered from now on. At the end of the test it waits until kfake has let go of all of them:
// of two control functions that still sleep when a cluster closes, kfake's loop, which ends, unlocks for one only.
func hang(t *testing.T, c *kfake.Cluster, key kmsg.Key) (seen <-chan struct{}) {
	t.Helper()
	free, met := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var asleep atomic.Int32
	t.Cleanup(func() {
		close(free)
		require.Eventually(t, func() bool { return asleep.Load() == 0 }, 10*time.Second, time.Millisecond)
	})
	c.ControlKey(int16(key), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		once.Do(func() { close(met) })
		select {
		case <-free: // to sleep for no time is to sleep
		default:
			asleep.Add(1)
			defer asleep.Add(-1)
			c.SleepControl(func() { <-free })
		}
		return nil, nil, false
	})
	return met
}

// What it left behind would be found when all tests have run.
func TestRequestsThatHangLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	const requests = 8
	var met atomic.Int32
	cluster.ControlKey(int16(kmsg.Metadata), func(kmsg.Request) (kmsg.Response, error, bool) {
		met.Add(1)
		return nil, nil, false
	})
	hang(t, cluster, kmsg.Metadata)
	var clients sync.WaitGroup
	t.Cleanup(clients.Wait)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	for range requests { // each on a connection of its own
		cl, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
		require.NoError(t, err)
		clients.Go(func() {
			defer cl.Close()
			_, err := cl.SeedBrokers()[0].Request(ctx, kmsg.NewPtrMetadataRequest())
			require.Error(t, err)
		})
	}
	require.Eventually(t, func() bool { return met.Load() == requests }, 10*time.Second, time.Millisecond)
}

func doubts(v *contract.Verdict) string {
	var all strings.Builder
	for _, d := range v.Doubts {
		all.WriteString(d.Text + "\n")
	}
	return all.String()
}

func TestEarlierRunOfTheSameIDIsRefused(t *testing.T) {
	t.Parallel()
	for _, auto := range []bool{false, true} {
		_, target := plainKafka(t, nil, kfake.AllowAutoTopicCreation())
		change := func(o *trust.Options) { o.AutoCreate = auto }
		first := newRun(t, target, change)
		traffic(t, first)
		require.Equal(t, contract.Pass, judge(t, first).Status)

		second := newRun(t, target, change)
		traffic(t, second)
		verdict := judge(t, second)
		require.Equal(t, contract.Inconclusive, verdict.Status, "%+v", verdict.Findings)
		require.Empty(t, verdict.Findings)
		require.Contains(t, doubts(verdict), "K6_RUN_ID")
		require.Contains(t, doubts(verdict), second.Topics()[0])
	}
}

func TestRecordsThatNobodyAnswersAreADoubtAndNoError(t *testing.T) {
	t.Parallel()
	cluster, target := plainKafka(t, nil)
	run := newRun(t, target, impatient)
	prepare(t, run)
	met := hang(t, cluster, kmsg.Produce)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-met; cancel() }()
	sent, err := run.Produce(ctx, 1, trust.ProduceOptions{Records: 30_000}) // given up by the script, with more than the buffer holds
	require.NoError(t, err)
	require.Zero(t, sent.Acked)
	sent, err = run.Produce(t.Context(), 2, trust.ProduceOptions{Records: 10, Timeout: 200 * time.Millisecond})
	require.NoError(t, err)
	require.EqualValues(t, 10, sent.Unknown)
	verdict := judge(t, run)
	require.Equal(t, contract.Inconclusive, verdict.Status)
	require.Empty(t, verdict.Findings, "we stopped waiting, the target refused nothing")
	require.Contains(t, doubts(verdict), "still unanswered")
}

func TestDeadTargetInTheMiddleIsNoLossAndEndsWithinABound(t *testing.T) {
	t.Parallel()
	cluster, target := plainKafka(t, nil)
	run := newRun(t, target, impatient)
	prepare(t, run)
	for vu := range int64(20) { // as many clients; closing them one after the other would take minutes
		_, err := run.Produce(t.Context(), vu, trust.ProduceOptions{Records: 10})
		require.NoError(t, err)
	}
	cluster.Close()
	for vu := range int64(20) {
		_, err := run.Produce(t.Context(), vu, trust.ProduceOptions{Records: 10, Timeout: 10 * time.Millisecond})
		require.NoError(t, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	verdict, err := run.Judge(ctx)
	require.NoError(t, err)
	require.NoError(t, ctx.Err(), "judging ended by itself")
	require.NotEqual(t, contract.Pass, verdict.Status)
	require.NotEmpty(t, verdict.Doubts)
	for _, f := range verdict.Findings {
		require.Equal(t, ledger.ErrorsSeen, f.Code, "nothing is known of what was acked")
	}
}

func TestTargetThatFallsSilentEndsInDoubtWithinABound(t *testing.T) {
	t.Parallel()
	cluster, target := plainKafka(t, nil)
	run := newRun(t, target, impatient)
	traffic(t, run)
	hang(t, cluster, kmsg.Metadata)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	verdict, err := run.Judge(ctx)
	require.NoError(t, err)
	require.NoError(t, ctx.Err(), "judging ended by itself")
	require.Equal(t, contract.Inconclusive, verdict.Status)
	require.Empty(t, verdict.Findings)
	require.Contains(t, doubts(verdict), "counting the partitions")
}

func TestInterruptInTheMiddleOfAFinalReadIsNoLoss(t *testing.T) {
	t.Parallel()
	cluster, target := plainKafka(t, nil)
	run := newRun(t, target, nil)
	traffic(t, run)
	met := hang(t, cluster, kmsg.Fetch)
	go func() { <-met; run.Interrupt("Ctrl-C") }()
	verdict := judge(t, run)
	require.Equal(t, contract.Inconclusive, verdict.Status)
	require.Empty(t, verdict.Findings)
	require.Contains(t, doubts(verdict), "interrupted by Ctrl-C")
}

func TestTwoJudgementsAtATimeAreOne(t *testing.T) {
	t.Parallel()
	_, target := plainKafka(t, nil)
	run := newRun(t, target, nil)
	traffic(t, run)
	verdicts := make([]*contract.Verdict, 4)
	var group sync.WaitGroup
	for i := range verdicts {
		group.Go(func() { verdicts[i], _ = run.Judge(context.Background()) })
	}
	group.Wait()
	for _, v := range verdicts {
		require.Same(t, verdicts[0], v)
	}
	require.Equal(t, contract.Pass, verdicts[0].Status)
}

func TestResultsThatCannotBeSavedAreRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	_, target := plainKafka(t, nil)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := newRun(t, target, func(o *trust.Options) { o.Results = file }).Prepare(t.Context())
	require.ErrorContains(t, err, file)
	require.ErrorContains(t, err, "K6_RESULTS")
}

func TestVerdictOfAnEarlierRunIsGoneWhileTheNextOneRuns(t *testing.T) {
	t.Parallel()
	_, target := plainKafka(t, nil)
	dir := t.TempDir()
	change := func(o *trust.Options) { o.Results = dir }
	stale := filepath.Join(dir, target.Profile.RunID, "verdict.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(stale), 0o755))
	require.NoError(t, os.WriteFile(stale, []byte(`{"status":"PASS"}`), 0o600))
	run := newRun(t, target, change)
	prepare(t, run)
	require.NoFileExists(t, stale)
	judge(t, run)
	require.FileExists(t, stale)
}

func TestProducersWithoutIdempotenceKeepTheOrder(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, map[string]string{
		"K6_PROFILE_CLAIMS_IDEMPOTENCE": "false", "K6_PROFILE_CLAIMS_TRANSACTIONS": "false",
	})})
	run := newRun(t, target, nil)
	traffic(t, run)
	verdict := judge(t, run)
	require.Equal(t, contract.Pass, verdict.Status, "%+v", verdict)
	require.Positive(t, verdict.Ordered)
}

func TestRecordOverTheLimitFailsByItsNameAndHarmsNoOther(t *testing.T) {
	t.Parallel()
	_, target := plainKafka(t, nil)
	run := newRun(t, target, func(o *trust.Options) { o.Records = 0 })
	prepare(t, run)
	big, err := run.Produce(t.Context(), 1, trust.ProduceOptions{Size: 2 << 20, BatchSize: 4 << 20})
	require.NoError(t, err)
	require.EqualValues(t, 1, big.Failed)
	require.Equal(t, map[string]int64{kerr.MessageTooLarge.Message: 1}, big.Errors)
	small, err := run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 1000, BatchSize: 4 << 20})
	require.NoError(t, err)
	require.EqualValues(t, 1000, small.Acked)
	verdict := judge(t, run)
	require.EqualValues(t, 1, verdict.Failed)
	require.Equal(t, contract.Pass, statuses(verdict)["F3.4"], "nothing acked is lost")
}

// refuseCommits has the first commits refused as in the middle of a rebalance.
func refuseCommits(c *kfake.Cluster, times int32) {
	var refused atomic.Int32
	c.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if refused.Add(1) > times {
			return nil, nil, false
		}
		asked := req.(*kmsg.OffsetCommitRequest)
		resp := asked.ResponseKind().(*kmsg.OffsetCommitResponse)
		for _, rt := range asked.Topics {
			topic := kmsg.NewOffsetCommitResponseTopic()
			topic.Topic, topic.TopicID = rt.Topic, rt.TopicID
			for _, rp := range rt.Partitions {
				p := kmsg.NewOffsetCommitResponseTopicPartition()
				p.Partition, p.ErrorCode = rp.Partition, kerr.RebalanceInProgress.Code
				topic.Partitions = append(topic.Partitions, p)
			}
			resp.Topics = append(resp.Topics, topic)
		}
		return resp, nil, true
	})
}

func TestCommitsThatARebalanceRefusesAreTriedAgain(t *testing.T) {
	t.Parallel()
	cluster, target := plainKafka(t, nil)
	refuseCommits(cluster, 3)
	run := newRun(t, target, nil)
	prepare(t, run)
	_, err := run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 1000, Keys: 50})
	require.NoError(t, err)
	read, err := run.Consume(t.Context(), 2, trust.ConsumeOptions{Group: "refused"})
	require.NoError(t, err)
	require.True(t, read.Complete)
	require.Equal(t, read.Records, committed(t, cluster, "refused"))
	verdict := judge(t, run)
	require.Equal(t, contract.Pass, verdict.Status, "%+v", verdict)
}

// committed adds up the committed offsets of a group.
func committed(t *testing.T, c *kfake.Cluster, group string) (sum int64) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	require.NoError(t, err)
	defer client.Close()
	offsets, err := kadm.NewClient(client).FetchOffsets(t.Context(), group)
	require.NoError(t, err)
	offsets.Each(func(o kadm.OffsetResponse) { sum += o.At })
	return sum
}

func TestMembersThatComeAndGoReadEverythingOnce(t *testing.T) {
	t.Parallel()
	cluster, target := plainKafka(t, nil)
	run := newRun(t, target, func(o *trust.Options) { o.Partitions, o.Records = 2, 2000 })
	prepare(t, run)
	const group = "come-and-go"
	var reads [3]trust.Consumed
	var members sync.WaitGroup
	join := func(i int, o trust.ConsumeOptions) {
		o.Group = group
		members.Go(func() { reads[i], _ = run.Consume(t.Context(), int64(i), o) })
	}
	join(0, trust.ConsumeOptions{})
	join(1, trust.ConsumeOptions{Records: 100})
	require.True(t, run.MembersSeen(t.Context(), group, 2, 20*time.Second))
	for range 4 {
		sent, err := run.Produce(t.Context(), 9, trust.ProduceOptions{Records: 250, Keys: 50})
		require.NoError(t, err)
		require.EqualValues(t, 250, sent.Acked)
	}
	join(2, trust.ConsumeOptions{}) // two partitions are left for two members, or none for it as long as there are three
	for range 4 {
		_, err := run.Produce(t.Context(), 9, trust.ProduceOptions{Records: 250, Keys: 50})
		require.NoError(t, err)
	}
	members.Wait()
	require.True(t, reads[0].Complete)
	require.True(t, reads[2].Complete)
	require.GreaterOrEqual(t, reads[1].Records, int64(100))
	require.EqualValues(t, 2002, committed(t, cluster, group), "every record and the control, committed by who read it last")
	verdict := judge(t, run)
	require.Equal(t, contract.Pass, verdict.Status, "%+v", verdict)
}

func TestMembersAreCountedByThePartitionsTheyHold(t *testing.T) {
	t.Parallel()
	_, target := plainKafka(t, nil)
	run := newRun(t, target, func(o *trust.Options) { o.Partitions = 1 })
	prepare(t, run)
	ctx, cancel := context.WithCancel(t.Context())
	var members sync.WaitGroup
	for vu := range int64(2) {
		members.Go(func() { _, _ = run.Consume(ctx, vu, trust.ConsumeOptions{Group: "one"}) })
	}
	require.True(t, run.MembersSeen(ctx, "one", 1, 20*time.Second))
	require.False(t, run.MembersSeen(ctx, "one", 2, 500*time.Millisecond), "one partition has one owner")
	cancel()
	members.Wait()
	judge(t, run) // closes its clients
}

func TestReaderThatIsCutOffIsADoubt(t *testing.T) {
	t.Parallel()
	_, target := plainKafka(t, nil)
	run := newRun(t, target, nil)
	prepare(t, run)
	_, err := run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 1000, Keys: 50})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = run.Consume(ctx, 2, trust.ConsumeOptions{})
	require.NoError(t, err)
	verdict := judge(t, run)
	require.Equal(t, contract.Inconclusive, verdict.Status)
	require.Empty(t, verdict.Findings)
	i := slices.IndexFunc(verdict.Doubts, func(d contract.Doubt) bool { return slices.Equal(d.Requirements, []string{"F2.2"}) })
	require.GreaterOrEqual(t, i, 0, "%+v", verdict.Doubts)
}

func TestBoundsOfReaders(t *testing.T) {
	t.Parallel()
	_, target := plainKafka(t, nil)
	run := newRun(t, target, nil)
	prepare(t, run)
	for name, o := range map[string]trust.ConsumeOptions{
		"for":     {For: 100 * time.Millisecond},
		"records": {Records: 2},
	} {
		read, err := run.Consume(t.Context(), 1, o)
		require.NoError(t, err)
		require.GreaterOrEqual(t, read.Records, int64(2), name)
	}
	_, err := run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 1000, Keys: 50})
	require.NoError(t, err)
	require.Equal(t, contract.Pass, judge(t, run).Status, "a bound that the script sets is no doubt")
}

func TestNoTrafficOnceJudged(t *testing.T) {
	t.Parallel()
	_, target := plainKafka(t, nil)
	run := newRun(t, target, nil)
	traffic(t, run)
	verdict := judge(t, run)
	_, err := run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 500, Keys: 50, BatchSize: 4 << 10}) // the same producer
	require.ErrorContains(t, err, "being judged")
	_, err = run.Consume(t.Context(), 1, trust.ConsumeOptions{})
	require.ErrorContains(t, err, "being judged")
	require.Equal(t, contract.Pass, verdict.Status)
}

func TestWhatAScriptMissesInAStoppedRunIsNoFailure(t *testing.T) {
	t.Parallel()
	_, target := plainKafka(t, nil)
	for name, stopped := range map[string]bool{"interrupted": true, "not": false} {
		run := newRun(t, target, func(o *trust.Options) { o.RunID = name })
		traffic(t, run)
		require.NoError(t, run.Expect(contract.Expectation{Requirement: "F2.1", What: "x", OK: false}))
		if stopped {
			run.Interrupt("Ctrl-C")
			require.Equal(t, contract.Inconclusive, judge(t, run).Status)
			continue
		}
		require.Equal(t, contract.Fail, judge(t, run).Status)
	}
}
