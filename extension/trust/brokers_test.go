package trust_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/trust"
)

// flowing has traffic flow through a run, and a group read it, while something is done; the verdict is that of the run.
func flowing(t *testing.T, env map[string]string, script string, do func(*trust.Run, *trust.Target)) *contract.Verdict {
	t.Helper()
	target := open(t, trust.TargetOptions{Profile: load(t, env)})
	run := newRun(t, target, func(o *trust.Options) { o.Script, o.Records, o.Partitions = script, 50, 6 })
	_, err := run.Prepare(t.Context())
	require.NoError(t, err)
	ended := make(chan error, 3)
	go func() {
		o, f := trust.ProduceOptions{Records: 60, Keys: 60}, trust.Flow{For: time.Minute, Every: 5 * time.Millisecond}
		_, err := run.ProduceFlow(t.Context(), 1, o, f)
		ended <- err
	}()
	go func() {
		_, err := run.Consume(t.Context(), 2, trust.ConsumeOptions{Group: "g", Until: trust.UntilEnd})
		ended <- err
	}()
	go func() {
		_, err := run.WatchEnds(t.Context(), trust.WatchOptions{Every: 20 * time.Millisecond})
		ended <- err
	}()
	flowsOn(t, run)
	require.True(t, run.MembersSeen(t.Context(), "g", 1, 20*time.Second))
	do(run, target)
	flowsOn(t, run)
	run.FinishFlows()
	for range 3 {
		require.NoError(t, <-ended)
	}
	verdict, err := run.Judge(t.Context())
	require.NoError(t, err)
	return verdict
}

// flowsOn waits until more records are acked than now.
func flowsOn(t *testing.T, run *trust.Run) {
	t.Helper()
	before := run.Acked()
	require.Eventually(t, func() bool { return run.Acked() > before+250 }, 30*time.Second, 5*time.Millisecond)
}

func disturb(t *testing.T, run *trust.Run, target *trust.Target, spec string) {
	t.Helper()
	h, err := target.Faults().Inject(t.Context(), []byte(spec))
	require.NoError(t, err)
	flowsOn(t, run)
	h.Stop()
	require.NoError(t, h.Err())
}

func TestABrokerDiesUnderTraffic(t *testing.T) {
	t.Parallel()
	verdict := flowing(t, nil, "chaos_broker", func(run *trust.Run, target *trust.Target) {
		disturb(t, run, target, `{"broker": "any", "action": "kill"}`)
	})
	require.Empty(t, verdict.Findings)
	require.Empty(t, verdict.Doubts)
	require.Equal(t, int64(1), verdict.Kills)
	require.Equal(t, int64(1), verdict.Restarts)
	require.Zero(t, verdict.KilledAll)
	require.Zero(t, *verdict.Rebalances)
	require.Len(t, verdict.Recoveries, 6)
	require.Len(t, verdict.Faults, 1)
	require.Equal(t, contract.Pass, verdict.Status, "%+v", verdict.Requirements)
}

func TestASelectorThatMatchesNothingIsAnError(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	for spec, want := range map[string]string{
		`{"broker": {"coordinatorOf": "nobody"}, "action": "kill"}`:                     `there is no group "nobody"`,
		`{"broker": {"leaderOf": {"topic": "none", "partition": 0}}, "action": "kill"}`: "UNKNOWN_TOPIC_OR_PARTITION",
		`{"broker": 17, "action": "kill"}`:                                              "there is no broker 17",
	} {
		_, err := target.Faults().Inject(t.Context(), []byte(spec))
		require.ErrorContains(t, err, want)
	}
	require.Empty(t, target.Faults().Handles())
}

func TestBrokersComeAndGoUnderTraffic(t *testing.T) {
	t.Parallel()
	verdict := flowing(t, nil, "scaleout", func(run *trust.Run, target *trust.Target) {
		for _, n := range []string{"1", "3"} {
			disturb(t, run, target, `{"action": "scale", "brokers": `+n+`}`)
		}
		require.NoError(t, run.Expect(contract.Expectation{Requirement: "F5.5", What: "more gets through", OK: true}))
		require.NoError(t, run.Expect(contract.Expectation{Requirement: "NFR3.2", What: "more gets through", OK: true}))
	})
	require.Empty(t, verdict.Findings)
	require.Equal(t, []int{3, 1, 3}, verdict.Scaled)
	require.Len(t, verdict.Added, 2)
	require.Equal(t, contract.Pass, verdict.Status, "%+v", verdict.Requirements)
}

func TestStorageThatIsOutIsBackpressure(t *testing.T) {
	t.Parallel()
	verdict := flowing(t, nil, "objectstore_slow", func(run *trust.Run, target *trust.Target) {
		disturb(t, run, target, `{"storage": "write", "action": "delay", "delay": "20ms"}`)
		h, err := target.Faults().Inject(t.Context(), []byte(`{"storage": "write", "action": "error", "code": "SlowDown"}`))
		require.NoError(t, err)
		require.NoError(t, h.WaitHits(t.Context(), 10))
		h.Stop()
	})
	require.Empty(t, verdict.Findings)
	require.Equal(t, int64(1), verdict.Outages)
	require.Positive(t, verdict.StorageSlowed)
	require.GreaterOrEqual(t, verdict.StorageFailed, int64(10))
	require.Equal(t, contract.Pass, verdict.Status, "%+v", verdict.Requirements)
}

func TestWhatAProfileSaysNothingOfIsNotClaimed(t *testing.T) {
	t.Parallel()
	plain := load(t, map[string]string{"K6_PROFILE": "kafka-local"})
	require.Equal(t, "profile kafka-local says nothing of how its brokers are controlled: chaos.platform", trust.Unable(plain, "kill"))
	require.Contains(t, trust.Unable(plain, trust.NeedStorage), "objectStore.proxy")
	kubernetes := load(t, map[string]string{"K6_PROFILE": "kafka-local", "K6_PROFILE_CHAOS_PLATFORM": "kubernetes"})
	require.Equal(t, "profile kafka-local has its brokers controlled by chaos.platform kubernetes, which is not there yet "+
		"(there are: embedded, process, docker)", trust.Unable(kubernetes, "kill"))
	containers := map[string]string{
		"K6_PROFILE": "kafka-local", "K6_PROFILE_CHAOS_PLATFORM": "docker", "K6_PROFILE_CHAOS_DOCKER_LABEL": "broker",
	}
	require.Empty(t, trust.Unable(load(t, containers), "kill", "stop", "start", "pause"))
	require.Contains(t, trust.Unable(load(t, containers), "add"), "chaos.docker.spares, or a Compose service")
	require.Contains(t, trust.Unable(plain, trust.NeedWire), "chaos.kafkaProxy")
	processes := load(t, map[string]string{"K6_PROFILE": "processes"})
	require.Empty(t, trust.Unable(processes, "kill", "start", "pause", trust.NeedStorage))
	require.Contains(t, trust.Unable(processes, "add"), "chaos.spares")
	require.Empty(t, trust.Unable(load(t, nil), trust.Needs()...))

	target := open(t, trust.TargetOptions{Profile: plain})
	run := newRun(t, target, func(o *trust.Options) { o.Script, o.Needs = "zombie", []trust.Need{"pause"} })
	_, err := run.Prepare(t.Context()) // nobody is there, and nobody is asked
	require.NoError(t, err)
	require.Error(t, run.Stopped())
	verdict, err := run.Judge(t.Context())
	require.NoError(t, err)
	text, err := json.Marshal(verdict.Doubts)
	require.NoError(t, err)
	require.Equal(t, contract.NotClaimed, verdict.Status, string(text))
}
