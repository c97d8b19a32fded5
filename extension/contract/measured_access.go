package contract

import "fmt"

// Access control is shown by both sides: who may is served, and who may not is denied the very same. A denial of what nobody was seen to
// be allowed proves nothing.

func readsRefused(m Measured) (string, bool) { return m.refused(m.Access.Reads, "reads") }

func writesRefused(m Measured) (string, bool) { return m.refused(m.Access.Writes, "changes") }

func tenantsApart(m Measured) (string, bool) {
	text, held := m.refused(m.Access.Existing, "looks for what is there")
	if !held || m.Access.Reads == 0 || m.Access.Writes == 0 {
		return "too little to say: " + text, false
	}
	return text + ", besides reads and changes", true
}

func refusedCleanly(m Measured) (string, bool) {
	a := m.Access
	return m.refused(a.Reads+a.Writes+a.Existing, "requests")
}

func (m Measured) refused(n int64, what string) (string, bool) {
	a := m.Access
	switch {
	case a.Granted == 0:
		return "nobody was seen to be allowed anything", false
	case n == 0:
		return fmt.Sprintf("no %s out of scope were denied", what), false
	case a.Unproven > 0:
		return fmt.Sprintf("%s requests were denied that nobody was seen to be allowed", count(a.Unproven)), false
	}
	return fmt.Sprintf("%s %s out of scope denied; %s requests in scope done", count(n), what, count(a.Granted)), true
}
