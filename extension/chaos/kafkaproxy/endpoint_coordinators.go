package kafkaproxy

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	groupKind       = 0 // of FindCoordinator
	transactionKind = 1
)

// uncoordinated has clients look for the coordinator again. What became of a request without an answer they learn by repeating it,
// as they do when a connection breaks.
func uncoordinated() outage {
	return outage{unsent: kerr.NotCoordinator.Code, unanswered: kerr.CoordinatorNotAvailable.Code}
}

func toGroup(ctx context.Context, r *endpointRouter, c *call) error {
	return r.toCoordinatorOf(ctx, c, mainLeg)
}

func toGroupSlowly(ctx context.Context, r *endpointRouter, c *call) error {
	return r.toCoordinatorOf(ctx, c, slowLeg)
}

func toTransaction(ctx context.Context, r *endpointRouter, c *call) error {
	return r.toCoordinatorOf(ctx, c, mainLeg)
}

// toCoordinatorOf sends a request about one group or transaction to its coordinator.
func (r *endpointRouter) toCoordinatorOf(ctx context.Context, c *call, kind legKind) error {
	request, err := c.request()
	if err != nil {
		return err
	}
	key, err := coordinated(request)
	if err != nil {
		return err
	}
	b, code, err := r.coordinatorFor(ctx, c, key)
	if err != nil {
		return err
	}
	if code != 0 {
		r.refuse(c, code)
		return nil
	}
	r.leg(b, kind).send(c.part(func(p *call) {
		if !harmless(c.Key) {
			r.groups.leave(key, nil)
		}
		if p.err != nil {
			r.refuse(c, uncoordinated().code(p.err))
			return
		}
		response, err := p.reply()
		if err != nil {
			c.fail(err)
			return
		}
		if misdirected(response) {
			r.endpoint.topology.deniedCoordinator(b, key)
		}
		c.complete(p.response)
	}))
	return nil
}

// coordinatorFor returns the broker that a call goes to, claimed if the call changes something, and otherwise the error code that
// says why there is none.
func (r *endpointRouter) coordinatorFor(ctx context.Context, c *call, key coordinatorKey) (*backend, int16, error) {
	for {
		b, code := r.coordinator(ctx, key)
		if code != 0 || harmless(c.Key) {
			return b, code, nil
		}
		wait := r.groups.enter([]coordinatorKey{key}, func(coordinatorKey) *backend { return b }, nil)
		if wait == nil {
			return b, 0, nil
		}
		if err := r.hold(ctx, wait); err != nil {
			return nil, 0, err
		}
	}
}

// coordinated returns whose coordinator a request is for.
func coordinated(request kmsg.Request) (coordinatorKey, error) {
	of := reflect.ValueOf(request).Elem()
	for _, name := range []string{"Group", "GroupID"} {
		if group := of.FieldByName(name); group.IsValid() && request.Key() != int16(kmsg.AddOffsetsToTxn) {
			return coordinatorKey{groupKind, group.String()}, nil
		}
	}
	id := of.FieldByName("TransactionalID")
	if id.IsValid() && id.Kind() == reflect.Pointer {
		id = id.Elem()
	}
	if !id.IsValid() {
		return coordinatorKey{}, fmt.Errorf("%s request: it names neither a group nor a transaction", kmsg.NameForKey(request.Key()))
	}
	return coordinatorKey{transactionKind, id.String()}, nil
}

// misdirected reports whether a broker said that it does not coordinate.
func misdirected(response kmsg.Response) bool {
	return hasCodeIn(response, kerr.NotCoordinator.Code) || hasCodeIn(response, kerr.CoordinatorNotAvailable.Code)
}

func hasCodeIn(response kmsg.Response, code int16) bool {
	return hasCode(reflect.ValueOf(response).Elem(), int64(code))
}

// initProducerID goes to the coordinator of the transactional id; without one, any broker can give an id.
func initProducerID(ctx context.Context, r *endpointRouter, c *call) error {
	request, err := c.request()
	if err != nil {
		return err
	}
	if request.(*kmsg.InitProducerIDRequest).TransactionalID == nil {
		return toAnyone(ctx, r, c)
	}
	return toTransaction(ctx, r, c)
}

// addPartitions speaks of one transaction up to version 3, of several from then on.
func addPartitions(ctx context.Context, r *endpointRouter, c *call) error {
	if c.Version < 4 {
		return toTransaction(ctx, r, c)
	}
	return toCoordinators(ctx, r, c)
}

// offsetFetch speaks of one group up to version 7, of several from then on.
func offsetFetch(ctx context.Context, r *endpointRouter, c *call) error {
	if c.Version < 8 {
		return toGroup(ctx, r, c)
	}
	return toCoordinators(ctx, r, c)
}

// toCoordinators sends a request about several groups or transactions to their coordinators.
func toCoordinators(ctx context.Context, r *endpointRouter, c *call) error {
	request, err := c.request()
	if err != nil {
		return err
	}
	l, kind := coordinatedList(c.Key)
	keys := l.keys(request)
	s := &scatter{
		router: r, call: c, outage: uncoordinated(),
		merge: func(answers []kmsg.Response) kmsg.Response { return l.merge(request, answers) },
	}
	s.see = func(b *backend, response kmsg.Response) {
		if misdirected(response) {
			for _, key := range keys {
				r.endpoint.topology.deniedCoordinator(b, coordinatorKey{kind, key})
			}
		}
	}
	order, parts := split(l, request, func(i int) target {
		b, code := r.coordinator(ctx, coordinatorKey{kind, keys[i]})
		return target{b, code}
	})
	if err := allot(s, order, parts); err != nil {
		return err
	}
	if len(order) == 0 { // nothing is asked: any broker answers that
		return toAnyone(ctx, r, c)
	}
	s.send()
	return nil
}

// coordinatedList returns the list of groups or transactions of an API, and the kind of their coordinators.
func coordinatedList(key kmsg.Key) (listed, int8) {
	switch key {
	case kmsg.DescribeTransactions:
		return listed{"TransactionalIDs", "TransactionStates", keyIn("TransactionalID")}, transactionKind
	case kmsg.AddPartitionsToTxn:
		return listed{"Transactions", "Transactions", keyIn("TransactionalID")}, transactionKind
	default:
		return listed{"Groups", "Groups", keyIn("Group")}, groupKind
	}
}

// toEveryone sends a question to all brokers of the cluster. If one does not answer, those that the cluster then names are asked
// once more; an answer that lacks one of them carries an error.
func toEveryone(ctx context.Context, r *endpointRouter, c *call) error {
	request, err := c.request()
	if err != nil {
		return err
	}
	if !r.survey(ctx) {
		r.refuse(c, kerr.CoordinatorNotAvailable.Code)
		return nil
	}
	r.askEveryone(c, request, true)
	return nil
}

func (r *endpointRouter) askEveryone(c *call, request kmsg.Request, retry bool) {
	s := &scatter{router: r, call: c, outage: outage{kerr.CoordinatorNotAvailable.Code, kerr.CoordinatorNotAvailable.Code}}
	for _, b := range r.endpoint.topology.live() {
		if _, frozen := b.frozenSince(r.endpoint.proxy.options.Silence); frozen && !retry {
			r.refuse(c, kerr.CoordinatorNotAvailable.Code) // it has been waited for once
			return
		}
		s.pieces = append(s.pieces, piece{backend: b, kind: mainLeg, request: shallow(request)})
	}
	s.merge = func(answers []kmsg.Response) kmsg.Response { return concatenate(answers, s.pieces) }
	if retry {
		s.again = func() bool {
			return r.later(func() {
				if !r.survey(r.ctx) {
					r.refuse(c, kerr.CoordinatorNotAvailable.Code)
					return
				}
				r.askEveryone(c, request, false)
			})
		}
	}
	s.send()
}

// concatenate merges what all brokers say, each of what it has.
func concatenate(answers []kmsg.Response, pieces []piece) kmsg.Response {
	merged := frame(answers)
	switch m := merged.(type) {
	case *kmsg.ListGroupsResponse:
		m.Groups = nil
		for _, a := range answers {
			m.Groups = append(m.Groups, a.(*kmsg.ListGroupsResponse).Groups...)
		}
	case *kmsg.ListTransactionsResponse:
		m.TransactionStates = nil
		for _, a := range answers {
			m.TransactionStates = append(m.TransactionStates, a.(*kmsg.ListTransactionsResponse).TransactionStates...)
		}
	case *kmsg.DescribeLogDirsResponse:
		m.Dirs = nil
		for i, a := range answers {
			dirs := slices.Clone(a.(*kmsg.DescribeLogDirsResponse).Dirs)
			for j := range dirs {
				dirs[j].Dir = fmt.Sprintf("%s (broker %d)", dirs[j].Dir, pieces[i].backend.node.Load())
			}
			m.Dirs = append(m.Dirs, dirs...)
		}
	}
	return merged
}
