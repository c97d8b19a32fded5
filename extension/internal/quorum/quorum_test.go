package quorum_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/quorum"
)

func answer(whole, part int16, leader int32) *kmsg.DescribeQuorumResponse {
	return &kmsg.DescribeQuorumResponse{ErrorCode: whole, Topics: []kmsg.DescribeQuorumResponseTopic{{
		Topic: "__cluster_metadata", Partitions: []kmsg.DescribeQuorumResponseTopicPartition{{ErrorCode: part, LeaderID: leader}},
	}}}
}

func TestLeader(t *testing.T) {
	t.Parallel()
	leader, err := quorum.Leader(answer(0, 0, 3))
	require.NoError(t, err)
	require.Equal(t, int32(3), leader)
	for want, a := range map[string]*kmsg.DescribeQuorumResponse{
		kerr.ClusterAuthorizationFailed.Message: answer(kerr.ClusterAuthorizationFailed.Code, 0, 3),
		kerr.NotLeaderForPartition.Message:      answer(0, kerr.NotLeaderForPartition.Code, 3),
		"nobody leads the controllers now":      answer(0, 0, -1),
	} {
		_, err := quorum.Leader(a)
		require.ErrorContains(t, err, want)
	}
	_, err = quorum.Leader(&kmsg.DescribeQuorumResponse{})
	require.ErrorContains(t, err, "nobody leads")
}

func TestQuestion(t *testing.T) {
	t.Parallel()
	question := quorum.Question()
	require.Len(t, question.Topics, 1)
	require.Equal(t, "__cluster_metadata", question.Topics[0].Topic)
	require.Len(t, question.Topics[0].Partitions, 1)
	require.Zero(t, question.Topics[0].Partitions[0].Partition)
}
