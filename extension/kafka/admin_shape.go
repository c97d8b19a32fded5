package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Shape is what one metadata answer shows of a cluster.
type Shape struct {
	Brokers    []Broker
	Leaders    []Leader // of the topics that were asked for, all partitions
	Controller int32    // node id; -1: metadata does not say
}

// Leader says who leads a partition.
type Leader struct {
	Topic     string
	Partition int32 // -1: the topic as a whole
	Leader    int32 // -1: nobody
	Replicas  []int32
	Err       error // what metadata says is wrong with it; nil: nothing
}

// Shape asks for the brokers, and for the leaders of topics.
func (a *Admin) Shape(ctx context.Context, topics ...string) (Shape, error) {
	response, err := a.metadata(ctx, append([]string{}, topics...)) // nil would be all
	if err != nil {
		return Shape{}, fmt.Errorf("kafka: metadata: %w", err)
	}
	shape := Shape{Brokers: brokersOf(response), Controller: response.ControllerID}
	for i := range response.Topics {
		t := &response.Topics[i]
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			shape.Leaders = append(shape.Leaders, Leader{Topic: nameOf(t), Partition: -1, Leader: -1, Err: err})
		}
		for _, p := range t.Partitions {
			shape.Leaders = append(shape.Leaders, Leader{
				Topic: nameOf(t), Partition: p.Partition, Leader: p.Leader, Replicas: p.Replicas, Err: kerr.ErrorForCode(p.ErrorCode),
			})
		}
	}
	return shape, nil
}

func nameOf(t *kmsg.MetadataResponseTopic) string {
	if t.Topic == nil {
		return ""
	}
	return *t.Topic
}
