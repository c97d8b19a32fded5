package contract

import (
	"fmt"
	"time"
)

// ManyConnections is how many connections NFR3.4 is about.
const ManyConnections = 10_000

// Storm is what came of opening very many connections at once: its greatest stage.
type Storm struct {
	Asked   int     `json:"asked"`
	Open    int     `json:"open"`    // at once, each of which was answered
	Seconds float64 `json:"seconds"` // until they were
	Again   int     `json:"again"`   // opened once more after all had been closed
	Churned int64   `json:"churned"` // closed and opened again meanwhile
	Failed  int64   `json:"failed"`  // attempts that failed, and were made again
	Silent  int64   `json:"silent"`  // half-open ones besides
	Slow    int64   `json:"slow"`    // that spoke a byte at a time
	Acked   int64   `json:"acked"`   // records acked meanwhile

	Resources []string `json:"resources,omitempty"` // what the target held for them, in words: before, at most, after
}

// manyConnections wants all of them open at once, and again after that.
func manyConnections(m Measured) (string, bool) {
	s := m.Storm
	switch {
	case s == nil:
		return "no storm of connections was measured", false
	case s.Open < ManyConnections:
		return fmt.Sprintf("%s connections were open at once, and %s are needed to say", count(int64(s.Open)), count(ManyConnections)), false
	case s.Again < ManyConnections:
		return fmt.Sprintf("%s connections were open at once, but only %s were opened again after that", count(int64(s.Open)),
			count(int64(s.Again))), false
	case s.Acked == 0:
		return "no record was acked while the connections were open", false
	}
	return fmt.Sprintf("%s connections open at once after %s, %s closed and opened again meanwhile, %s records acked beside them; %s opened "+
		"again after all were closed", count(int64(s.Open)), time.Duration(s.Seconds*float64(time.Second)).Round(100*time.Millisecond),
		count(s.Churned), count(s.Acked), count(int64(s.Again))), true
}
