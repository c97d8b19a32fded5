package kafkaproxy

import (
	"context"
	"reflect"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// createTopics leaves the choice of replicas to the cluster where the client could name nobody but node 0.
func createTopics(ctx context.Context, r *endpointRouter, c *call) error {
	message, err := c.request()
	if err != nil {
		return err
	}
	changed := false
	q := message.(*kmsg.CreateTopicsRequest)
	for i := range q.Topics {
		t := &q.Topics[i]
		free := len(t.ReplicaAssignment) > 0
		for _, a := range t.ReplicaAssignment {
			free = free && endpointAlone(a.Replicas)
		}
		if free {
			t.NumPartitions, t.ReplicationFactor, t.ReplicaAssignment = int32(len(t.ReplicaAssignment)), 1, nil
			changed = true
		}
	}
	if changed {
		c.encode()
	}
	return toController(ctx, r, c)
}

// createPartitions does as createTopics.
func createPartitions(ctx context.Context, r *endpointRouter, c *call) error {
	message, err := c.request()
	if err != nil {
		return err
	}
	changed := false
	q := message.(*kmsg.CreatePartitionsRequest)
	for i := range q.Topics {
		t := &q.Topics[i]
		free := len(t.Assignment) > 0
		for _, a := range t.Assignment {
			free = free && endpointAlone(a.Replicas)
		}
		if free {
			t.Assignment, changed = nil, true
		}
	}
	if changed {
		c.encode()
	}
	return toController(ctx, r, c)
}

func endpointAlone(replicas []int32) bool { return len(replicas) == 1 && replicas[0] == endpointNode }

// configs sends what concerns a broker's configuration to that broker, and the rest to the controller. Broker "0" is the whole
// cluster: its configuration is read from the first broker, and changed on all.
func configs(ctx context.Context, r *endpointRouter, c *call) error {
	request, err := c.request()
	if err != nil {
		return err
	}
	controller := r.controller(ctx)
	if controller == nil {
		r.refuse(c, kerr.NetworkException.Code)
		return nil
	}
	resources := listed{"Resources", "Resources", resourceKey}
	live := r.endpoint.topology.live()
	s := &scatter{router: r, call: c, outage: outage{kerr.NetworkException.Code, kerr.NetworkException.Code}}
	all := field(request, "Resources")
	order, parts := split(resources, request, func(i int) *backend {
		kind, name := resourceOf(all.Index(i))
		if !ofBroker(kind) || name == "" {
			return controller
		}
		id, err := strconv.ParseInt(name, 10, 32)
		if name == endpointName() || err != nil {
			return nil // all of them
		}
		if b := r.endpoint.topology.node(int32(id)); b != nil {
			return b
		}
		return controller // who says that there is no such broker
	})
	for _, b := range order {
		if b != nil {
			s.pieces = append(s.pieces, piece{backend: b, kind: mainLeg, request: parts[b]})
			continue
		}
		if c.Key == kmsg.DescribeConfigs {
			live = live[:1]
		}
		for _, b := range live {
			s.pieces = append(s.pieces, piece{backend: b, kind: mainLeg, request: renamed(parts[nil], b.node.Load()), whole: true})
		}
	}
	if len(s.pieces) == 0 {
		return toAnyone(ctx, r, c)
	}
	s.merge = func(answers []kmsg.Response) kmsg.Response {
		for i, answer := range answers {
			rename(field(answer, "Resources"), s.pieces[i])
		}
		return unite(resources.merge(request, answers))
	}
	s.send()
	return nil
}

func endpointName() string { return strconv.Itoa(endpointNode) }

func resourceOf(resource reflect.Value) (kmsg.ConfigResourceType, string) {
	return kmsg.ConfigResourceType(resource.FieldByName("ResourceType").Int()), resource.FieldByName("ResourceName").String()
}

func resourceKey(resource reflect.Value) string {
	kind, name := resourceOf(resource)
	return strconv.Itoa(int(kind)) + " " + name
}

func ofBroker(kind kmsg.ConfigResourceType) bool {
	return kind == kmsg.ConfigResourceTypeBroker || kind == kmsg.ConfigResourceTypeBrokerLogger
}

// renamed returns a copy of a request about broker "0" that names a real one.
func renamed(request kmsg.Request, node int32) kmsg.Request {
	part := shallow(request)
	from := field(part, "Resources")
	to := reflect.MakeSlice(from.Type(), from.Len(), from.Len())
	reflect.Copy(to, from)
	for i := range to.Len() {
		to.Index(i).FieldByName("ResourceName").SetString(strconv.Itoa(int(node)))
	}
	from.Set(to)
	return part
}

// rename gives the brokers of an answer the names that the client knows: those of the request.
func rename(answer reflect.Value, asked piece) {
	for i := range answer.Len() {
		kind, name := resourceOf(answer.Index(i))
		if !ofBroker(kind) || name != strconv.Itoa(int(asked.backend.node.Load())) || !asked.whole {
			continue
		}
		answer.Index(i).FieldByName("ResourceName").SetString(endpointName())
	}
}

// unite leaves one answer about broker "0": the first that is an error, or else the first.
func unite(response kmsg.Response) kmsg.Response {
	all := field(response, "Resources")
	one := reflect.MakeSlice(all.Type(), 0, all.Len())
	at := map[string]int{}
	for i := range all.Len() {
		key := resourceKey(all.Index(i))
		first, there := at[key]
		switch {
		case !there:
			at[key] = one.Len()
			one = reflect.Append(one, all.Index(i))
		case one.Index(first).FieldByName("ErrorCode").Int() == 0:
			one.Index(first).Set(all.Index(i))
		}
	}
	all.Set(one)
	return response
}

// writeMarkers sends the markers of transactions to the leaders of their partitions. It is for tools that end a transaction that
// hangs, one at a time: several markers of one producer are answered as one.
func writeMarkers(ctx context.Context, r *endpointRouter, c *call) error {
	message, err := c.request()
	if err != nil {
		return err
	}
	q := message.(*kmsg.WriteTxnMarkersRequest)
	parts := map[target]*kmsg.WriteTxnMarkersRequest{}
	s := &scatter{router: r, call: c, outage: unled()}
	s.merge = func(answers []kmsg.Response) kmsg.Response { return mergeMarkers(q, answers) }
	var order []target
	for i := range q.Markers {
		found := r.targets(ctx, positions(&q.Markers[i]))
		nodes, split := splitTopics(&q.Markers[i], func(at position) target { return found[at] })
		for _, to := range nodes {
			if parts[to] == nil {
				parts[to] = kmsg.NewPtrWriteTxnMarkersRequest()
				order = append(order, to)
			}
			parts[to].Markers = append(parts[to].Markers, *split[to])
		}
	}
	if err := allot(s, order, parts); err != nil {
		return err
	}
	if len(order) == 0 {
		return toAnyone(ctx, r, c)
	}
	s.send()
	return nil
}

func mergeMarkers(q *kmsg.WriteTxnMarkersRequest, answers []kmsg.Response) kmsg.Response {
	merged := kmsg.NewPtrWriteTxnMarkersResponse()
	for i := range q.Markers {
		var parts []*kmsg.WriteTxnMarkersResponseMarker
		for _, answer := range answers {
			m := answer.(*kmsg.WriteTxnMarkersResponse)
			for j := range m.Markers {
				if m.Markers[j].ProducerID == q.Markers[i].ProducerID {
					parts = append(parts, &m.Markers[j])
				}
			}
		}
		if len(parts) > 0 {
			merged.Markers = append(merged.Markers, *mergeTopics(&q.Markers[i], parts))
		}
	}
	return merged
}
