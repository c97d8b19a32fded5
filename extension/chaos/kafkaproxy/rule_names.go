package kafkaproxy

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/nearest"
)

// maxErrorCode is beyond the codes that there are: kerr has no list of them.
const maxErrorCode = 1000

// notLeader is what Apache Kafka has called this error since 2.6; kerr has the name from before, which is understood, too.
const notLeader = "NOT_LEADER_OR_FOLLOWER"

// nameOfCode returns the name of an error code, "" if there is none.
func nameOfCode(code int16) string {
	if code == kerr.NotLeaderForPartition.Code {
		return notLeader
	}
	if e := kerr.TypedErrorForCode(code); e != nil && e.Code == code {
		return e.Message
	}
	return ""
}

// codes are the error codes of the Kafka protocol by name.
func codes() map[string]int16 {
	all := map[string]int16{}
	for code := int16(-1); code < maxErrorCode; code++ {
		if name := nameOfCode(code); name != "" {
			all[name] = code
		}
	}
	all[kerr.NotLeaderForPartition.Message] = kerr.NotLeaderForPartition.Code
	return all
}

// apis are the keys of all APIs by name.
func apis() map[string]kmsg.Key {
	all := map[string]kmsg.Key{}
	for key := kmsg.Key(0); key <= kmsg.MaxKey; key++ {
		if kmsg.RequestForKey(int16(key)) != nil {
			all[key.Name()] = key
		}
	}
	return all
}

// codeOf returns the code of an error by its name.
func codeOf(name ErrorName) (int16, error) {
	known := codes()
	if code, ok := known[string(name)]; ok {
		return code, nil
	}
	if name == "" {
		return 0, errors.New(`error: name one, such as "NOT_LEADER_OR_FOLLOWER"`)
	}
	return 0, nearest.Unknown("error", string(name), sortedKeys(known))
}
