package embedded

import (
	"context"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// What kfake says of brokers is put right here: it knows of a node for each broker that there could be.

// serveMetadata makes topics that the request creates durable before the client hears of them.
func (l *life) serveMetadata(ctx context.Context, x *exchange) error {
	request, response := kmsg.NewPtrMetadataRequest(), kmsg.NewPtrMetadataResponse()
	if err := x.Decode(request); err != nil {
		return err
	}
	var refused []kmsg.MetadataResponseTopic
	if l.options.AutoCreate {
		if refused = refusedNames(request); len(refused) > 0 {
			x.rewrite(request)
		}
	}
	if err := x.forward(ctx); err != nil {
		return err
	}
	if err := x.decodeResponse(response); err != nil {
		return err
	}
	if l.options.AutoCreate {
		for i := range response.Topics {
			t := &response.Topics[i]
			if t.ErrorCode != 0 || t.Topic == nil {
				continue
			}
			if _, err := l.catalog.find(ctx, *t.Topic, t.TopicID, t.TopicID != [16]byte{}); err != nil {
				return err
			}
		}
	}
	l.showBrokers(response)
	response.Topics = append(response.Topics, refused...)
	x.respond(response)
	return nil
}

// showBrokers has an answer name the members, and who leads now. Both are of one moment: who was just expelled leads nothing any more.
func (l *life) showBrokers(response *kmsg.MetadataResponse) {
	l.leading.Lock()
	defer l.leading.Unlock()
	response.ControllerID = l.members.controller()
	members := l.members.all()
	rack := rackOf(response.Brokers)
	response.Brokers = make([]kmsg.MetadataResponseBroker, 0, len(members))
	for _, b := range members {
		shown := kmsg.NewMetadataResponseBroker()
		shown.NodeID, shown.Host, shown.Port, shown.Rack = b.node, loopback, int32(b.number()), rack
		response.Brokers = append(response.Brokers, shown)
	}
	for i := range response.Topics {
		t := &response.Topics[i]
		if len(t.Partitions) == 0 {
			continue
		}
		// The topic may have been created a moment ago, and its leaders moved since kfake answered.
		current := map[int32]*kfake.PartitionInfo{}
		for _, info := range l.kfake.PartitionInfos(l.nameOr(t.Topic, t.TopicID)) {
			current[info.Partition] = info
		}
		for j := range t.Partitions {
			p := &t.Partitions[j]
			if p.ErrorCode != 0 {
				continue
			}
			if info := current[p.Partition]; info != nil {
				p.Leader, p.LeaderEpoch = info.Leader, info.Epoch
			}
			p.Replicas = replicasOf(members, p.Leader, len(p.Replicas))
			p.ISR = p.Replicas
			if len(p.Replicas) == 0 {
				p.ErrorCode, p.Leader = kerr.LeaderNotAvailable.Code, -1
			}
		}
	}
}

func (l *life) nameOr(name *string, id [16]byte) string {
	if name != nil {
		return *name
	}
	return l.nameOf("", id)
}

func rackOf(brokers []kmsg.MetadataResponseBroker) *string {
	if len(brokers) == 0 {
		return nil
	}
	return brokers[0].Rack
}

// replicasOf returns the leader and as many of the members after it; none if the leader is not a member.
func replicasOf(members []*broker, leader int32, n int) []int32 {
	for i, b := range members {
		if b.node != leader {
			continue
		}
		var list []int32
		for k := range min(n, len(members)) {
			list = append(list, members[(i+k)%len(members)].node)
		}
		return list
	}
	return []int32{}
}

func (l *life) serveDescribeCluster(ctx context.Context, x *exchange) error {
	response := kmsg.NewPtrDescribeClusterResponse()
	if err := x.forward(ctx); err != nil {
		return err
	}
	if err := x.decodeResponse(response); err != nil {
		return err
	}
	var rack *string
	if len(response.Brokers) > 0 {
		rack = response.Brokers[0].Rack
	}
	response.Brokers = nil
	for _, b := range l.members.all() {
		shown := kmsg.NewDescribeClusterResponseBroker()
		shown.NodeID, shown.Host, shown.Port, shown.Rack = b.node, loopback, int32(b.number()), rack
		response.Brokers = append(response.Brokers, shown)
	}
	response.ControllerID = l.members.controller()
	x.respond(response)
	return nil
}

func (l *life) serveFindCoordinator(ctx context.Context, x *exchange) error {
	request, response := kmsg.NewPtrFindCoordinatorRequest(), kmsg.NewPtrFindCoordinatorResponse()
	if err := x.served(ctx, forward, request, response); err != nil {
		return err
	}
	if b := l.members.coordinator(request.CoordinatorKey); b != nil && request.Version < 4 && response.ErrorCode == 0 {
		response.NodeID, response.Host, response.Port = b.node, loopback, int32(b.number())
	}
	for i := range response.Coordinators {
		c := &response.Coordinators[i]
		if b := l.members.coordinator(c.Key); b != nil && c.ErrorCode == 0 {
			c.NodeID, c.Host, c.Port = b.node, loopback, int32(b.number())
		}
	}
	x.respond(response)
	return nil
}

func (l *life) serveDescribeTopicPartitions(ctx context.Context, x *exchange) error {
	if err := x.forward(ctx); err != nil {
		return err
	}
	response := kmsg.NewPtrDescribeTopicPartitionsResponse()
	if err := x.decodeResponse(response); err != nil {
		return err
	}
	members := l.members.all()
	for _, t := range response.Topics {
		for i := range t.Partitions {
			p := &t.Partitions[i]
			p.Replicas = replicasOf(members, p.LeaderID, len(p.Replicas))
			p.ISR = p.Replicas
			if len(p.Replicas) == 0 && p.ErrorCode == 0 {
				p.ErrorCode, p.LeaderID = kerr.LeaderNotAvailable.Code, -1
			}
			listReplicas(p)
		}
	}
	x.respond(response)
	return nil
}

// serveListConfigResources lists no brokers that are not there.
func (l *life) serveListConfigResources(ctx context.Context, x *exchange) error {
	if err := x.forward(ctx); err != nil {
		return err
	}
	response := kmsg.NewPtrListConfigResourcesResponse()
	if err := x.decodeResponse(response); err != nil {
		return err
	}
	there := map[string]bool{}
	for _, b := range l.members.all() {
		there[strconv.Itoa(int(b.node))] = true
	}
	kept := response.ConfigResources[:0]
	for _, r := range response.ConfigResources {
		kind := kmsg.ConfigResourceType(r.Type)
		if kind != kmsg.ConfigResourceTypeBroker && kind != kmsg.ConfigResourceTypeBrokerLogger || there[r.Name] {
			kept = append(kept, r)
		}
	}
	response.ConfigResources = kept
	x.respond(response)
	return nil
}
