package ledger

import "fmt"

// ACCESS_LEAK: a request out of its principal's scope was granted, or, whatever was answered, carried out. Its aspects say what leaked: a
// read, a write, or that something of others is there.
func (j *judging) accessLeak(s *accessAt) {
	if s.InScope || s.Outcome != AccessGranted && s.Effect == "" {
		return
	}
	j.out.add(aspectOf(AccessLeak, s.Aspect), func() Finding {
		if s.Effect != "" && s.Outcome != AccessGranted {
			return s.finding(fmt.Sprintf("%s may not %s (%s) and was answered %s (%s); yet it was done: %s",
				s.Who, s.Operation, s.Resource, s.Outcome, s.Detail, s.Effect))
		}
		return s.finding(fmt.Sprintf("%s may not %s (%s), and could: %s", s.Who, s.Operation, s.Resource, s.Detail))
	})
}

func (s *accessAt) finding(detail string) Finding {
	return Finding{Partition: -1, Offset: -1, Sequence: -1, Detail: detail}.seen(s.Who, s.at)
}
