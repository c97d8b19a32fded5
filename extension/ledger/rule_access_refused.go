package ledger

import "fmt"

// ACCESS_REFUSED: a request in its principal's scope was denied. One that failed in another way shows no refusal, and is a doubt: what is
// denied to others where nothing works proves nothing.
func (j *judging) accessRefused(s *accessAt) {
	switch {
	case !s.InScope:
	case s.Outcome == AccessDenied:
		j.out.add(AccessRefused, func() Finding {
			return s.finding(fmt.Sprintf("%s may %s (%s), and was refused: %s", s.Who, s.Operation, s.Resource, s.Detail))
		})
	case s.Outcome.unclear():
		j.doubt(AccessUnproven, fmt.Sprintf("%s may %s (%s), and it %s: %s: refusals of it prove nothing",
			s.Who, s.Operation, s.Resource, s.Outcome, s.Detail))
	}
}
