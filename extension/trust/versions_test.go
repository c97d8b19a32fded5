package trust_test

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"k6suite/extension/trust"
)

func TestVersionsAreSavedAndWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	old := kversion.V3_9_0()
	old.SetMaxKeyVersion(int16(kmsg.InitProducerID), -1)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.MaxVersions(old))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	for claimed, says := range map[string]string{"true": "although the profile claims it", "false": "which the profile does not claim"} {
		t.Run(claimed, func(t *testing.T) {
			t.Parallel()
			results := t.TempDir()
			target := open(t, trust.TargetOptions{Profile: load(t, map[string]string{
				"K6_PROFILE": "kafka-local", "K6_BROKERS": cluster.ListenAddrs()[0], "K6_PROFILE_CLIENT_MAX_VERSION": "3.4",
				"K6_PROFILE_CLAIMS_IDEMPOTENCE": claimed, "K6_PROFILE_CLAIMS_TRANSACTIONS": claimed,
			})})
			run := newRun(t, target, func(o *trust.Options) { o.Results = results })
			_, err := run.Prepare(t.Context())
			require.NoError(t, err)
			v, err := run.Versions(t.Context())
			require.NoError(t, err)
			require.Len(t, v.Brokers, 2)
			require.Len(t, v.Missing, 3)
			require.Equal(t, "InitProducerID", v.Missing[0].API)
			require.Equal(t, "ConsumerGroupHeartbeat 1", v.Missing[1].API, "which came with 4.0")
			require.Equal(t, "ConsumerGroupDescribe", v.Missing[2].API)
			require.Equal(t, []int32{0, 1}, v.Missing[0].Brokers)
			require.Equal(t, claimed == "true", v.Missing[0].Claimed)
			lines := strings.Join(v.Lines, "\n")
			require.Regexp(t, `^broker 0, 1 offers \d+ APIs[^:]*: Produce `, lines, "who offers the same is one line")
			require.Contains(t, lines, "clients speak at most what Apache Kafka 3.4 did")
			require.Contains(t, lines, "missing: InitProducerID (the broker does not offer it): producers are not idempotent")
			require.Contains(t, lines, says)

			text, err := os.ReadFile(filepath.Join(results, run.ID(), trust.VersionsFile))
			require.NoError(t, err)
			var saved trust.Versions
			require.NoError(t, json.Unmarshal(text, &saved))
			require.Equal(t, v, saved)
			judge(t, run)
		})
	}
}

func TestVersionsOfAHealthyTargetMissNothing(t *testing.T) {
	t.Parallel()
	run := newRun(t, open(t, trust.TargetOptions{Profile: load(t, nil)}), nil)
	_, err := run.Prepare(t.Context())
	require.NoError(t, err)
	v, err := run.Versions(t.Context())
	require.NoError(t, err)
	require.Empty(t, v.Missing)
	require.Contains(t, v.Lines, "nothing is missing of what the suite uses")
	judge(t, run)
}

func TestVersionsOfWhoDoesNotAnswer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	run := newRun(t, open(t, trust.TargetOptions{Profile: load(t, map[string]string{
		"K6_PROFILE": "kafka-local", "K6_BROKERS": listener.Addr().String(), "K6_PROFILE_LIMITS_CONNECT": "1s",
	})}), nil)
	_, err = run.Prepare(t.Context())
	require.NoError(t, err)
	v, err := run.Versions(t.Context())
	require.NoError(t, err, "the verdict says why")
	require.Empty(t, v.Lines)
	judge(t, run)
}
