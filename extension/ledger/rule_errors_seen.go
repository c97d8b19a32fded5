package ledger

import (
	"fmt"
	"slices"
)

// ERRORS_SEEN: where the contract promises no errors, a send failed or has an unknown outcome, or a reader or admin saw an error.
// There is one finding for each error name and kind, with the first record. Sends that the script gave up are left out, and so are
// errors that a disturbance excuses, those of partitions that are STUCK or in SLOW_RECOVERY, handshakes that failed where BAD_CERTIFICATE
// says why, and refusals where one was stored in truth: that is ABORTED_READ.
func (j *judging) errorsSeen() {
	if !j.options.PromisesNoErrors {
		return
	}
	excused, told := j.refusalsStored(), j.errorsOfStuck()
	j.ledger.errors.all(func(class ErrorSeen, tally errorTally) {
		if class.Name == handshakeFailed && j.ledger.showedBadCertificate() {
			return
		}
		if class.Abandoned || class.Excused || tally.sent && excused[class.Name] {
			return
		}
		if tally.count -= told[class]; tally.count <= 0 {
			return
		}
		j.out.put(ErrorsSeen, j.errorSeen(class, tally))
	})
	if n := j.counts.Unsettled; n > 0 {
		j.out.put(ErrorsSeen, Finding{
			Partition: -1, Offset: -1, Sequence: -1, Count: n - 1,
			Detail: fmt.Sprintf("%d sends never had an outcome, which makes it unknown", n),
		})
	}
}

// errorsOfStuck counts the errors of the sends of which STUCK or SLOW_RECOVERY tell, and those that others saw while a partition was slow
// to recover.
func (j *judging) errorsOfStuck() map[ErrorSeen]int64 {
	told := map[ErrorSeen]int64{}
	stuck := j.stuckPartitions()
	for _, p := range stuck {
		for class, n := range p.errors {
			told[class] += n
		}
	}
	for _, r := range j.recovered {
		if _, ok := stuck[r.TP]; ok && r.never() || !r.late(j.options.RecoveryBound) {
			continue // what it counts since the last heal is counted already
		}
		for class, n := range r.errors {
			told[class] += n
		}
	}
	j.ledger.errors.all(func(class ErrorSeen, tally errorTally) {
		for _, at := range tally.times.kept {
			if slices.ContainsFunc(j.recovered, func(r *recovered) bool { return r.late(j.options.RecoveryBound) && r.spans(at) }) {
				told[class]++
			}
		}
	})
	return told
}

// errorSeen is the finding of one class.
func (j *judging) errorSeen(class ErrorSeen, tally errorTally) Finding {
	f := Finding{Partition: -1, Offset: -1, Sequence: -1, Reader: class.Who, Time: stamp(tally.at), Count: tally.count - 1}
	switch {
	case !tally.sent:
		f.Detail = fmt.Sprintf("%s saw %s, %d times: %s", class.Who, class.Name, tally.count, tally.detail)
		return f
	case class.Kind == Failed:
		f.Detail = fmt.Sprintf("%d sends failed: %s", tally.count, class.Name)
	default:
		f.Detail = fmt.Sprintf("%d sends have an unknown outcome: %s", tally.count, class.Name)
	}
	return j.record(f, tally.first)
}

// refusalsStored gives the names of the errors that refused sends for good where one of these stands in the log nevertheless. A client
// fails what waits behind a refused batch with the same error, and may not know of all of it what became of it.
func (j *judging) refusalsStored() map[string]bool {
	names := map[string]bool{}
	if slices.ContainsFunc(j.producers, func(p *producerView) bool { return !p.aborted().IsEmpty() }) {
		j.ledger.errors.all(func(class ErrorSeen, tally errorTally) {
			if tally.sent && class.Kind == Failed {
				names[class.Name] = true
			}
		})
	}
	return names
}
