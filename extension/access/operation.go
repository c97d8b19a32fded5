package access

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/ledger"
)

// operation is one thing that principals ask for.
type operation struct {
	name   string
	aspect string  // what leaks if it is done out of scope
	needs  []right // all of them
	where  where
	ask    func(d *domain) kmsg.Request

	// shows reports whether the answer holds what was asked for. Without it, an answer without an error does.
	shows func(d *domain, r kmsg.Response) bool
	// lists says that an answer which leaves out what may not be seen is a refusal.
	lists bool
	// passes are errors that only who may gets to.
	passes []*kerr.Error
	// tells finds in an answer what it gives away although it refuses.
	tells func(d *domain, r kmsg.Response) string
	// effect looks for what the request has brought about, "" if nothing.
	effect func(ctx context.Context, w *world, d *domain) (string, error)
	// done takes over what was done in scope.
	done func(d *domain, r kmsg.Response)
}

// where is the broker that a request is for.
type where int

const (
	anywhere where = iota
	atLeader
	atGroup
	atJoined
	atGone
	atTransaction
	atController
)

// missing are the errors that say that something is not there: to who may not know of it they are as good as a refusal.
func missing() []*kerr.Error { return []*kerr.Error{kerr.UnknownTopicOrPartition, kerr.UnknownTopicID} }

func onTopic(do kmsg.ACLOperation) right       { return right{kmsg.ACLResourceTypeTopic, do} }
func onGroup(do kmsg.ACLOperation) right       { return right{kmsg.ACLResourceTypeGroup, do} }
func onTransaction(do kmsg.ACLOperation) right { return right{kmsg.ACLResourceTypeTransactionalId, do} }
func onCluster(do kmsg.ACLOperation) right     { return right{kmsg.ACLResourceTypeCluster, do} }

func does(rights ...right) []right { return rights }

const (
	reading  = ledger.AccessRead
	writing  = ledger.AccessWrite
	existing = ledger.AccessExistence
)

// operations are tried one after the other: what reads comes before what removes.
func operations() []operation {
	return append(append(onTopics(), onGroups()...), append(onTransactions(), removals()...)...)
}
