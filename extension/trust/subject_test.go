package trust_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"k6suite/extension/trust"
)

func TestVerdictSaysWhatWasJudgedAndWhen(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	for name, tc := range map[string]struct {
		env     map[string]string
		version string
		brokers int
	}{
		"counted by its platform": {map[string]string{"K6_PROFILE_VERSION": "1.2-rc1"}, "1.2-rc1", 3},
		"counted by metadata":     {map[string]string{"K6_PROFILE": "kafka-local", "K6_BROKERS": cluster.ListenAddrs()[0]}, "", 2},
		"behind one address": {map[string]string{
			"K6_PROFILE": "kafka-local", "K6_BROKERS": cluster.ListenAddrs()[0], "K6_PROFILE_CLAIMS_SINGLE_ENDPOINT": "true",
		}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			run := newRun(t, open(t, trust.TargetOptions{Profile: load(t, tc.env)}), nil)
			_, err := run.Prepare(t.Context())
			require.NoError(t, err)
			subject := judge(t, run).Subject
			require.Equal(t, tc.version, subject.Version)
			require.Equal(t, tc.brokers, subject.Brokers)
			require.WithinRange(t, subject.At, began.Add(-time.Second), time.Now().Add(time.Second))
		})
	}
}
