package contract

import "time"

// Subject says which target was judged, by whom and when: what a verdict is worth to others depends on it.
type Subject struct {
	Version string    `json:"version,omitempty"` // of the system, as the profile says
	Brokers int       `json:"brokers,omitempty"` // that ran at the beginning; 0: nobody could count them
	Suite   string    `json:"suite,omitempty"`   // commit from which the binary was built; "": unknown
	At      time.Time `json:"at,omitzero"`       // when it was judged
}

// and is the subject of two runs: what they agree on.
func (s Subject) and(other Subject) Subject {
	both := s
	if s.Version != other.Version {
		both.Version = ""
	}
	switch {
	case s.Brokers == 0: // a script that could do nothing to the target has not counted
		both.Brokers = other.Brokers
	case other.Brokers != 0 && s.Brokers != other.Brokers:
		both.Brokers = 0
	}
	if s.Suite != other.Suite {
		both.Suite = ""
	}
	if other.At.After(s.At) {
		both.At = other.At
	}
	return both
}
