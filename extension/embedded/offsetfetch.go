package embedded

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// serveOffsetFetch tells who is no member that a group has no commits where kfake says that there is no such group: Apache Kafka
// has commits without a group, and a consumer that assigns its partitions itself ends on such an error.
func (l *life) serveOffsetFetch(ctx context.Context, x *exchange) error {
	request, response := kmsg.NewPtrOffsetFetchRequest(), kmsg.NewPtrOffsetFetchResponse()
	if err := x.Decode(request); err != nil {
		return err
	}
	before := l.producers.heldGroups() // a transaction may end while kfake is asked
	if err := x.forward(ctx); err != nil {
		return err
	}
	if err := x.decodeResponse(response); err != nil {
		return err
	}
	changed := false
	if request.Version < 8 {
		if changed = response.ErrorCode == kerr.GroupIDNotFound.Code; changed {
			response.ErrorCode = 0
			response.Topics = nothingCommitted(request.Topics, unstable(request, before, request.Group))
		}
	}
	for i := range response.Groups {
		answer := &response.Groups[i]
		asked := askedGroup(request, answer.Group)
		if answer.ErrorCode == kerr.GroupIDNotFound.Code && asked != nil && asked.MemberEpoch < 0 {
			changed = true
			answer.ErrorCode = 0
			answer.Topics = nothingCommittedInGroup(asked.Topics, unstable(request, before, answer.Group))
		}
	}
	if changed {
		x.respond(response)
	}
	return nil
}

// unstable is the error for offsets that an open transaction may yet commit, for those who want to know (KIP-447).
func unstable(request *kmsg.OffsetFetchRequest, held map[string]struct{}, group string) int16 {
	if _, is := held[group]; is && request.RequireStable {
		return kerr.UnstableOffsetCommit.Code
	}
	return 0
}

func askedGroup(request *kmsg.OffsetFetchRequest, name string) *kmsg.OffsetFetchRequestGroup {
	for i := range request.Groups {
		if request.Groups[i].Group == name {
			return &request.Groups[i]
		}
	}
	return nil
}

func nothingCommitted(asked []kmsg.OffsetFetchRequestTopic, code int16) []kmsg.OffsetFetchResponseTopic {
	topics := make([]kmsg.OffsetFetchResponseTopic, 0, len(asked))
	for _, t := range asked {
		answer := kmsg.NewOffsetFetchResponseTopic()
		answer.Topic = t.Topic
		for _, number := range t.Partitions {
			p := kmsg.NewOffsetFetchResponseTopicPartition()
			p.Partition, p.Offset, p.LeaderEpoch, p.ErrorCode = number, -1, -1, code
			p.Metadata = kmsg.StringPtr("")
			answer.Partitions = append(answer.Partitions, p)
		}
		topics = append(topics, answer)
	}
	return topics
}

func nothingCommittedInGroup(asked []kmsg.OffsetFetchRequestGroupTopic, code int16) []kmsg.OffsetFetchResponseGroupTopic {
	topics := make([]kmsg.OffsetFetchResponseGroupTopic, 0, len(asked))
	for _, t := range asked {
		answer := kmsg.NewOffsetFetchResponseGroupTopic()
		answer.Topic, answer.TopicID = t.Topic, t.TopicID
		for _, number := range t.Partitions {
			p := kmsg.NewOffsetFetchResponseGroupTopicPartition()
			p.Partition, p.Offset, p.LeaderEpoch, p.ErrorCode = number, -1, -1, code
			p.Metadata = kmsg.StringPtr("")
			answer.Partitions = append(answer.Partitions, p)
		}
		topics = append(topics, answer)
	}
	return topics
}
