// Package contract holds what a target is judged by: the requirements, the scenarios that judge them, and the rule by which
// findings, expectations, measurements and doubts become one verdict for each requirement. It does no I/O.
package contract

// Status is the outcome for one requirement, one script or several scripts.
type Status string

// The outcomes, from worst to best as Merge orders them.
const (
	Fail         Status = "FAIL"         // a finding or a failed expectation, with evidence
	Inconclusive Status = "INCONCLUSIVE" // not enough was seen to say
	Pass         Status = "PASS"         // positive evidence, nothing against it
	NotClaimed   Status = "NOT CLAIMED"  // the profile says that the target does not promise it
)

// ExitCode is what `./k6 x suite run` exits with: 0 PASS (also where nothing is claimed), 2 FAIL, 3 INCONCLUSIVE. 1 is kept
// for runs that could not be started.
func (s Status) ExitCode() int {
	switch s {
	case Pass, NotClaimed:
		return 0
	case Fail:
		return 2
	case Inconclusive:
		return 3
	default:
		return 1
	}
}

// severity orders outcomes; what is no outcome counts as INCONCLUSIVE, never as PASS.
func (s Status) severity() int {
	switch s {
	case NotClaimed:
		return 0
	case Pass:
		return 1
	case Fail:
		return 3
	default:
		return 2
	}
}

// worse gives the outcome that counts when both hold.
func worse(a, b Status) Status {
	if b.severity() > a.severity() {
		return b
	}
	return a
}
