package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// oneAddress rests on what was seen: where another address was among it, there is a finding.
func oneAddress(m Measured) (string, bool) {
	if m.MetadataSeen == 0 {
		return "no metadata answer was compared with the single endpoint", false
	}
	return fmt.Sprintf("%s metadata answers showed the single endpoint and no other address", count(m.MetadataSeen)), true
}

func spread(m Measured) (string, bool) {
	ids := slices.Sorted(maps.Keys(m.Spread))
	var requests, connections []string
	busy := 0
	for _, id := range ids {
		requests = append(requests, count(m.Spread[id].Requests))
		connections = append(connections, count(m.Spread[id].Connections))
		if m.Spread[id].Requests > 0 {
			busy++
		}
	}
	text := fmt.Sprintf("%d brokers: %s requests on %s connections", len(ids), strings.Join(requests, ", "), strings.Join(connections, ", "))
	switch {
	case len(ids) == 0:
		return "nobody measured how record traffic spreads over the brokers", false
	case len(ids) == 1:
		return "there is one broker: nothing can spread", false
	case busy < 2:
		return "too little to say: " + text, false
	}
	return text, true
}
