package ledger

import (
	"fmt"
	"time"
)

// dead: metadata that was asked for later than the bound after a broker had died still shows that broker. Where an answer in between did
// not, it is no dead broker that is shown, but one that is being started. Each time it was dead makes one finding. A single endpoint
// that stands for all brokers is no dead one, whatever id it has.
func (j *judging) dead(log *metadataLog) {
	for _, out := range log.brokers.outs {
		if !j.shownDead(out) {
			continue
		}
		j.out.add(aspectOf(MetadataLie, aspectDead), func() Finding {
			one := out.latest
			f := Finding{Partition: -1, Offset: -1, Sequence: -1}.seen(one.who, one.at)
			where := "as a leader"
			if one.address != "" {
				where = "at " + one.address
			}
			f.Detail = fmt.Sprintf("metadata showed broker %d %s %s after it had died at %s; the bound is %s",
				out.broker, where, one.after.Round(time.Millisecond), stamp(out.from), j.options.RecoveryBound)
			if n := out.shown.total; n > 1 {
				f.Detail += fmt.Sprintf("; %d answers showed it while it was dead", n)
			}
			return f
		})
	}
}

// shownDead tells whether a broker was shown for longer than the bound after it had died.
func (j *judging) shownDead(out *outOfService) bool {
	if out.latest.after <= j.options.RecoveryBound {
		return false
	}
	return j.options.Endpoint == "" || out.latest.address != "" && out.latest.address != j.options.Endpoint
}

// toldDead tells whether all that was shown at an address was a broker that dead tells of.
func (j *judging) toldDead(log *metadataLog, address string, seen *addressSeen) bool {
	if seen.dead < seen.count {
		return false
	}
	for _, out := range log.brokers.outs {
		if out.latest.address == address && j.shownDead(out) {
			return true
		}
	}
	return false
}

// idle: a broker that was added got no record traffic, though it had been there for IdleAfter, and from then on others got enough.
func (j *judging) idle(log *metadataLog) {
	for _, a := range log.brokers.added {
		others, lived := a.idleSince(j.options.IdleAfter)
		if others < neededRequests {
			continue
		}
		j.out.add(aspectOf(MetadataLie, aspectIdle), func() Finding {
			f := Finding{Partition: -1, Offset: -1, Sequence: -1}
			f.Time = stamp(a.up)
			f.Detail = fmt.Sprintf("broker %d was added at %s and got no request for records in %s; others got %d in that time",
				a.id, stamp(a.up), lived.Round(time.Millisecond), others)
			return f
		})
	}
}

// idleSince gives how many requests others got after an added broker had been there for some time, 0 if it got one itself.
func (a *addedBroker) idleSince(after time.Duration) (others int64, lived time.Duration) {
	var first *spreadTold
	for i := range a.told {
		one := &a.told[i]
		if one.own > a.before {
			return 0, 0
		}
		if first == nil && one.at.Sub(a.up) >= after {
			first = one
		}
		if first != nil {
			others, lived = one.others-first.others, one.at.Sub(a.up)
		}
	}
	return others, lived
}
