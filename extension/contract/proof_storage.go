package contract

import "fmt"

// Proofs that rest on storage which was disturbed.

const noSlowness = "no request to storage was slowed down"

// late: storage was slow, and all that came of it is latency.
func late(m Measured) (string, bool) {
	switch {
	case m.StorageSlowed == 0:
		return noSlowness, false
	case m.AckedDisturbed+m.AckedAfterHeal == 0:
		return "no record was acked while storage was slow or after that", false
	}
	text, held := complete(m)
	return fmt.Sprintf("%s to storage slowed down: %s", times(m.StorageSlowed, "request"), text), held
}

// backpressure: storage failed, and clients were told to try again at worst.
func backpressure(m Measured) (string, bool) {
	switch {
	case m.StorageFailed == 0:
		return "no request to storage failed", false
	case m.Healed == 0 || m.AckedAfterHeal == 0:
		return "no record was sent and acked after storage had failed", false
	}
	text, held := complete(m)
	outages := ""
	if m.Outages > 0 {
		outages = ", " + times(m.Outages, "total outage")
	}
	return fmt.Sprintf("%s to storage failed%s; %s retriable errors excused; %s",
		times(m.StorageFailed, "request"), outages, count(m.Excused), text), held
}

// uncorrupted: storage was slow, and log and bucket are sound and the same.
func uncorrupted(m Measured) (string, bool) {
	if m.StorageSlowed == 0 {
		return noSlowness, false
	}
	text, held := bucketEqual(m)
	return fmt.Sprintf("%s to storage slowed down: %s", times(m.StorageSlowed, "request"), text), held
}
