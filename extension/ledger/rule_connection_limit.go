package ledger

import "fmt"

// CONNECTION_LIMIT: of the connections that the target promises, fewer were let in, answered or kept, or fewer could be opened again
// after all had been closed. What the other side had no time or no room for is not the target's: only connections that it turned down
// count. Where the other side did not get to run, it may have been late itself, and time-outs say nothing.
func (j *judging) connectionLimit() {
	for _, s := range j.ledger.stormsSeen() {
		for _, stage := range s.Stages {
			j.turnedDown(s, stage)
			j.lostConnections(s, stage)
		}
	}
}

func (j *judging) turnedDown(s Storm, stage StormStage) {
	wanted := min(stage.Asked, s.Promised)
	if stage.TurnedDown == 0 || stage.Open >= wanted {
		return
	}
	if s.Late && stage.TimedOut > 0 {
		j.doubt(StormLate, fmt.Sprintf("%s: %s of %s were open; attempts timed out, but who opened them did not get to run for a while",
			stage.Name, decimal(stage.Open), decimal(stage.Asked)))
		return
	}
	j.out.add(ConnectionLimit, func() Finding {
		f := connectionFinding(stage)
		f.Detail = fmt.Sprintf("%s: %s were open at once after %s, %s were turned down, and the target promises %s (%s)",
			stage.Name, decimal(stage.Open), stage.Within, decimal(stage.TurnedDown), decimal(s.Promised), stage.Why)
		return f
	})
}

func (j *judging) lostConnections(s Storm, stage StormStage) {
	if stage.Lost == 0 || stage.Asked > s.Promised {
		return
	}
	if s.Late {
		j.doubt(StormLate, fmt.Sprintf("%s: %d open connections were lost, but who held them did not get to run for a while",
			stage.Name, stage.Lost))
		return
	}
	j.out.add(ConnectionLimit, func() Finding {
		f := connectionFinding(stage)
		f.Detail = fmt.Sprintf("%s: %d open connections, each of which had asked and been answered, were ended by the target (%s)",
			stage.Name, stage.Lost, stage.LostWhy)
		return f
	})
}

func connectionFinding(stage StormStage) Finding {
	return Finding{Partition: -1, Offset: -1, Sequence: -1, Time: stamp(stage.Until)}
}

// decimal groups the digits of a number.
func decimal(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", decimal(n/1000), n%1000)
}
