package embedded

import (
	"maps"
	"sync"
	"time"
)

// producers are the producer ids that the cluster has met.
type producers struct {
	mu   sync.Mutex
	byID map[int64]*producer
}

func newProducers() *producers { return &producers{byID: map[int64]*producer{}} }

// producer is one producer id. Whoever stores a batch of it holds its lock for reading from the moment in which the batch is
// admitted until kfake has it; whoever changes its epoch or ends its transaction holds the lock for writing. So kfake, which
// checks the epoch again, cannot refuse a batch that is in the bucket already.
type producer struct {
	lock sync.RWMutex
	id   int64

	mu            sync.Mutex // guards what follows
	epoch         int16
	transactional string // the transactional id; empty: only idempotent
	timeout       time.Duration
	lastCommitted bool
	open          *transaction // nil: none
	ending        *ending      // nil: not decided
}

// transaction is an open one.
type transaction struct {
	partitions map[place]struct{}
	groups     map[string]struct{}
	timer      *time.Timer
}

// get returns the producer, or nil if it is not known.
func (p *producers) get(id int64) *producer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byID[id]
}

// getOrAdd returns the producer; one that is not known begins with the epoch.
func (p *producers) getOrAdd(id int64, epoch int16) *producer {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.byID[id]
	if known == nil {
		known = &producer{id: id, epoch: epoch}
		p.byID[id] = known
	}
	return known
}

// all returns a copy of the list.
func (p *producers) all() []*producer {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]*producer, 0, len(p.byID))
	for _, known := range p.byID {
		list = append(list, known)
	}
	return list
}

// heldGroups returns the groups for which open transactions may hold offsets.
func (p *producers) heldGroups() map[string]struct{} {
	groups := map[string]struct{}{}
	for _, known := range p.all() {
		known.mu.Lock()
		if known.open != nil {
			maps.Copy(groups, known.open.groups)
		}
		known.mu.Unlock()
	}
	return groups
}

func (p *producer) currentEpoch() int16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.epoch
}

func (p *producer) isTransactional() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.transactional != ""
}
