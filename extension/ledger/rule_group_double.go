package ledger

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// ownership is who has said to own a partition in a group.
type ownership struct {
	mu     sync.Mutex
	claims []ownerClaim // of the latest generations
	double bounded[doubleOwner]
}

// ownerClaim is a member that has said that it owns a partition.
type ownerClaim struct {
	generation int32
	turn       int64 // disturbances that had begun or ended
	member     string
	at         time.Time
}

// doubleOwner is a partition that two members own in one generation.
type doubleOwner struct{ first, second ownerClaim }

// keptGenerations bounds the claims that are kept of a partition. Members say what they own when a rebalance is over, so that those of
// one generation come close together; member epochs of the newer protocol come when each member is next heard.
const keptGenerations = 16

// Owns says that a member of a group has been assigned these partitions, the ones that it keeps included, and in which generation: that
// of the group, or with the newer protocol its member epoch. A member that takes the place of another without a rebalance (static
// membership, KIP-345) must not be told.
func (l *Ledger) Owns(group, member string, generation int32, partitions []TopicPartition) {
	if generation < 0 || l.disturbances.active.Load() > 0 {
		return
	}
	claim := ownerClaim{generation, l.disturbances.turns.Load(), member, l.now()}
	for _, tp := range partitions {
		l.owners.get(committedPlace{group, tp}, func() *ownership { return &ownership{} }).add(claim)
	}
}

func (o *ownership) add(c ownerClaim) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, other := range o.claims {
		if other.generation == c.generation && other.turn == c.turn {
			if other.member != c.member {
				o.double.add(doubleOwner{other, c})
			}
			return
		}
	}
	if o.claims = append(o.claims, c); len(o.claims) > keptGenerations {
		o.claims = slices.Delete(o.claims, 0, 1)
	}
}

// GROUP_DOUBLE: two members of a group own one partition in one generation. The assignment of a generation gives each partition to one
// member at most (Kafka protocol, SyncGroup; KIP-429 for members that keep what they have; KIP-848, where a partition is free for another
// member only when the former one has given it up, and the epoch of a member says which assignment it has come to: members of one group
// are at different epochs for a while, and only those at the same one are compared, for an epoch has one assignment). A member that was
// thrown out and does not know it yet is of an older generation: that is no fault. Generations are compared only as long as nothing is
// disturbed, for a group whose coordinator was lost may count them anew.
func (j *judging) groupDouble() {
	all := j.ledger.owners.all()
	for _, at := range slices.SortedFunc(maps.Keys(all), committedPlace.compare) {
		o := all[at]
		o.mu.Lock()
		for _, d := range o.double.kept {
			j.doubled[at] = true
			j.out.add(GroupDouble, func() Finding {
				f := Finding{Topic: at.tp.Topic, Partition: at.tp.Partition, Offset: -1, Sequence: -1}.seen(d.second.member, d.second.at)
				f.Detail = fmt.Sprintf("group %q: it owns the partition in generation %d, and so does %s, since %s",
					at.group, d.second.generation, d.first.member, stamp(d.first.at))
				return f
			})
		}
		j.out.fold(GroupDouble, at.tp, o.double.total-int64(len(o.double.kept)))
		o.mu.Unlock()
	}
}
