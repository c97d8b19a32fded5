package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

type bitmap = roaring64.Bitmap

func (j *judging) note(format string, args ...any) {
	j.notes = append(j.notes, fmt.Sprintf(format, args...))
}

// report notes what is worth knowing and breaks no rule.
func (j *judging) report() {
	if n := j.counts.UnknownFound; n > 0 {
		j.note("%d records of unknown outcome are present", n)
	}
	if n := j.counts.Suspicious; n > 0 {
		j.note("%d records were acked without an offset", n)
	}
	gone := int64(0)
	for _, p := range j.producers {
		gone += int64(p.gone.GetCardinality())
	}
	if gone > 0 && len(j.finals) > 0 {
		j.note("%d records of unknown outcome were seen by live readers, and are in no final read", gone)
	}
	j.ledger.errors.all(func(class ErrorSeen, tally errorTally) {
		if class.Abandoned {
			j.note("%d sends were given up by the script: %s", tally.count, class.Name)
		}
	})
	j.reportExcused()
	if n := j.ledger.disturbances.zombies.answers.Load(); n > 0 {
		j.note("%d low ends of logs are excused: brokers that had been frozen may not have known of their successors yet", n)
	}
	for _, group := range j.ledger.namedGroups() {
		if n := j.ledger.Missing(group); n > 0 {
			j.note("group %q has not seen %d acked records", group, n)
		}
	}
	for _, v := range j.parts {
		if len(v.complete) == 0 || !v.concerns {
			continue
		}
		if n := v.others(); n > 0 {
			j.note("%s holds %d records of others, which write to it, too", v.p.tp, n)
		}
		covered := setOf(v.low, v.reached)
		covered.AndNot(v.returned)
		if n := covered.GetCardinality(); n > 0 {
			j.note("%s has %d offsets below its end that hold no record", v.p.tp, n)
		}
	}
}

// reportExcused notes the errors that a disturbance excuses, by their names.
func (j *judging) reportExcused() {
	byName := map[string]int64{}
	j.ledger.errors.all(func(class ErrorSeen, tally errorTally) {
		if class.Excused {
			byName[class.Name] += tally.count
		}
	})
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		parts = append(parts, fmt.Sprintf("%s × %d", name, byName[name]))
	}
	if len(parts) > 0 {
		j.note("%d errors are excused by a disturbance: %s", j.counts.Excused, strings.Join(parts, ", "))
	}
}

// others counts the records that are not this run's business, in the final read that returned most of them. In an owned topic all are.
func (v *partView) others() (most uint64) {
	if v.p.topic.owned.Load() {
		return 0
	}
	for _, f := range v.complete {
		strange := f.returned.copy()
		strange.AndNot(f.shown.bitmap())
		for offset := range f.odd.hashes {
			strange.Remove(uint64(offset))
		}
		most = max(most, strange.GetCardinality())
	}
	return most
}
