package contract

import "fmt"

// Proofs that rest on brokers which were away.

const (
	noDeath   = "no broker was killed, restarted or frozen"
	noKill    = "no broker was killed"
	noRestart = "no broker was started again under load"
)

// keptAll: brokers were away, and all acked records are there.
func keptAll(m Measured) (string, bool) {
	deaths := m.deaths()
	if deaths == "" {
		return noDeath, false
	}
	text, held := complete(m)
	return deaths + ": " + text, held
}

func survivedKill(m Measured) (string, bool) {
	if m.Kills == 0 {
		return noKill, false
	}
	return keptAll(m)
}

// withoutErrors: brokers were away, and no error counts; ERRORS_SEEN finds those that do.
func withoutErrors(m Measured) (string, bool) {
	if m.deaths() == "" {
		return noDeath, false
	}
	return m.noErrors(m.deaths())
}

func upgradedWithoutErrors(m Measured) (string, bool) {
	if m.Restarts == 0 {
		return noRestart, false
	}
	return m.noErrors(m.deaths())
}

func replacedWithoutErrors(m Measured) (string, bool) {
	if m.Kills == 0 {
		return noKill, false
	}
	return upgradedWithoutErrors(m)
}

// noErrors says that clients worked while something went on.
func (m Measured) noErrors(what string) (string, bool) {
	switch {
	case m.Errors == nil:
		return what + ", and errors were not counted", false
	case m.AckedDisturbed == 0:
		return what + ", and no record was acked meanwhile", false
	case m.Excused > 0:
		return fmt.Sprintf("%s; %s records acked meanwhile, and no client saw an error that counts: %s excused",
			what, count(m.AckedDisturbed), count(m.Excused)), true
	}
	return fmt.Sprintf("%s; %s records acked meanwhile, and no client saw an error", what, count(m.AckedDisturbed)), true
}

// undisturbed: groups kept their partitions.
func undisturbed(m Measured) (string, bool) {
	switch {
	case m.Kills == 0:
		return noKill, false
	case m.Rebalances == nil:
		return "rebalances were not counted while brokers were away", false
	}
	return fmt.Sprintf("%s, and no group rebalanced meanwhile", m.deaths()), true
}

// rebalanced breaks what undisturbed shows.
func rebalanced(m Measured) string {
	if m.Rebalances == nil || *m.Rebalances == 0 {
		return ""
	}
	return fmt.Sprintf("groups rebalanced %s while a broker was away", times(*m.Rebalances, "time"))
}

// steady: metadata stayed as it was; METADATA_LIE/changed finds what did not.
func steady(m Measured) (string, bool) {
	if m.deaths() == "" {
		return noDeath, false
	}
	return m.sameMetadata(m.deaths())
}

func (m Measured) sameMetadata(what string) (string, bool) {
	if m.MetadataSeen == 0 {
		return what + ", and no metadata answer was compared with another", false
	}
	return fmt.Sprintf("%s; %s metadata answers showed the same brokers, controller and leaders", what, count(m.MetadataSeen)), true
}

// replaced: brokers were started again, and all partitions recovered; SLOW_RECOVERY and STUCK find those that did not in time.
func replaced(m Measured) (string, bool) {
	if m.Restarts == 0 {
		return noRestart, false
	}
	return m.recoveredAll(m.deaths())
}

func recoveredInTime(m Measured) (string, bool) {
	if m.deaths() == "" {
		return noDeath, false
	}
	return m.recoveredAll(m.deaths())
}

// recoveredAll names the slowest.
func (m Measured) recoveredAll(what string) (string, bool) {
	if len(m.Recoveries) == 0 {
		return what + ", and no partition was seen to recover", false
	}
	recovered, worst := 0, m.Recoveries[0]
	for _, p := range m.Recoveries {
		if p.Recovered < p.Times {
			return fmt.Sprintf("%s, and %s/%d recovered %d of %d times", what, p.Topic, p.Partition, p.Recovered, p.Times), false
		}
		if recovered += p.Recovered; p.Worst > worst.Worst {
			worst = p
		}
	}
	return fmt.Sprintf("%s; %d partitions recovered %s, the slowest (%s/%d after %s) in %.3f s",
		what, len(m.Recoveries), times(int64(recovered), "time"), worst.Topic, worst.Partition, worst.After, worst.Worst), true
}

// woke: frozen brokers woke up, and all that was acked stands, once, where its ack said.
func woke(m Measured) (string, bool) {
	if m.Pauses == 0 {
		return "no broker was frozen and resumed", false
	}
	text, held := complete(m)
	if !held {
		return text, false
	}
	return fmt.Sprintf("%s frozen and resumed: %s, each at the offset of its ack", times(m.Pauses, "broker"), text), true
}
