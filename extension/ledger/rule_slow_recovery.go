package ledger

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// SLOW_RECOVERY: after an interruption, records of a partition waited for longer than the bound before one that was sent after it was
// acked. Time in which nothing was sent to the partition does not count, nor time in which a disturbance excused errors: then nobody
// could have recovered. Another interruption before the first ack takes over. Where no ack came until the end, it is STUCK; and as
// clients are answered in order, a partition that is STUCK holds up others, which is not told again.

// recovered is how one partition recovered, with what a finding needs.
type recovered struct {
	Recovery
	*recovery
	until time.Time // when another interruption took over; zero if none did
}

// late tells whether it took longer than the bound.
func (r *recovered) late(bound time.Duration) bool { return r.Waited > bound }

// never tells whether no ack came at all.
func (r *recovered) never() bool { return !r.Recovered && r.until.IsZero() }

// spans tells whether a time lies between the origin and the first ack.
func (r *recovered) spans(at time.Time) bool {
	return !at.Before(r.Origin) && (r.until.IsZero() || at.Before(r.until)) && (!r.Recovered || !at.After(r.first))
}

func (j *judging) slowRecovery() {
	l := j.ledger
	parts := l.recoveries.parts.all()
	for _, tp := range slices.SortedFunc(maps.Keys(parts), TopicPartition.compare) {
		for _, one := range parts[tp].copy() {
			r, counts := j.recover(tp, one)
			if counts {
				j.recovered = append(j.recovered, r)
			}
		}
	}
	slices.SortStableFunc(j.recovered, func(a, b *recovered) int { return a.Origin.Compare(b.Origin) })
	stuck := len(j.stuckPartitions())+len(j.neverRecovered()) > 0
	for _, r := range j.recovered {
		j.recoveries = append(j.recoveries, r.Recovery)
		if stuck || !r.late(j.options.RecoveryBound) {
			continue
		}
		j.out.add(SlowRecovery, func() Finding {
			f := j.record(Finding{Topic: r.TP.Topic, Partition: r.TP.Partition, Offset: -1}, r.record)
			f.Time = stamp(r.Origin)
			f.Detail = fmt.Sprintf("interrupted at %s by %s; records waited %s for the first ack of one sent after that, the bound is %s",
				stamp(r.Origin), r.What, r.Waited.Round(time.Millisecond), j.options.RecoveryBound)
			if !r.Recovered {
				f.Detail = fmt.Sprintf("interrupted at %s by %s; records had waited %s in vain when the next interruption came, the bound is %s",
					stamp(r.Origin), r.What, r.Waited.Round(time.Millisecond), j.options.RecoveryBound)
			}
			return f
		})
	}
}

// recover measures one recovery; counts is false where nothing can be said, for nothing was sent or another interruption came between.
func (j *judging) recover(tp TopicPartition, one recovery) (r *recovered, counts bool) {
	r = &recovered{Recovery: Recovery{What: one.what, TP: tp, Origin: one.origin, Recovered: !one.first.IsZero()}, recovery: &one}
	if episodes := j.ledger.recoveries.all(); one.number+1 < len(episodes) {
		next := episodes[one.number+1].origin
		if one.first.IsZero() || one.first.After(next) {
			r.until, r.Recovered = next, false
		}
	}
	if r.Recovered {
		r.Took = one.first.Sub(one.origin)
	}
	d := &j.ledger.disturbances
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, w := range one.waits {
		for _, end := range [...]time.Time{one.first, r.until} {
			if !end.IsZero() && end.Before(w.to) {
				w.to = end
			}
		}
		wait := w.to.Sub(w.from)
		for _, e := range [...]Excuse{RetriableErrors, AllErrors} {
			wait -= d.excused[e].overlap(w.from, w.to)
		}
		r.Waited += max(wait, 0)
	}
	return r, one.sent && (r.until.IsZero() || r.late(j.options.RecoveryBound))
}

// copy gives the recoveries of a partition in the order of time, independent of it.
func (p *recovering) copy() []recovery {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = replaced(p.open)
	var all []recovery
	for _, one := range slices.Concat(p.done, p.open) {
		if !one.void.Load() {
			c := *one
			c.waits, c.errors = slices.Clone(one.waits), maps.Clone(one.errors)
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b recovery) int { return a.number - b.number })
	return all
}

// neverRecovered gives the last interruption of each partition that waited for longer than the bound, and saw no ack until the end.
func (j *judging) neverRecovered() map[TopicPartition]*recovered {
	out := map[TopicPartition]*recovered{}
	for _, r := range j.recovered {
		if r.never() && r.late(j.options.RecoveryBound) {
			out[r.TP] = r
		}
	}
	return out
}
