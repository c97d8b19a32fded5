package kafka_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/kafka"
)

// orphaned has the question for a coordinator answered by an error, so many times, or always where that is negative.
func orphaned(fake *kfake.Cluster, times int64, code int16, each func(asked int64)) *atomic.Int64 {
	asked := &atomic.Int64{}
	fake.ControlKey(int16(kmsg.FindCoordinator), func(request kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		n := asked.Add(1)
		if each != nil {
			each(n)
		}
		if times >= 0 && n > times {
			return nil, nil, false
		}
		find := request.(*kmsg.FindCoordinatorRequest)
		answer := request.ResponseKind().(*kmsg.FindCoordinatorResponse)
		answer.ErrorCode = code
		for _, key := range find.CoordinatorKeys {
			one := kmsg.NewFindCoordinatorResponseCoordinator()
			one.Key, one.ErrorCode = key, code
			answer.Coordinators = append(answer.Coordinators, one)
		}
		return answer, nil, true
	})
	return asked
}

func TestACoordinatorThatIsNotThereYetIsAwaited(t *testing.T) {
	t.Parallel()
	fake, config := filled(t, 1, 10)
	a, ctx := admin(t, config), within(t)
	opts, err := config.Options()
	require.NoError(t, err)
	client, err := kgo.NewClient(opts...)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	commit := kadm.OffsetsFromRecords(kgo.Record{Topic: "t", Offset: 4, LeaderEpoch: -1})
	require.NoError(t, kadm.NewClient(client).CommitAllOffsets(ctx, "g", commit))

	orphaned(fake, 12, kerr.CoordinatorNotAvailable.Code, nil)
	committed, err := a.CommittedOffsets(ctx, "g")
	require.NoError(t, err)
	require.Equal(t, kafka.Offsets{"t": {0: 5}}, committed)
	again := orphaned(fake, 12, kerr.CoordinatorNotAvailable.Code, nil)
	_, err = a.DescribeGroups(ctx, "other")
	require.NoError(t, err)
	require.Greater(t, again.Load(), int64(12))
}

func TestAGroupThatNeverHasACoordinatorIsAnError(t *testing.T) {
	t.Parallel()
	fake, config := filled(t, 1, 10)
	a := admin(t, config)
	ctx, cancel := context.WithCancel(t.Context())
	orphaned(fake, -1, kerr.CoordinatorNotAvailable.Code, func(asked int64) {
		if asked == 20 {
			cancel()
		}
	})
	_, err := a.CommittedOffsets(ctx, "g")
	require.Error(t, err)
	_, err = a.DescribeGroups(ctx, "g")
	require.Error(t, err)
}

func TestAnErrorThatIsNotTheCoordinatorsIsToldAtOnce(t *testing.T) {
	t.Parallel()
	fake, config := filled(t, 1, 10)
	asked := orphaned(fake, -1, kerr.GroupAuthorizationFailed.Code, nil)
	_, err := admin(t, config).CommittedOffsets(within(t), "g")
	require.ErrorIs(t, err, kerr.GroupAuthorizationFailed)
	require.LessOrEqual(t, asked.Load(), int64(2))
}
