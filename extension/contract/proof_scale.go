package contract

import (
	"fmt"
	"strings"
)

// Proofs that rest on brokers which were added.

const noScale = "no broker was added"

func scaledWithoutErrors(m Measured) (string, bool) {
	if m.scaled() == "" {
		return noScale, false
	}
	return m.noErrors(m.scaled())
}

func scaledSteadily(m Measured) (string, bool) {
	if m.scaled() == "" {
		return noScale, false
	}
	return m.sameMetadata(m.scaled())
}

// unchanged: the clients that were there before, with the same configuration, went on.
func unchanged(m Measured) (string, bool) {
	switch {
	case m.scaled() == "":
		return noScale, false
	case m.AckedDisturbed+m.AckedAfterHeal == 0:
		return m.scaled() + ", and no record was acked meanwhile or after that", false
	}
	return fmt.Sprintf("%s; clients went on as they were configured: %s records acked meanwhile, %s sent and acked after that",
		m.scaled(), count(m.AckedDisturbed), count(m.AckedAfterHeal)), true
}

// connected: clients kept their connections.
func connected(m Measured) (string, bool) {
	switch {
	case m.scaled() == "":
		return noScale, false
	case m.Connections == nil:
		return "connections were not counted while brokers were added", false
	case m.Connections.Before == 0:
		return "no client had a connection before brokers were added", false
	}
	return fmt.Sprintf("%s; clients kept their %s and opened no other", m.scaled(), times(m.Connections.Before, "connection")), true
}

// reconnected breaks what connected shows.
func reconnected(m Measured) string {
	if m.scaled() == "" || m.Connections == nil || m.Connections.During == 0 {
		return ""
	}
	return fmt.Sprintf("%s; clients had %s, and opened %s more",
		m.scaled(), times(m.Connections.Before, "connection"), count(m.Connections.During))
}

// addedBusy: new brokers got traffic; METADATA_LIE/idle finds one that did not though others had enough.
func addedBusy(m Measured) (string, bool) {
	if m.scaled() == "" || len(m.Added) == 0 {
		return noScale, false
	}
	var texts []string
	idle := false
	for _, b := range m.Added {
		idle = idle || b.Requests == 0
		texts = append(texts, fmt.Sprintf("broker %d got %s", b.ID, times(b.Requests, "request")))
	}
	if idle {
		return "too little to say: " + strings.Join(texts, ", "), false
	}
	return fmt.Sprintf("%s for records", strings.Join(texts, ", ")), true
}
