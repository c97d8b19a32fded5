package embedded

import (
	"context"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// How the members of a group are watched that the coordinator runs (KIP-848), in which they have no say. Apache Kafka has 5 s and 45 s, by
// which a rebalance takes longer than most scripts here do.
const (
	consumerHeartbeat = 500 * time.Millisecond
	consumerSession   = 10 * time.Second
)

// consumerGroupConfigs are for kfake.
func consumerGroupConfigs() map[string]string {
	return map[string]string{
		"group.consumer.heartbeat.interval.ms": strconv.FormatInt(consumerHeartbeat.Milliseconds(), 10),
		"group.consumer.session.timeout.ms":    strconv.FormatInt(consumerSession.Milliseconds(), 10),
	}
}

// serveConsumerGroupDescribe adds the names of topics, which kfake leaves out.
func (l *life) serveConsumerGroupDescribe(ctx context.Context, x *exchange) error {
	request, response := kmsg.NewPtrConsumerGroupDescribeRequest(), kmsg.NewPtrConsumerGroupDescribeResponse()
	forward := func(ctx context.Context, x *exchange) error { return x.forward(ctx) }
	if err := x.served(ctx, forward, request, response); err != nil {
		return err
	}
	for i := range response.Groups {
		for j := range response.Groups[i].Members {
			m := &response.Groups[i].Members[j]
			for _, has := range [][]kmsg.AssignmentTopicPartition{m.Assignment.TopicPartitions, m.TargetAssignment.TopicPartitions} {
				for k := range has {
					has[k].Topic = l.nameOf(has[k].Topic, has[k].TopicID)
				}
			}
		}
	}
	x.respond(response)
	return nil
}
