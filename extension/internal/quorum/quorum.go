// Package quorum asks a Kafka cluster who leads its controllers (KIP-595). Metadata does not tell: there brokers name any of them as the
// controller, which forwards what is for it.
package quorum

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// log is the topic whose leader controls the cluster; it has one partition.
const log = "__cluster_metadata"

// Question is to be sent to any broker.
func Question() *kmsg.DescribeQuorumRequest {
	question := kmsg.NewPtrDescribeQuorumRequest()
	question.Topics = []kmsg.DescribeQuorumRequestTopic{{
		Topic: log, Partitions: []kmsg.DescribeQuorumRequestTopicPartition{kmsg.NewDescribeQuorumRequestTopicPartition()},
	}}
	return question
}

// Leader is the node that an answer names. It is an error if there is none.
func Leader(answer *kmsg.DescribeQuorumResponse) (int32, error) {
	if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
		return -1, err
	}
	for _, topic := range answer.Topics {
		for _, p := range topic.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return -1, err
			}
			if p.LeaderID >= 0 {
				return p.LeaderID, nil
			}
		}
	}
	return -1, errors.New("nobody leads the controllers now")
}
