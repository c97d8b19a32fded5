package ledger

import (
	"fmt"
	"strings"
)

// finalAt returns what the i-th final read met here, or nil.
func (p *partition) finalAt(i int) *finalPart {
	if i < len(p.finals) {
		return p.finals[i]
	}
	return nil
}

// missesOf says why the final read is not complete in this partition, or "".
func (f *finalPart) missesOf(p *partition) string {
	if f == nil || !f.begun {
		return "was never begun"
	}
	if !f.ended {
		return "was never ended"
	}
	return f.end.misses(max(f.start.Listed, f.start.HighWatermark, p.highest+1))
}

// misses says how far a read that ended so came, if that is not as far as it had to, or "".
func (e Ends) misses(need int64) string {
	need = max(need, e.Listed, e.HighWatermark)
	if e.Reached < need && !e.EmptyAtEnd {
		return fmt.Sprintf("reached offset %d of %d", e.Reached, need)
	}
	return ""
}

// gaps names the partitions of the run that a read has missed, each with the reason. The function has the partition's lock.
func (j *judging) gaps(misses func(v *partView) string) (all []string) {
	for _, v := range j.parts {
		if !v.concerns {
			continue
		}
		v.p.mu.Lock()
		if why := misses(v); why != "" {
			all = append(all, v.p.tp.String()+" "+why)
		}
		v.p.mu.Unlock()
	}
	return all
}

// completeness doubts whatever the final reads did not cover: nothing there can be called lost.
func (j *judging) completeness() {
	if j.ledger.merged {
		j.mergedCompleteness()
		return
	}
	if len(j.finals) < 2 && j.counts.Sent > 0 {
		j.doubt(FinalReadsMissing, fmt.Sprintf("two complete final reads are needed to show a loss: there were %d", len(j.finals)))
	}
	for i, name := range j.finals {
		gaps := j.gaps(func(v *partView) string { return v.p.finalAt(i).missesOf(v.p) })
		if len(gaps) > 0 {
			j.doubt(FinalReadIncomplete, fmt.Sprintf("final read %q is incomplete: %s", name, j.list(gaps)))
		}
	}
}

// mergedCompleteness doubts what fewer than two final reads of all instances cover. Those of an instance that ended while others were
// still sending cover less than all, and that is no doubt as long as those of the last one cover it.
func (j *judging) mergedCompleteness() {
	gaps := j.gaps(func(v *partView) string {
		if n := len(v.complete); n < 2 {
			return fmt.Sprintf("%d of %d", n, len(j.finals))
		}
		return ""
	})
	if len(gaps) > 0 {
		j.doubt(FinalReadIncomplete, "fewer than two final reads of all instances reach the greatest acked offset: "+j.list(gaps))
	}
}

// list joins as many items as there may be evidence.
func (j *judging) list(items []string) string {
	if n := len(items) - j.options.MaxEvidence; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(items[:j.options.MaxEvidence], ", "), n)
	}
	return strings.Join(items, ", ")
}

// misuse doubts outcomes that contradict each other.
func (j *judging) misuse() {
	if n := j.ledger.misuse.settledTwice.Load(); n > 0 {
		j.doubt(LedgerMisused, fmt.Sprintf("%d outcomes came for records that had one already", n))
	}
	if n := j.ledger.misuse.settledUnsent.Load(); n > 0 {
		j.doubt(LedgerMisused, fmt.Sprintf("%d outcomes came for records that were never made", n))
	}
}
