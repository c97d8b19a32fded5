package contract

import "fmt"

func durable(m Measured) (string, bool) {
	text, read := bucketRead(m)
	switch {
	case !read:
		return text, false
	case m.Acked == 0:
		return "no record was acked", false
	case m.Audit.Acked+m.ForeseenLost != m.Acked:
		return fmt.Sprintf("%s of %s acked records accounted for in the objects%s",
			count(m.Audit.Acked), count(m.Acked), m.lossAside()), false
	case m.Covered == 0:
		return fmt.Sprintf("%s of %s acked records are in the objects%s", count(m.Audit.Acked), count(m.Acked), m.lossAside()), true
	}
	return fmt.Sprintf("%s of %s acked records are in the objects; %s acks came after the write that covers them%s",
		count(m.Audit.Acked), count(m.Acked), count(m.Covered), m.lossAside()), true
}

func bucketEqual(m Measured) (string, bool) {
	text, read := bucketRead(m)
	switch {
	case !read:
		return text, false
	case m.Audit.Records != m.Read:
		return fmt.Sprintf("%s records in the objects, %s in the final reads", count(m.Audit.Records), count(m.Read)), false
	}
	return fmt.Sprintf("the same %s records in the objects and in the final reads", count(m.Audit.Records)), true
}

func bucketRead(m Measured) (string, bool) {
	switch {
	case m.Audit == nil:
		return "the bucket was not read", false
	case !m.Audit.Complete:
		return fmt.Sprintf("the audit stopped after %s objects", count(m.Audit.Objects)), false
	case m.Audit.Objects == 0 || m.Audit.Records == 0:
		return "the audit found no record in the bucket", false
	}
	return fmt.Sprintf("%s objects read directly, %s records in them", count(m.Audit.Objects), count(m.Audit.Records)), true
}

func countable(m Measured) (string, bool) {
	settled := m.Acked + m.Failed + m.Unknown
	switch {
	case m.Sent == 0:
		return "no record was sent", false
	case settled != m.Sent:
		return fmt.Sprintf("%s sent, but %s settled as acked, failed or unknown", count(m.Sent), count(settled)), false
	case m.FinalReads < neededFinalReads:
		return finalReadsMissing(m, ""), false
	}
	return fmt.Sprintf("%s sent = %s acked + %s failed + %s unknown; %s found by UUID",
		count(m.Sent), count(m.Acked), count(m.Failed), count(m.Unknown), count(m.Read)), true
}

// classified holds where no send that went wrong is without a class. The classes may hold more: errors of readers.
func classified(m Measured) (string, bool) {
	var total int64
	for _, n := range m.Errors {
		total += n
	}
	switch wrong := m.Failed + m.Unknown; {
	case m.Sent == 0:
		return "no record was sent", false
	case m.Errors == nil:
		return "errors were not counted by class", false
	case total < wrong || m.Errors[""] > 0:
		return fmt.Sprintf("%s of %s sends were not acked, and not all of them have a class of error", count(wrong), count(m.Sent)), false
	}
	return fmt.Sprintf("%s errors in %d classes; %s of %s sends not acked",
		count(total), len(m.Errors), count(m.Failed+m.Unknown), count(m.Sent)), true
}
