package access

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// prefix begins the names of what is no domain's.
func (w *world) prefix() string { return "k6suite-" + w.options.Name + "-" }

// creation is one ACL: somebody may do something to all whose names begin so.
func (w *world) creation(user string, r right, base string) kmsg.CreateACLsRequestCreation {
	c := kmsg.NewCreateACLsRequestCreation()
	c.Principal, c.Host, c.ResourceType, c.ResourceName = user, "*", r.kind, base
	c.ResourcePatternType, c.Operation, c.PermissionType = kmsg.ACLResourcePatternTypePrefixed, r.do, kmsg.ACLPermissionTypeAllow
	return c
}

// grant has the target know who may do what, unless it was set up before: then it need not take ACLs, and those are tried where it does.
func (w *world) grant(ctx context.Context) error {
	bait := w.creation(decoy, right{kmsg.ACLResourceTypeTopic, kmsg.ACLOperationRead}, w.prefix())
	if w.options.granted() {
		w.baited = w.offered(int16(kmsg.CreateACLs)) && w.create(ctx, bait) == nil
		return nil
	}
	if !w.offered(int16(kmsg.CreateACLs)) {
		return errors.New("the target has no CreateAcls: say in the profile which names each principal owns (principals[].owns)")
	}
	creations := []kmsg.CreateACLsRequestCreation{bait}
	for _, d := range w.domains {
		for n, p := range w.options.Principals {
			for _, r := range d.rights[n] {
				creations = append(creations, w.creation(p.User, r, d.base))
			}
		}
	}
	if err := w.create(ctx, creations...); err != nil {
		return fmt.Errorf("granting: %w", err)
	}
	w.baited = true
	w.known(ctx)
	return nil
}

func (w *world) create(ctx context.Context, creations ...kmsg.CreateACLsRequestCreation) error {
	request := kmsg.NewPtrCreateACLsRequest()
	request.Creations = creations
	response, err := w.admin.send(ctx, w.controller, request)
	if err != nil {
		return err
	}
	for _, result := range response.(*kmsg.CreateACLsResponse).Results {
		if err := kerr.ErrorForCode(result.ErrorCode); err != nil {
			return err
		}
	}
	return nil
}

// known waits until every broker knows of the rights, or for long enough: what is not known then is told by the refusals.
func (w *world) known(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, w.options.Timeout)
	defer cancel()
	for n, d := range w.domains[:wanted] {
		asks := []kmsg.Request{askMetadata(d), askCoordinator(d.group(), groupKey)}
		if w.offered(int16(kmsg.InitProducerID)) {
			asks = append(asks, askCoordinator(d.transaction(), transactionKey))
		}
		for _, b := range w.brokers {
			for _, ask := range asks {
				for w.denied(ctx, w.parties[n], b.ID, ask) && rest(ctx) {
				}
			}
		}
	}
}

func (w *world) denied(ctx context.Context, p *party, node int32, ask kmsg.Request) bool {
	response, err := p.send(ctx, node, ask)
	return err != nil || slices.ContainsFunc(codes(response), isRefusal)
}

func (w *world) askACLs() *kmsg.DescribeACLsRequest {
	r := kmsg.NewPtrDescribeACLsRequest()
	r.ResourceType, r.ResourcePatternType = kmsg.ACLResourceTypeAny, kmsg.ACLResourcePatternTypeAny
	r.Operation, r.PermissionType = kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
	return r
}

// hasACL reports whether there is an ACL of somebody for what is no domain's.
func (w *world) hasACL(ctx context.Context, user string) (bool, error) {
	ask := w.askACLs()
	name := w.prefix()
	ask.Principal, ask.ResourceName = &user, &name
	response, err := w.admin.send(ctx, w.controller, ask)
	if err != nil {
		return false, err
	}
	m := response.(*kmsg.DescribeACLsResponse)
	return len(m.Resources) > 0, kerr.ErrorForCode(m.ErrorCode)
}

func (w *world) askDeleteACLs(user, name string) kmsg.Request {
	r := kmsg.NewPtrDeleteACLsRequest()
	f := kmsg.NewDeleteACLsRequestFilter()
	f.ResourceType, f.ResourcePatternType = kmsg.ACLResourceTypeAny, kmsg.ACLResourcePatternTypeAny
	f.Operation, f.PermissionType = kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
	f.Principal, f.ResourceName = &user, &name
	r.Filters = append(r.Filters, f)
	return r
}

// revoke takes back all rights that the run has given.
func (w *world) revoke(ctx context.Context) {
	if !w.baited {
		return
	}
	bases := []string{w.prefix()}
	for _, d := range w.domains {
		bases = append(bases, d.base)
	}
	users := []string{decoy, "User:k6suite-new"}
	for _, p := range w.options.Principals {
		if p.Owns == "" {
			users = append(users, p.User)
		}
	}
	for _, base := range bases {
		for _, user := range users {
			_, _ = w.admin.send(ctx, w.controller, w.askDeleteACLs(user, base))
		}
	}
}
