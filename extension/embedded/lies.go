package embedded

import (
	"sync/atomic"
)

// Lie is a deliberate defect of the cluster.
type Lie struct {
	Name   string // in Options.Lies
	Rule   string // the rule of the suite that must find it
	Breaks string // what it does
}

type liar struct {
	Lie
	hits atomic.Int64
}

func newLiars(names []string, seed int64) (mischief, []*liar, error) { return honest{}, nil, nil }
