package embedded

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// routeParts has a request about several groups or transactional ids served one by one, and puts the answers together.
func (l *life) routeParts(ctx context.Context, x *exchange, request kmsg.Request) error {
	parts := partsOf(request)
	if parts == nil {
		return x.send(ctx, x.conn.node)
	}
	if len(parts.keys) == 0 {
		return x.send(ctx, x.conn.node)
	}
	var merged kmsg.Response
	for i, key := range parts.keys {
		parts.only(i)
		x.rewrite(request)
		if err := x.send(ctx, l.coordinates(x.conn.node, key)); err != nil {
			return err
		}
		if len(parts.keys) == 1 {
			return nil
		}
		response := request.ResponseKind()
		if err := x.decodeResponse(response); err != nil {
			return err
		}
		if merged == nil {
			merged = response
		} else {
			parts.merge(merged, response)
		}
	}
	x.respond(merged)
	return nil
}

// parts is a request that can be taken apart by group or transactional id.
type parts struct {
	keys  []string
	only  func(i int) // leaves one of the keys in the request
	merge func(into, from kmsg.Response)
}

func newParts[T any](list *[]T, key func(T) string, merge func(into, from kmsg.Response)) *parts {
	all := *list
	p := &parts{only: func(i int) { *list = all[i : i+1 : i+1] }, merge: merge}
	for _, item := range all {
		p.keys = append(p.keys, key(item))
	}
	return p
}

func partsOf(request kmsg.Request) *parts {
	itself := func(key string) string { return key }
	switch r := request.(type) {
	case *kmsg.OffsetFetchRequest:
		return newParts(&r.Groups, func(g kmsg.OffsetFetchRequestGroup) string { return g.Group }, func(into, from kmsg.Response) {
			to := into.(*kmsg.OffsetFetchResponse)
			to.Groups = append(to.Groups, from.(*kmsg.OffsetFetchResponse).Groups...)
		})
	case *kmsg.DescribeGroupsRequest:
		return newParts(&r.Groups, itself, func(into, from kmsg.Response) {
			to := into.(*kmsg.DescribeGroupsResponse)
			to.Groups = append(to.Groups, from.(*kmsg.DescribeGroupsResponse).Groups...)
		})
	case *kmsg.DeleteGroupsRequest:
		return newParts(&r.Groups, itself, func(into, from kmsg.Response) {
			to := into.(*kmsg.DeleteGroupsResponse)
			to.Groups = append(to.Groups, from.(*kmsg.DeleteGroupsResponse).Groups...)
		})
	case *kmsg.ConsumerGroupDescribeRequest:
		return newParts(&r.Groups, itself, func(into, from kmsg.Response) {
			to := into.(*kmsg.ConsumerGroupDescribeResponse)
			to.Groups = append(to.Groups, from.(*kmsg.ConsumerGroupDescribeResponse).Groups...)
		})
	case *kmsg.ShareGroupDescribeRequest:
		return newParts(&r.GroupIDs, itself, func(into, from kmsg.Response) {
			to := into.(*kmsg.ShareGroupDescribeResponse)
			to.Groups = append(to.Groups, from.(*kmsg.ShareGroupDescribeResponse).Groups...)
		})
	case *kmsg.DescribeShareGroupOffsetsRequest:
		key := func(g kmsg.DescribeShareGroupOffsetsRequestGroup) string { return g.GroupID }
		return newParts(&r.Groups, key, func(into, from kmsg.Response) {
			to := into.(*kmsg.DescribeShareGroupOffsetsResponse)
			to.Groups = append(to.Groups, from.(*kmsg.DescribeShareGroupOffsetsResponse).Groups...)
		})
	case *kmsg.DescribeTransactionsRequest:
		return newParts(&r.TransactionalIDs, itself, func(into, from kmsg.Response) {
			to := into.(*kmsg.DescribeTransactionsResponse)
			to.TransactionStates = append(to.TransactionStates, from.(*kmsg.DescribeTransactionsResponse).TransactionStates...)
		})
	default:
		return nil
	}
}

// groupsOf lists the groups that the broker coordinates: each node of kfake knows some of them.
func (l *life) groupsOf(ctx context.Context, broker int32, request *kmsg.ListGroupsRequest) (*kmsg.ListGroupsResponse, error) {
	var merged *kmsg.ListGroupsResponse
	for node := range int32(len(l.doorways)) {
		response, err := l.inner.request(ctx, node, request)
		if err != nil {
			return nil, err
		}
		some := response.(*kmsg.ListGroupsResponse)
		if merged == nil {
			merged = some
			some = &kmsg.ListGroupsResponse{Groups: some.Groups}
			merged.Groups = []kmsg.ListGroupsResponseGroup{}
		}
		for _, g := range some.Groups {
			if c := l.members.coordinator(g.Group); c != nil && c.node == broker {
				merged.Groups = append(merged.Groups, g)
			}
		}
	}
	return merged, nil
}
