package embedded

import (
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// accessLies break what is promised of who may do what.
func accessLies() []maker {
	const script = "permission_boundary"
	return []maker{
		lie("acl-leaks-fetch", "ACCESS_LEAK/read", "whoever fetches gets records, whether he may read the topic or not", newLeakFetch, script),
		lie("acl-leaks-commit", "ACCESS_LEAK/write", "a commit of who may not is refused, and done all the same", newLeakCommit, script),
		lie("acl-shows-topics", "ACCESS_LEAK/existence", "the list of all topics leaves none out", newShowTopics, script),
		lie("acl-tells-existence", "ACCESS_LEAK/existence", "who may not know of a topic is told when there is none", newTellExistence, script),
		lie("acl-refuses-owner", "ACCESS_REFUSED", "who may list offsets is refused", newRefuseOwner, script),
		lie("acl-hangs-up", "UNCLEAR_REFUSAL", "who may not create topics is hung up on", newHangUp, script),
		lie("acl-wrong-error", "UNCLEAR_REFUSAL", "who may not use a transactional id is told of an unknown error", newWrongError, script),
	}
}

// newLie makes a lie about one API. It is told to principals that are not super users.
func newLie(l *liar, key kmsg.Key, tell func(ctx context.Context, l *life, x *exchange, next handler) error) mischief {
	return &accessLie{liar: l, key: key, tell: tell}
}

type accessLie struct {
	honest
	*liar
	key  kmsg.Key
	tell func(ctx context.Context, l *life, x *exchange, next handler) error
}

func (m *accessLie) handler(l *life, key kmsg.Key, next handler) handler {
	if key != m.key || l.access == nil {
		return next
	}
	return func(ctx context.Context, x *exchange) error {
		if l.access.super(x.principal()) {
			return next(ctx, x)
		}
		return m.tell(ctx, l, x, next)
	}
}

// in has a request served as if it came from somebody else.
func (x *exchange) in(guise string, serve func() error) error {
	x.guise = guise
	defer func() { x.guise = "" }()
	return serve()
}

func newLeakFetch(l *liar) mischief {
	return newLie(l, kmsg.Fetch, func(ctx context.Context, in *life, x *exchange, next handler) error {
		request := kmsg.NewPtrFetchRequest()
		if err := x.Decode(request); err != nil {
			return err
		}
		strange := slices.ContainsFunc(request.Topics, func(t kmsg.FetchRequestTopic) bool {
			return !x.may(kmsg.ACLOperationRead, kmsg.ACLResourceTypeTopic, in.nameOf(t.Topic, t.TopicID))
		})
		if !strange || !l.strikes() {
			return next(ctx, x)
		}
		return x.in(insider, func() error { return next(ctx, x) })
	})
}

func newLeakCommit(l *liar) mischief {
	return newLie(l, kmsg.OffsetCommit, func(ctx context.Context, _ *life, x *exchange, next handler) error {
		request := kmsg.NewPtrOffsetCommitRequest()
		if err := x.Decode(request); err != nil {
			return err
		}
		if x.may(kmsg.ACLOperationRead, kmsg.ACLResourceTypeGroup, request.Group) || !l.strikes() {
			return next(ctx, x)
		}
		if err := next(ctx, x); err != nil {
			return err
		}
		refusal := kmsg.NewPtrOffsetCommitResponse()
		if err := x.decodeResponse(refusal); err != nil {
			return err
		}
		x.done()
		if err := x.in(insider, func() error { return next(ctx, x) }); err != nil {
			return err
		}
		x.respond(refusal)
		return nil
	})
}

func newShowTopics(l *liar) mischief {
	return newLie(l, kmsg.Metadata, func(ctx context.Context, _ *life, x *exchange, next handler) error {
		request := kmsg.NewPtrMetadataRequest()
		if err := x.Decode(request); err != nil {
			return err
		}
		if request.Topics != nil || !l.strikes() {
			return next(ctx, x)
		}
		return x.in(insider, func() error { return next(ctx, x) })
	})
}

func newTellExistence(l *liar) mischief {
	return newLie(l, kmsg.Metadata, func(ctx context.Context, in *life, x *exchange, next handler) error {
		response := kmsg.NewPtrMetadataResponse()
		if err := next(ctx, x); err != nil {
			return err
		}
		if err := x.decodeResponse(response); err != nil {
			return err
		}
		for i := range response.Topics {
			t := &response.Topics[i]
			if t.ErrorCode == kerr.TopicAuthorizationFailed.Code && t.Topic != nil && in.kfake.TopicInfo(*t.Topic) == nil {
				t.ErrorCode = kerr.UnknownTopicOrPartition.Code
				l.hits.Add(1)
			}
		}
		x.respond(response)
		return nil
	})
}

func newRefuseOwner(l *liar) mischief {
	return newLie(l, kmsg.ListOffsets, func(ctx context.Context, _ *life, x *exchange, next handler) error {
		request := kmsg.NewPtrListOffsetsRequest()
		if err := x.Decode(request); err != nil {
			return err
		}
		mine := slices.ContainsFunc(request.Topics, func(t kmsg.ListOffsetsRequestTopic) bool {
			return x.may(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeTopic, t.Topic)
		})
		if !mine || !l.strikes() {
			return next(ctx, x)
		}
		return x.in(stranger, func() error { return next(ctx, x) })
	})
}

func newHangUp(l *liar) mischief {
	return newLie(l, kmsg.CreateTopics, func(ctx context.Context, _ *life, x *exchange, next handler) error {
		response := kmsg.NewPtrCreateTopicsResponse()
		if err := next(ctx, x); err != nil {
			return err
		}
		if err := x.decodeResponse(response); err != nil {
			return err
		}
		refused := slices.ContainsFunc(response.Topics, func(t kmsg.CreateTopicsResponseTopic) bool {
			return t.ErrorCode == kerr.TopicAuthorizationFailed.Code || t.ErrorCode == kerr.ClusterAuthorizationFailed.Code
		})
		if refused && l.strikes() {
			return errRefused
		}
		return nil
	})
}

func newWrongError(l *liar) mischief {
	return newLie(l, kmsg.InitProducerID, func(ctx context.Context, _ *life, x *exchange, next handler) error {
		response := kmsg.NewPtrInitProducerIDResponse()
		if err := next(ctx, x); err != nil {
			return err
		}
		if err := x.decodeResponse(response); err != nil {
			return err
		}
		if response.ErrorCode == kerr.TransactionalIDAuthorizationFailed.Code && l.strikes() {
			response.ErrorCode = kerr.UnknownServerError.Code
			x.respond(response)
		}
		return nil
	})
}
