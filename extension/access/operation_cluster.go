package access

import (
	"context"
	"strconv"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// onTheCluster are operations on what belongs to everybody, which neither principal may do. Who may do everything shows that they work.
func (w *world) onTheCluster() []operation {
	const describe, alter = kmsg.ACLOperationDescribe, kmsg.ACLOperationAlter
	node := strconv.Itoa(int(w.brokers[0].ID))
	return []operation{
		{
			name: "describe broker configs", aspect: reading, needs: does(onCluster(kmsg.ACLOperationDescribeConfigs)),
			ask:   func(*domain) kmsg.Request { return askConfigs(kmsg.ConfigResourceTypeBroker, node) },
			shows: func(_ *domain, r kmsg.Response) bool { return described(r) },
		},
		{
			name: "alter client quotas", aspect: writing, needs: does(onCluster(kmsg.ACLOperationAlterConfigs)), where: atController,
			ask: func(*domain) kmsg.Request { return w.askQuota() },
		},
		{
			name: "list reassignments", aspect: reading, needs: does(onCluster(describe)),
			ask: func(*domain) kmsg.Request {
				r := kmsg.NewPtrListPartitionReassignmentsRequest()
				r.TimeoutMillis = requestMs
				return r
			},
		},
		{
			name: "describe ACLs", aspect: reading, needs: does(onCluster(describe)),
			ask:   func(*domain) kmsg.Request { return w.askACLs() },
			shows: func(_ *domain, r kmsg.Response) bool { return len(r.(*kmsg.DescribeACLsResponse).Resources) > 0 },
		},
		{
			name: "create ACLs", aspect: writing, needs: does(onCluster(alter)), where: atController,
			ask: func(*domain) kmsg.Request {
				r := kmsg.NewPtrCreateACLsRequest()
				r.Creations = append(r.Creations, w.creation("User:k6suite-new", right{kmsg.ACLResourceTypeTopic, kmsg.ACLOperationRead}, w.prefix()))
				return r
			},
			effect: func(ctx context.Context, w *world, _ *domain) (string, error) {
				there, err := w.hasACL(ctx, "User:k6suite-new")
				return said(there, "the ACL is there"), err
			},
		},
		{
			name: "delete ACLs", aspect: writing, needs: does(onCluster(alter)), where: atController,
			ask: func(*domain) kmsg.Request { return w.askDeleteACLs(decoy, w.prefix()) },
			effect: func(ctx context.Context, w *world, _ *domain) (string, error) {
				there, err := w.hasACL(ctx, decoy)
				return said(!there, "the ACL is gone"), err
			},
		},
	}
}

// decoy is a principal that there is not. An ACL of it is there to be deleted.
const decoy = "User:k6suite-decoy"

// askQuota only asks whether the quota could be set.
func (w *world) askQuota() kmsg.Request {
	r := kmsg.NewPtrAlterClientQuotasRequest()
	entry := kmsg.NewAlterClientQuotasRequestEntry()
	entity := kmsg.NewAlterClientQuotasRequestEntryEntity()
	entity.Type, entity.Name = "client-id", kmsg.StringPtr(w.prefix()+"client")
	op := kmsg.NewAlterClientQuotasRequestEntryOp()
	op.Key, op.Value = "producer_byte_rate", 1<<20
	entry.Entity, entry.Ops = append(entry.Entity, entity), append(entry.Ops, op)
	r.ValidateOnly, r.Entries = true, append(r.Entries, entry)
	return r
}
