package kafka_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/kafka"
)

// electing has ListOffsets answered as by a leader that was just elected, so many times, or always where that is negative.
func electing(fake *kfake.Cluster, times int64) *atomic.Int64 {
	asked := &atomic.Int64{}
	fake.ControlKey(int16(kmsg.ListOffsets), func(request kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		if n := asked.Add(1); times >= 0 && n > times {
			return nil, nil, false
		}
		answer := request.ResponseKind().(*kmsg.ListOffsetsResponse)
		for _, t := range request.(*kmsg.ListOffsetsRequest).Topics {
			topic := kmsg.NewListOffsetsResponseTopic()
			topic.Topic = t.Topic
			for _, p := range t.Partitions {
				partition := kmsg.NewListOffsetsResponseTopicPartition()
				partition.Partition, partition.ErrorCode = p.Partition, kerr.OffsetNotAvailable.Code
				topic.Partitions = append(topic.Partitions, partition)
			}
			answer.Topics = append(answer.Topics, topic)
		}
		return answer, nil, true
	})
	return asked
}

func TestALeaderThatWasJustElectedIsAskedAgain(t *testing.T) {
	t.Parallel()
	fake, config := filled(t, 1, 10)
	a, ctx := admin(t, config), within(t)
	asked := electing(fake, 3)
	got, err := a.ListOffsets(ctx, kafka.Spot{At: "latest"}, "t")
	require.NoError(t, err)
	require.Equal(t, kafka.Offsets{"t": {0: 10}}, got)
	require.Equal(t, int64(4), asked.Load())
}

func TestALeaderThatNeverKnowsWhereItsLogEndsIsAnError(t *testing.T) {
	t.Parallel()
	fake, config := filled(t, 1, 10)
	a := admin(t, config)
	asked := electing(fake, -1)
	_, err := a.ListOffsets(t.Context(), kafka.Spot{At: "latest"}, "t")
	require.ErrorContains(t, err, "t partition 0: OFFSET_NOT_AVAILABLE")
	require.Greater(t, asked.Load(), int64(1))
}
