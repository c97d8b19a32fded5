package access

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/sasl"

	"k6suite/extension/kafka"
)

// Principal is somebody whose rights are tried.
type Principal struct {
	Name  string       // for people
	User  string       // as ACLs name it, "User:alice"
	Kafka kafka.Config // how it connects
	// Proof authenticates it where the secret is not to be named. Default: Kafka.SASL.
	Proof sasl.Mechanism
	// Owns is how the names of all topics, groups and transactional ids begin with which the principal may do everything, because the
	// target was set up so. Default: the run grants what it needs, by CreateAcls.
	Owns string
}

// Options say who is tried, and how.
type Options struct {
	Admin       kafka.Config // of somebody who may do everything: who makes what is tried, grants, and looks what came of it
	Principals  []Principal  // two
	Name        string       // part of all names that are made, which must be new
	Replication int16        // of the topics; −1 leaves it to the target
	Timeout     time.Duration
}

const (
	defaultTimeout = 5 * time.Second
	wanted         = 2
)

func (o Options) withDefaults() (Options, error) {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Replication == 0 {
		o.Replication = -1
	}
	switch {
	case o.Name == "":
		return o, errors.New("access: no name: what is made needs one that is new")
	case len(o.Principals) != wanted:
		return o, fmt.Errorf("access: %d principals: %d are needed, of whom each has what the other may not touch", len(o.Principals), wanted)
	case o.Principals[0].User == o.Principals[1].User:
		return o, fmt.Errorf("access: both principals are %s: name two that are different", o.Principals[0].User)
	case (o.Principals[0].Owns == "") != (o.Principals[1].Owns == ""):
		return o, errors.New("access: one principal owns names and the other one does not: give both a prefix, or none")
	case o.Principals[0].Owns != "" && overlap(o.Principals[0].Owns, o.Principals[1].Owns):
		return o, fmt.Errorf("access: what begins with %q and with %q would belong to both principals",
			o.Principals[0].Owns, o.Principals[1].Owns)
	}
	return o, nil
}

func overlap(a, b string) bool {
	n := min(len(a), len(b))
	return a[:n] == b[:n]
}

// granted reports whether the target was set up before the run.
func (o Options) granted() bool { return o.Principals[0].Owns != "" }
