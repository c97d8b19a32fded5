package access

import (
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// right is that somebody may do something to all topics, groups or transactional ids of a domain.
type right struct {
	kind kmsg.ACLResourceType
	do   kmsg.ACLOperation
}

// domain is what belongs together: topics, groups and a transactional id whose names begin alike, and who may do what to them.
type domain struct {
	name   string // for people
	base   string // of all names
	rights [wanted][]right

	replication   int16    // of topics
	id            [16]byte // of the topic
	end           int64    // of the topic's one partition, as far as it was written in scope
	committed     int64    // by the group
	producer      int64    // of the transactional id
	producerEpoch int16
}

func (d *domain) topic() string       { return d.base + "topic" }
func (d *domain) gone() string        { return d.base + "gone" }   // a topic, and a group, that is there to be deleted
func (d *domain) fresh() string       { return d.base + "fresh" }  // a topic that is there once it is created
func (d *domain) absent() string      { return d.base + "absent" } // a topic that is never there
func (d *domain) group() string       { return d.base + "group" }
func (d *domain) joined() string      { return d.base + "joined" } // a group that has members
func (d *domain) transaction() string { return d.base + "transaction" }

// domains are one for each principal, one that both may use in part, and one that neither may.
func domains(o Options) []*domain {
	const topic, group, transaction = kmsg.ACLResourceTypeTopic, kmsg.ACLResourceTypeGroup, kmsg.ACLResourceTypeTransactionalId
	everything := []right{{topic, kmsg.ACLOperationAll}, {group, kmsg.ACLOperationAll}, {transaction, kmsg.ACLOperationAll}}
	var list []*domain
	for n, p := range o.Principals {
		base := fmt.Sprintf("k6suite-%s-%d-", o.Name, n)
		if p.Owns != "" {
			base = p.Owns + base
		}
		d := &domain{name: p.Name + "'s", base: base}
		d.rights[n] = everything
		list = append(list, d)
	}
	if !o.granted() {
		shared := &domain{name: "shared", base: fmt.Sprintf("k6suite-%s-shared-", o.Name)}
		shared.rights[0] = []right{{topic, kmsg.ACLOperationWrite}}
		shared.rights[1] = []right{{topic, kmsg.ACLOperationRead}, {group, kmsg.ACLOperationRead}}
		list = append(list, shared)
	}
	return append(list, &domain{name: "nobody's", base: fmt.Sprintf("k6suite-%s-none-", o.Name)})
}

// may reports whether a principal has all the rights that something needs, and gives those that it lacks.
func (d *domain) may(principal int, needs []right) (lacks []right) {
	return slices.DeleteFunc(slices.Clone(needs), func(need right) bool {
		return slices.ContainsFunc(d.rights[principal], func(has right) bool { return has.covers(need) })
	})
}

// knows reports whether the principal may know of the domain's topics.
func (d *domain) knows(principal int) bool {
	return len(d.may(principal, []right{{kmsg.ACLResourceTypeTopic, kmsg.ACLOperationDescribe}})) == 0
}

// covers reports whether a right includes another one: who may read or write may describe.
func (r right) covers(need right) bool {
	if r.kind != need.kind {
		return false
	}
	if r.do == need.do || r.do == kmsg.ACLOperationAll {
		return true
	}
	return need.do == kmsg.ACLOperationDescribe && (r.do == kmsg.ACLOperationRead || r.do == kmsg.ACLOperationWrite)
}
