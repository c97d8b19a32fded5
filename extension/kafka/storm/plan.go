package storm

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"k6suite/extension/kafka"
)

// Plan is what a storm does.
type Plan struct {
	Addresses []string      `json:"addresses"` // brokers, which get the connections in turn
	Stages    []int         `json:"stages"`    // how many connections are to be open, stage by stage, in ascending order
	Over      time.Duration `json:"over"`      // how long a stage may take to have them open
	Hold      time.Duration `json:"hold"`      // how long a stage keeps them, while some are closed and opened again
	Churn     float64       `json:"churn"`     // part of the connections that is closed and opened again each second
	HalfOpen  float64       `json:"halfOpen"`  // part of a stage that is opened besides, and never says anything
	Slow      float64       `json:"slow"`      // part of the connections that say their first request a byte at a time
	Beat      time.Duration `json:"beat"`      // how often each connection asks for an answer; default 10s
	Again     bool          `json:"again"`     // after all were closed, open as many as the last stage had, once more
	Seed      int64         `json:"seed"`      // decides which connections these are
	// TLS is how connections are encrypted, where not as the configuration says: certificates may be in the memory of one process only.
	TLS *kafka.TLS `json:"tls,omitempty"`
}

const (
	defaultBeat = 10 * time.Second
	// patience is how long the cluster may take to answer the smallest of all requests.
	patience = 30 * time.Second
	// atOnce is how many connections are being opened at one time: a fleet does not start in one instant, either.
	atOnce = 64
)

func (p Plan) withDefaults() (Plan, error) {
	if p.Beat == 0 {
		p.Beat = defaultBeat
	}
	switch {
	case len(p.Addresses) == 0:
		return p, errors.New("storm: no addresses: name at least one as host:port")
	case len(p.Stages) == 0 || p.Stages[0] < 1 || !slices.IsSorted(p.Stages):
		return p, fmt.Errorf("storm: stages %v: want numbers of connections in ascending order, from 1 on", p.Stages)
	case p.Over <= 0 || p.Hold < 0 || p.Beat < 0:
		return p, fmt.Errorf("storm: over %s, hold %s, beat %s: want times, the first above 0", p.Over, p.Hold, p.Beat)
	}
	for name, part := range map[string]float64{"churn": p.Churn, "halfOpen": p.HalfOpen, "slow": p.Slow} {
		if !(part >= 0 && part <= 1) {
			return p, fmt.Errorf("storm: %s %v: want a part, from 0 to 1", name, part)
		}
	}
	return p, nil
}

// most is how many connections there are at one time.
func (p Plan) most() int {
	last := p.Stages[len(p.Stages)-1]
	return last + p.silent(last)
}

// silent is how many half-open connections a stage has besides.
func (p Plan) silent(stage int) int { return int(p.HalfOpen * float64(stage)) }
