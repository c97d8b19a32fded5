package embedded

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// grant is one ACL, as the bucket keeps it.
type grant struct {
	Principal string                      `json:"principal"`
	Host      string                      `json:"host"`
	Kind      kmsg.ACLResourceType        `json:"kind"`
	Name      string                      `json:"name"`
	Pattern   kmsg.ACLResourcePatternType `json:"pattern"`
	Operation kmsg.ACLOperation           `json:"operation"`
	Permitted kmsg.ACLPermissionType      `json:"permission"`
}

// grants are the ACLs of the cluster.
type grants struct {
	mu   sync.RWMutex
	list []grant
}

func (g *grants) set(list []grant) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.list = list
}

// allow decides as Kafka does: a denial beats all, and what nothing allows is refused.
func (g *grants) allow(principal, host string, do kmsg.ACLOperation, kind kmsg.ACLResourceType, name string) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	allowed := false
	for i := range g.list {
		one := &g.list[i]
		if !one.about(kind, name) || !one.speaksOf(principal, host) || !one.covers(do) {
			continue
		}
		if one.Permitted == kmsg.ACLPermissionTypeDeny {
			return false
		}
		allowed = true
	}
	return allowed
}

func (g *grant) about(kind kmsg.ACLResourceType, name string) bool {
	if g.Kind != kind {
		return false
	}
	if g.Pattern == kmsg.ACLResourcePatternTypePrefixed {
		return strings.HasPrefix(name, g.Name)
	}
	return g.Name == name || g.Name == "*"
}

func (g *grant) speaksOf(principal, host string) bool {
	return (g.Principal == "User:"+principal || g.Principal == "User:*") && (g.Host == "*" || g.Host == host)
}

// covers reports whether the ACL speaks of an operation: who may read, write, delete or alter may describe as well, and who may alter
// a configuration may see it. Nobody is denied more than the ACL says.
func (g *grant) covers(do kmsg.ACLOperation) bool {
	switch {
	case g.Operation == do || g.Operation == kmsg.ACLOperationAll:
		return true
	case g.Permitted == kmsg.ACLPermissionTypeDeny:
		return false
	case do == kmsg.ACLOperationDescribe:
		return slices.Contains([]kmsg.ACLOperation{
			kmsg.ACLOperationRead, kmsg.ACLOperationWrite, kmsg.ACLOperationDelete, kmsg.ACLOperationAlter,
		}, g.Operation)
	case do == kmsg.ACLOperationDescribeConfigs:
		return g.Operation == kmsg.ACLOperationAlterConfigs
	default:
		return false
	}
}

func hostOf(address net.Addr) string {
	host, _, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	return host
}

const aclsDocument = "acls"

// saveACLs makes kfake's ACLs durable as they are now.
func (l *life) saveACLs(ctx context.Context) error {
	var list []grant
	err := l.documents.save(ctx, aclsDocument, func() (body []byte, err error) {
		if list, err = l.listACLs(ctx); err != nil {
			return nil, err
		}
		l.access.grants.set(list) // savers take turns: a later one does not bring older ones back
		return json.Marshal(list)
	})
	if err != nil {
		return fmt.Errorf("make the ACLs durable: %w", err)
	}
	return nil
}

func (l *life) listACLs(ctx context.Context) ([]grant, error) {
	question := kmsg.NewPtrDescribeACLsRequest()
	question.Version = 2
	question.ResourceType, question.ResourcePatternType = kmsg.ACLResourceTypeAny, kmsg.ACLResourcePatternTypeAny
	question.Operation, question.PermissionType = kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
	answer, err := l.inner.request(ctx, 0, question)
	if err != nil {
		return nil, err
	}
	response := answer.(*kmsg.DescribeACLsResponse)
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		return nil, err
	}
	list := []grant{}
	for _, r := range response.Resources {
		for _, a := range r.ACLs {
			list = append(list, grant{a.Principal, a.Host, r.ResourceType, r.ResourceName, r.ResourcePatternType, a.Operation, a.PermissionType})
		}
	}
	slices.SortFunc(list, func(a, b grant) int {
		return cmp.Or(
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Pattern, b.Pattern), cmp.Compare(a.Principal, b.Principal),
			cmp.Compare(a.Host, b.Host), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Permitted, b.Permitted),
		)
	})
	return list, nil
}

// restoreACLs brings back what the bucket holds, before anybody is let in.
func (l *life) restoreACLs(ctx context.Context, h *holding) error {
	if l.access == nil || len(h.state.acls) == 0 {
		return nil
	}
	request := kmsg.NewPtrCreateACLsRequest()
	request.Version = 2
	for _, g := range h.state.acls {
		one := kmsg.NewCreateACLsRequestCreation()
		one.Principal, one.Host, one.ResourceType, one.ResourceName = g.Principal, g.Host, g.Kind, g.Name
		one.ResourcePatternType, one.Operation, one.PermissionType = g.Pattern, g.Operation, g.Permitted
		request.Creations = append(request.Creations, one)
	}
	answer, err := l.inner.request(ctx, 0, request)
	if err != nil {
		return fmt.Errorf("restore the ACLs: %w", err)
	}
	for i, result := range answer.(*kmsg.CreateACLsResponse).Results {
		if err := kerr.ErrorForCode(result.ErrorCode); err != nil {
			return fmt.Errorf("restore the ACL of %s for %s: %w", h.state.acls[i].Principal, h.state.acls[i].Name, err)
		}
	}
	l.access.grants.set(h.state.acls)
	return nil
}
