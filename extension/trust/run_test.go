package trust_test

import (
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"k6suite/extension/contract"
	"k6suite/extension/embedded"
	"k6suite/extension/ledger"
	"k6suite/extension/objectstore"
	"k6suite/extension/report"
	"k6suite/extension/trust"
)

func TestHealthyTargetPassesEveryRequirement(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	run := newRun(t, target, nil)
	sent, read := traffic(t, run)
	require.EqualValues(t, 1000, sent.Acked)
	require.True(t, read.Complete)

	verdict := judge(t, run)
	require.Equal(t, contract.Pass, verdict.Status, "%+v", verdict)
	for id, status := range statuses(verdict) {
		want := contract.Pass
		if id == "F1.3" {
			want = contract.NotClaimed // the embedded target speaks TLS only where a profile says so
		}
		require.Equal(t, want, status, id)
	}
	require.Equal(t, 3, verdict.Restarted)
	require.EqualValues(t, 1003, verdict.Covered, "each ack was compared with the request log")
}

func TestVerdictIsSavedAndStays(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	dir := t.TempDir()
	run := newRun(t, target, func(o *trust.Options) { o.Results = dir })
	traffic(t, run)
	require.False(t, run.Judged())
	verdict := judge(t, run)
	require.True(t, run.Judged())
	require.Same(t, verdict, judge(t, run), "judged once")
	saved, err := report.ReadVerdict(filepath.Join(dir, run.ID()))
	require.NoError(t, err)
	require.Equal(t, verdict.Status, saved.Status)

	_, err = run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 1})
	require.ErrorContains(t, err, "judged")
}

func TestEachLieIsFoundByItsRuleAlone(t *testing.T) {
	t.Parallel()
	for _, lie := range embedded.Lies() {
		switch {
		case lie.Chaos: // scripts disturb the target as it takes: `k6 x suite prove` runs them
			continue
		case slices.Contains(lie.Scripts, "consumer_groups"), slices.Contains(lie.Scripts, "delivery_semantics"): // members come and go: the same
			continue
		case lie.Connections > 0 || aboutAccess(lie): // TestLiesAboutConnectionsAreFound, TestEachLieAboutAccessIsFoundByItsRuleAlone
			continue
		case lie.TLS: // TestEachLieAboutCertificatesIsFoundByItsRuleAlone
			continue
		case aboutTransactions(lie): // TestEachLieAboutTransactionsIsFoundByItsRuleAlone
			continue
		}
		t.Run(lie.Name, func(t *testing.T) {
			t.Parallel()
			impatient := map[string]string{"K6_PROFILE_LIMITS_RECOVERY": "500ms"} // what is lost stays away
			if lie.Rule == string(ledger.Stuck) {
				impatient["K6_PROFILE_LIMITS_STUCK"] = "1s"
			}
			target := open(t, trust.TargetOptions{Profile: load(t, impatient), Lies: []string{lie.Name}, Seed: 1})
			run := newRun(t, target, func(o *trust.Options) { o.Drain = 2 * time.Second })
			if lie.Rule == string(ledger.Stuck) {
				disturbed(t, run, target)
			} else {
				traffic(t, run)
			}
			verdict := judge(t, run)
			require.Positive(t, verdict.LieHits[lie.Name], "the lie was never told")
			require.Equal(t, contract.Fail, verdict.Status, "%+v %+v", verdict.Doubts, verdict.Findings)
			for _, f := range verdict.Findings {
				require.Equal(t, lie.Rule, f.Rule(), "%+v", f)
			}
			require.NotEmpty(t, verdict.Findings)
		})
	}
}

func TestUnreachableTargetIsInconclusiveAndNamed(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close()) // now nothing listens there

	target := open(t, trust.TargetOptions{Profile: load(t, map[string]string{"K6_PROFILE": "kafka-local", "K6_BROKERS": address})})
	run := newRun(t, target, nil)
	info, err := run.Prepare(t.Context())
	require.NoError(t, err)
	require.False(t, info.Reached)

	sent, err := run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 10})
	require.NoError(t, err)
	require.Contains(t, sent.Stopped, address)
	read, err := run.Consume(t.Context(), 1, trust.ConsumeOptions{})
	require.NoError(t, err)
	require.Contains(t, read.Stopped, address)

	verdict := judge(t, run)
	require.Equal(t, contract.Inconclusive, verdict.Status)
	require.Contains(t, verdict.Doubts[0].Text, "kafka-local")
	require.Contains(t, verdict.Doubts[0].Text, address)
}

func TestSilentTargetIsInconclusiveWithinItsBound(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	target := open(t, trust.TargetOptions{Profile: load(t, map[string]string{
		"K6_PROFILE": "kafka-local", "K6_BROKERS": listener.Addr().String(), "K6_PROFILE_LIMITS_CONNECT": "500ms",
	})})
	run := newRun(t, target, nil)
	info, err := run.Prepare(t.Context())
	require.NoError(t, err)
	require.False(t, info.Reached)
	require.Contains(t, judge(t, run).Doubts[0].Text, listener.Addr().String())
}

func TestInterruptedRunSkipsTheFinalPhase(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	run := newRun(t, target, nil)
	_, err := run.Prepare(t.Context())
	require.NoError(t, err)
	run.Interrupt("Ctrl-C")
	sent, err := run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 10})
	require.NoError(t, err)
	require.Contains(t, sent.Stopped, "Ctrl-C")

	verdict := judge(t, run)
	require.Equal(t, contract.Inconclusive, verdict.Status)
	require.Zero(t, verdict.FinalReads)
	require.Contains(t, verdict.Doubts[0].Text, "interrupted by Ctrl-C")
}

func TestMissingBucketIsInconclusiveAndNamed(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	store, err := objectstore.Serve(objectstore.ServeOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })

	target := open(t, trust.TargetOptions{
		Env: func(string) (string, bool) { return "k6suite", true },
		Profile: load(t, map[string]string{
			"K6_PROFILE": "local-service", "K6_BROKERS": cluster.ListenAddrs()[0],
			"K6_PROFILE_OBJECT_STORE_ENDPOINT": store.URL(), "K6_PROFILE_OBJECT_STORE_BUCKET": "not-there",
		}),
	})
	run := newRun(t, target, nil)
	info, err := run.Prepare(t.Context())
	require.NoError(t, err)
	require.True(t, info.Reached)
	require.ErrorContains(t, run.Stopped(), store.URL())
	require.ErrorContains(t, run.Stopped(), "not-there")
	require.Equal(t, contract.Inconclusive, judge(t, run).Status)
}

func TestLiesAreForTheEmbeddedTargetOnly(t *testing.T) {
	t.Parallel()
	p := load(t, map[string]string{"K6_PROFILE": "kafka-local"})
	_, err := trust.OpenTarget(t.Context(), trust.TargetOptions{Profile: p, Lies: []string{"lose-record"}})
	require.ErrorContains(t, err, "only the embedded target lies")
	_, err = trust.OpenTarget(t.Context(), trust.TargetOptions{Profile: load(t, nil), Lies: []string{"loose-record"}})
	require.ErrorContains(t, err, "lose-record")
}

func TestReaderThatCannotReadAllIsADoubtAndNoLoss(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	run := newRun(t, target, nil)
	_, err := run.Prepare(t.Context())
	require.NoError(t, err)
	read, err := run.Consume(t.Context(), 1, trust.ConsumeOptions{Timeout: 300 * time.Millisecond}) // nothing is sent yet
	require.NoError(t, err)
	require.False(t, read.Complete && read.Records > 3)
	_, err = run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 1000, Keys: 50})
	require.NoError(t, err)
	verdict := judge(t, run)
	require.Empty(t, verdict.Findings)
	require.Equal(t, contract.Pass, statuses(verdict)["F3.4"])
}

func TestExpectationsMustBeJudgedByTheScript(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	run := newRun(t, target, nil)
	require.ErrorContains(t, run.Expect(contract.Expectation{Requirement: "F2.4", What: "x", OK: true}), "does not judge")
	require.NoError(t, run.Expect(contract.Expectation{Requirement: "F2.1", What: "x", OK: false, Evidence: "y"}))
	traffic(t, run)
	verdict := judge(t, run)
	require.Equal(t, contract.Fail, verdict.Status, "%+v %+v", verdict.Doubts, verdict.Findings)
	require.Equal(t, contract.Fail, statuses(verdict)["F2.1"])
}

func TestUnknownScriptIsRefused(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	_, err := trust.NewRun(target, trust.Options{Script: "nope", RunID: "r"})
	require.ErrorContains(t, err, "smoke_single")
}
