package ledger

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// STUCK: after the last disturbance has ended, a partition or a reader makes no progress for longer than the bound. A partition is stuck
// if records were sent to it after the heal, none of them was acked, and the last of them was settled that long after the first was sent.
// A record that has no outcome yet says nothing: whoever waits for it settles it when he gives up. Without a heal there is no STUCK.
func (j *judging) stuck() {
	d := &j.ledger.disturbances
	if d.active.Load() > 0 {
		j.doubt(StillDisturbed, "a disturbance had not ended when the run was judged: what recovers from it cannot be said")
		return
	}
	h := d.healing.Load()
	if h == nil {
		return
	}
	parts := j.stuckPartitions()
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
