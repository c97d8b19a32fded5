package contract

import "fmt"

// flowing rests on progress after the last heal: what makes none is STUCK.
func flowing(m Measured) (string, bool) {
	switch {
	case m.Healed == 0:
		return "nothing was disturbed and healed", false
	case m.AckedAfterHeal == 0:
		return "no record was sent and acked after the last heal", false
	case m.ReadAfterHeal == 0:
		return "no record was read after the last heal", false
	}
	return fmt.Sprintf("%s records acked during disturbances; after the last of %s heals %s sent and acked, %s read",
		count(m.AckedDisturbed), count(m.Healed), count(m.AckedAfterHeal), count(m.ReadAfterHeal)), true
}

// recovered also wants every partition that the run wrote to.
func recovered(m Measured) (string, bool) {
	text, held := flowing(m)
	if !held {
		return text, false
	}
	if m.PartitionsHealed != m.PartitionsWritten {
		return fmt.Sprintf("%s of %s partitions acked a record that was sent after the last heal",
			count(m.PartitionsHealed), count(m.PartitionsWritten)), false
	}
	return fmt.Sprintf("all %s partitions acked records that were sent after the last heal: %s of them, and %s were read",
		count(m.PartitionsHealed), count(m.AckedAfterHeal), count(m.ReadAfterHeal)), true
}
