package ledger

import "fmt"

// UNCLEAR_REFUSAL: a request out of its principal's scope came to nothing, but not by the error that says so: there was another one, no
// answer, or the connection ended. Where it was carried out all the same, ACCESS_LEAK tells it.
func (j *judging) unclearRefusal(s *accessAt) {
	if s.InScope || !s.Outcome.unclear() || s.Effect != "" {
		return
	}
	j.out.add(UnclearRefusal, func() Finding {
		return s.finding(fmt.Sprintf("%s may not %s (%s), and was not told so: it %s: %s", s.Who, s.Operation, s.Resource, s.Outcome, s.Detail))
	})
}

// accessRules judges each request by the rules of access.
func (j *judging) accessRules() {
	log := &j.ledger.access
	log.mu.Lock()
	defer log.mu.Unlock()
	for i := range log.seen.kept {
		s := &log.seen.kept[i]
		j.accessLeak(s)
		j.accessRefused(s)
		j.unclearRefusal(s)
	}
	if beyond := log.seen.total - int64(len(log.seen.kept)); beyond > 0 {
		j.doubt(AccessUnproven, fmt.Sprintf("%d requests beyond the first %d were not judged for access", beyond, len(log.seen.kept)))
	}
}
