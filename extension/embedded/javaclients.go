package embedded

import (
	"context"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// What the clients of Java need and kfake does not do: they do not survive null in some lists, although the protocol allows it, and
// they write the filters of ListGroups with capitals, which Apache Kafka does not tell from small letters.

func listConfigs(response *kmsg.CreateTopicsResponse) {
	for i := range response.Topics {
		if t := &response.Topics[i]; t.Configs == nil {
			t.Configs = []kmsg.CreateTopicsResponseTopicConfig{}
		}
	}
}

func serveDescribeTopicPartitions(ctx context.Context, x *exchange) error {
	if err := x.forward(ctx); err != nil {
		return err
	}
	response := kmsg.NewPtrDescribeTopicPartitionsResponse()
	if err := x.decodeResponse(response); err != nil {
		return err
	}
	for _, t := range response.Topics {
		for i := range t.Partitions {
			p := &t.Partitions[i]
			p.EligibleLeaderReplicas = append([]int32{}, p.EligibleLeaderReplicas...)
			p.LastKnownELR = append([]int32{}, p.LastKnownELR...)
		}
	}
	x.respond(response)
	return nil
}

func serveListGroups(ctx context.Context, x *exchange) error {
	request := kmsg.NewPtrListGroupsRequest()
	if err := x.Decode(request); err != nil {
		return err
	}
	if len(request.TypesFilter) > 0 {
		for i, kind := range request.TypesFilter {
			request.TypesFilter[i] = strings.ToLower(kind)
		}
		x.rewrite(request)
	}
	return x.forward(ctx)
}
