package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// METADATA_LIE has aspects, for each breaks a promise of its own: unreachable, address, unspread, changed, dead and idle.
func (j *judging) metadataLie() {
	log := &j.ledger.metadata
	log.mu.Lock()
	defer log.mu.Unlock()
	j.unreachable(log)
	j.otherAddress(log)
	j.unspread(log)
	j.changed(log)
	j.dead(log)
	j.idle(log)
}

func (j *judging) unreachable(log *metadataLog) {
	rule := aspectOf(MetadataLie, aspectUnreachable)
	for _, u := range log.unreachable.kept {
		j.out.add(rule, func() Finding {
			f := Finding{Topic: u.Topic, Partition: u.Partition, Offset: -1, Sequence: -1}.seen(u.Who, u.at)
			waited := u.Waited.Round(time.Millisecond)
			f.Detail = fmt.Sprintf("metadata names broker %d at %s, which could not be reached for %s: %s", u.Broker, u.Address, waited, u.Why)
			if u.Partition >= 0 {
				f.Detail = fmt.Sprintf("metadata names broker %d at %s as its leader, and it could not be reached for %s: %s",
					u.Broker, u.Address, waited, u.Why)
			}
			return f
		})
	}
	j.out.fold(rule, TopicPartition{}, log.unreachable.total-int64(len(log.unreachable.kept)))
}

// otherAddress: metadata shows an address that is not the one that is promised. An address makes one finding, however often it was seen.
// Where only a dead broker was shown there, dead tells it.
func (j *judging) otherAddress(log *metadataLog) {
	if j.options.Endpoint == "" {
		return
	}
	rule := aspectOf(MetadataLie, aspectAddress)
	for _, address := range log.order {
		if address == j.options.Endpoint {
			continue
		}
		first := log.addresses[address]
		if j.toldDead(log, address, first) {
			continue
		}
		f := Finding{Partition: -1, Offset: -1, Sequence: -1, Count: first.count - 1}.seen(first.who, first.at)
		f.Detail = fmt.Sprintf("metadata showed broker %d at %s instead of the single endpoint %s", first.broker, address, j.options.Endpoint)
		j.out.put(rule, f)
	}
	j.out.fold(rule, TopicPartition{}, log.beyond)
}

// neededRequests is how much record traffic shows that idle brokers are left out: less may go to one broker by chance.
const neededRequests = 20

// unspread: of two or more brokers, one got all record traffic. Of those that were added while all went on, idle tells.
func (j *judging) unspread(log *metadataLog) {
	some, none := busy(log.spread)
	none = slices.DeleteFunc(none, log.brokers.wasAdded)
	if !j.options.SpreadPromised || len(some) != 1 || len(none) == 0 || log.spread[some[0]].Requests < neededRequests {
		return
	}
	j.out.add(aspectOf(MetadataLie, aspectUnspread), func() Finding {
		all := log.spread[some[0]]
		return Finding{
			Partition: -1, Offset: -1, Sequence: -1,
			Detail: fmt.Sprintf("broker %d got all %d requests for records, on %d connections, and %s got none",
				some[0], all.Requests, all.Connections, brokers(none)),
		}
	})
}

func brokers(ids []int32) string {
	if len(ids) == 1 {
		return fmt.Sprintf("broker %d", ids[0])
	}
	return "brokers " + strings.Trim(strings.ReplaceAll(fmt.Sprint(ids), " ", ", "), "[]")
}
