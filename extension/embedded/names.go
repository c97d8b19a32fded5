package embedded

import (
	"context"
	"regexp"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// legalName is Apache Kafka's rule for topics, which kfake does not apply. A name is a part of keys in the bucket.
var legalName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// storable reports whether a topic may have the name. The folder of the state is taken.
func storable(name string) bool {
	return legalName.MatchString(name) && name != "." && name != ".." && name != stateFolder
}

// defaultReplicas is the replication factor of a topic whose creator does not say, if there are so many brokers: kfake's.
const defaultReplicas = 3

// serveCreateTopics keeps names from kfake that a topic may not have, and says of every topic which configurations it has.
func (l *life) serveCreateTopics(ctx context.Context, x *exchange) error {
	request := kmsg.NewPtrCreateTopicsRequest()
	if err := x.Decode(request); err != nil {
		return err
	}
	var refused []kmsg.CreateTopicsResponseTopic
	request.Topics = slices.DeleteFunc(request.Topics, func(t kmsg.CreateTopicsRequestTopic) bool {
		answer := kmsg.NewCreateTopicsResponseTopic()
		answer.Topic = t.Topic
		switch brokers := len(l.members.all()); {
		case !storable(t.Topic):
			answer.ErrorCode = kerr.InvalidTopicException.Code
		case int(t.ReplicationFactor) > brokers:
			answer.ErrorCode = kerr.InvalidReplicationFactor.Code
		default:
			return false
		}
		refused = append(refused, answer)
		return true
	})
	for i := range request.Topics { // kfake has more nodes than there are brokers
		if t := &request.Topics[i]; t.ReplicationFactor < 0 && len(t.ReplicaAssignment) == 0 {
			t.ReplicationFactor = int16(min(defaultReplicas, len(l.members.all())))
		}
	}
	x.rewrite(request)
	if err := l.serveTopicChange(ctx, x); err != nil {
		return err
	}
	response := kmsg.NewPtrCreateTopicsResponse()
	if err := x.decodeResponse(response); err != nil {
		return err
	}
	listConfigs(response)
	response.Topics = append(response.Topics, refused...)
	x.respond(response)
	return nil
}

// refusedNames takes names out of the request that no topic may have, and returns their answers.
func refusedNames(request *kmsg.MetadataRequest) (refused []kmsg.MetadataResponseTopic) {
	if request.Topics == nil {
		return nil // all topics
	}
	request.Topics = slices.DeleteFunc(request.Topics, func(t kmsg.MetadataRequestTopic) bool {
		if t.Topic == nil || t.TopicID != [16]byte{} || storable(*t.Topic) {
			return false
		}
		answer := kmsg.NewMetadataResponseTopic()
		answer.Topic, answer.ErrorCode = t.Topic, kerr.InvalidTopicException.Code
		refused = append(refused, answer)
		return true
	})
	return refused
}
