package embedded

import (
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

func listReplicas(p *kmsg.DescribeTopicPartitionsResponseTopicPartition) {
	p.EligibleLeaderReplicas = append([]int32{}, p.EligibleLeaderReplicas...)
	p.LastKnownELR = append([]int32{}, p.LastKnownELR...)
}

func lowerTypes(request *kmsg.ListGroupsRequest) {
	for i, kind := range request.TypesFilter {
		request.TypesFilter[i] = strings.ToLower(kind)
	}
}
