package kafka

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// Need is a version of an API that the suite uses.
type Need struct {
	Key   int16
	From  int16  // this version, or a later one
	Claim string // of the profile, for which it is needed; "": for every script
	Cost  string // of doing without
}

// Needs are the APIs that the suite cannot do without, or not without a cost.
func Needs() []Need {
	const (
		groups       = "groups"
		transactions = "transactions"
		acls         = "acls"
		serverSide   = "serverSideGroups"
		noGroups     = "no consumer groups: profiles must not claim groups"
		noTxn        = "no transactions: profiles must not claim transactions"
		noServerSide = "no groups that the coordinator runs (KIP-848): profiles must not claim serverSideGroups"
		noACLs       = "nobody's access can be told: profiles must not claim acls"
	)
	key := func(k kmsg.Key) int16 { return k.Int16() }
	return []Need{
		{key(kmsg.Produce), 3, "", "records have no headers, where their identity is: nothing can be judged"},
		{key(kmsg.Fetch), 4, "", "records have no headers, where their identity is: nothing can be judged"},
		{key(kmsg.ListOffsets), 1, "", "nobody can tell where a log ends: nothing can be judged"},
		{key(kmsg.Metadata), 1, "", "nobody can tell the controller and the cluster: nothing can be judged"},
		{key(kmsg.CreateTopics), 0, "", "scripts cannot make their topics: nothing can be judged"},
		{key(kmsg.CreateTopics), 4, "", "a topic has to say how many copies it has: topics.replicationFactor must be a number from 1 on"},
		{key(kmsg.InitProducerID), 0, "idempotence", "producers are not idempotent: profiles must not claim idempotence"},
		{key(kmsg.OffsetForLeaderEpoch), 2, "", "clients cannot notice that a log was cut off at a change of leader (KIP-320)"},
		{key(kmsg.FindCoordinator), 0, groups, noGroups},
		{key(kmsg.JoinGroup), 0, groups, noGroups},
		{key(kmsg.SyncGroup), 0, groups, noGroups},
		{key(kmsg.Heartbeat), 0, groups, noGroups},
		{key(kmsg.LeaveGroup), 0, groups, noGroups},
		{key(kmsg.OffsetCommit), 2, groups, noGroups},
		{key(kmsg.OffsetFetch), 1, groups, noGroups},
		{key(kmsg.ConsumerGroupHeartbeat), 1, serverSide, noServerSide},
		{key(kmsg.ConsumerGroupDescribe), 0, serverSide, noServerSide},
		{key(kmsg.AddPartitionsToTxn), 0, transactions, noTxn},
		{key(kmsg.AddOffsetsToTxn), 0, transactions, noTxn},
		{key(kmsg.TxnOffsetCommit), 0, transactions, noTxn},
		{key(kmsg.EndTxn), 0, transactions, noTxn},
		{key(kmsg.DescribeACLs), 0, acls, noACLs},
		{key(kmsg.CreateACLs), 0, acls, noACLs},
	}
}

// Missing is something that the suite needs and a broker does not offer, or the client may not speak.
type Missing struct {
	API   string `json:"api"`   // with the version from which on it is needed
	Why   string `json:"why"`   // what there is instead
	Claim string `json:"claim"` // of the profile, for which it is needed; "": for every script
	Cost  string `json:"cost"`
}

// Missing says what a broker lacks for a client that speaks no more than a version of Kafka; "": whatever it knows.
func (b BrokerVersions) Missing(maxVersion string) (out []Missing) {
	if b.Err != "" {
		return nil // nothing is known of it
	}
	for _, need := range Needs() {
		if why := b.lacks(need, maxVersion); why != "" {
			name := kmsg.NameForKey(need.Key)
			if need.From > 0 {
				name = fmt.Sprintf("%s %d", name, need.From)
			}
			out = append(out, Missing{API: name, Why: why, Claim: need.Claim, Cost: need.Cost})
		}
	}
	return out
}

// spoken is the highest version of an API that a client speaks; false if it knows none.
func spoken(key int16, maxVersion string) (int16, bool) {
	if limit := kversion.FromString("v" + maxVersion); maxVersion != "" && limit != nil {
		return limit.LookupMaxKeyVersion(key)
	}
	request := kmsg.RequestForKey(key)
	if request == nil {
		return 0, false
	}
	return request.MaxVersion(), true
}

func (b BrokerVersions) lacks(need Need, maxVersion string) string {
	i := slices.IndexFunc(b.APIs, func(a API) bool { return a.Key == need.Key })
	most, known := spoken(need.Key, maxVersion)
	switch {
	case i < 0:
		return "the broker does not offer it"
	case b.APIs[i].Max < need.From:
		return "the broker offers " + b.APIs[i].String()
	case !known:
		return fmt.Sprintf("client.maxVersion %s has no such API", maxVersion)
	case most < need.From:
		return fmt.Sprintf("client.maxVersion %s ends at %d", maxVersion, most)
	case most < b.APIs[i].Min:
		return fmt.Sprintf("the broker offers %s, and %s ends at %d", b.APIs[i], cmp.Or(maxVersionName(maxVersion), "the client"), most)
	}
	return ""
}

func maxVersionName(v string) string {
	if v == "" {
		return ""
	}
	return "client.maxVersion " + v
}
