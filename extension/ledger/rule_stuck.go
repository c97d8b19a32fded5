package ledger

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// STUCK: after the last disturbance has ended, a partition or a reader makes no progress for longer than the bound. A partition is stuck
// if records were sent to it after the heal, none of them was acked, and the last of them was settled that long after the first was sent.
// A record that has no outcome yet says nothing: whoever waits for it settles it when he gives up. Where a partition was interrupted, it is
// stuck if records waited for longer than the bound of recovery, and none that was sent after the interruption was acked until the end.
// Without a heal or an interruption there is no STUCK.
func (j *judging) stuck() {
	d := &j.ledger.disturbances
	if d.active.Load() > 0 {
		j.doubt(StillDisturbed, "a disturbance had not ended when the run was judged: what recovers from it cannot be said")
		return
	}
	parts := j.stuckPartitions()
	j.stuckSinceInterrupted(parts)
	h := d.healing.Load()
	if h == nil {
		return
	}
	for _, tp := range slices.SortedFunc(maps.Keys(parts), TopicPartition.compare) {
		p := parts[tp]
		j.out.add(Stuck, func() Finding {
			f := j.record(Finding{Topic: tp.Topic, Partition: tp.Partition, Offset: -1}, p.first)
			f.Time = stamp(p.began)
			f.Detail = fmt.Sprintf("all was healed at %s; of %d records sent to it from %s on none was acked, the last was given up at %s, %s later",
				stamp(h.at), p.settled, stamp(p.began), stamp(p.last), p.last.Sub(p.began).Round(time.Millisecond))
			return f
		})
	}
	j.stuckReaders(h)
}

// stuckSinceInterrupted tells of the partitions that never recovered from an interruption, if those since the last heal do not tell it.
func (j *judging) stuckSinceInterrupted(told map[TopicPartition]progressed) {
	never := j.neverRecovered()
	for _, tp := range slices.SortedFunc(maps.Keys(never), TopicPartition.compare) {
		if _, ok := told[tp]; ok {
			continue
		}
		r := never[tp]
		j.out.add(Stuck, func() Finding {
			f := j.record(Finding{Topic: tp.Topic, Partition: tp.Partition, Offset: -1}, r.record)
			f.Time = stamp(r.Origin)
			f.Detail = fmt.Sprintf("interrupted at %s by %s; records waited %s, and none that was sent after that was ever acked; the bound is %s",
				stamp(r.Origin), r.What, r.Waited.Round(time.Millisecond), j.options.RecoveryBound)
			return f
		})
	}
}

// stuckPartitions gives the partitions without progress since the last heal, unless a disturbance is active.
func (j *judging) stuckPartitions() map[TopicPartition]progressed {
	d := &j.ledger.disturbances
	h := d.healing.Load()
	if h == nil || d.active.Load() > 0 {
		return nil
	}
	return h.stuck(j.options.StuckAfter)
}

func (j *judging) stuckReaders(h *healing) {
	s := &j.ledger.starvation
	s.mu.Lock()
	defer s.mu.Unlock()
	found := false
	stuck := func(one Starved) bool {
		since := one.Since
		if since.Before(h.at) {
			since = h.at
		}
		return one.Missing > 0 && one.Until.Sub(since) >= j.options.StuckAfter
	}
	for _, one := range s.seen.kept {
		if !stuck(one) {
			continue
		}
		found = true
		j.out.add(Stuck, func() Finding {
			f := Finding{Topic: one.Topic, Partition: one.Partition, Offset: -1, Sequence: -1}.seen(one.Reader, one.Since)
			f.Detail = fmt.Sprintf("all was healed at %s; the reader got nothing from %s to %s, and %d acked records were there for it",
				stamp(h.at), stamp(one.Since), stamp(one.Until), one.Missing)
			if one.Detail != "" {
				f.Detail += ": " + one.Detail
			}
			return f
		})
	}
	if n := s.seen.total - int64(len(s.seen.kept)); n > 0 && !found {
		j.doubt(StuckUnjudged, fmt.Sprintf("%d more times a reader got nothing: these were too many to be examined", n))
	}
}
