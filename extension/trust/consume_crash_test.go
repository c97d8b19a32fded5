package trust_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/kafka"
	"k6suite/extension/trust"
)

// A member that crashes is still one for its group, until its silence has lasted too long; one that leaves is not.
func TestACrashedMemberHasNotLeft(t *testing.T) {
	t.Parallel()
	for _, crash := range []bool{true, false} {
		t.Run(map[bool]string{true: "crash", false: "leave"}[crash], func(t *testing.T) {
			t.Parallel()
			target := open(t, trust.TargetOptions{Profile: load(t, nil)})
			run := newRun(t, target, func(o *trust.Options) { o.Script, o.Records = "consumer_groups", 100 })
			_, err := run.Prepare(t.Context())
			require.NoError(t, err)
			_, err = run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 100, Keys: 10, Timeout: time.Minute})
			require.NoError(t, err)
			read, err := run.Consume(t.Context(), 1, trust.ConsumeOptions{Group: "g", Records: 100, Crash: crash, SessionTimeout: 2 * time.Minute})
			require.NoError(t, err)
			require.GreaterOrEqual(t, read.Records, int64(100))

			admin, err := kafka.NewAdmin(target.Kafka)
			require.NoError(t, err)
			defer func() { require.NoError(t, admin.Close()) }()
			groups, err := admin.DescribeGroups(t.Context(), "g")
			require.NoError(t, err)
			if crash {
				require.Len(t, groups[0].Members, 1)
			} else {
				require.Empty(t, groups[0].Members)
			}
			require.Empty(t, judge(t, run).Findings)
		})
	}
}
