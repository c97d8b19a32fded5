package trust

// Phase is a stretch of a run, in the order in which they come; fault and recovery may come again.
type Phase string

// The phases of §6 of the design. There is no fault in a run that injects none.
const (
	Preflight Phase = "preflight" // reach the target, prove that the healthy path works
	Baseline  Phase = "baseline"  // traffic that nothing disturbs
	Disturbed Phase = "fault"     // a fault is active
	Recovery  Phase = "recovery"  // all faults have ended
	Drain     Phase = "drain"     // traffic has ended, outcomes are outstanding
	Final     Phase = "final"     // fresh reads, audit, judgement
)

// Phase is where the run is.
func (r *Run) Phase() Phase {
	if phase := r.phase.Load(); phase != nil {
		return *phase
	}
	return Preflight
}

func (r *Run) enter(phase Phase) { r.phase.Store(&phase) }
