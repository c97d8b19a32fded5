package kafkaproxy

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"k6suite/extension/internal/recordbatch"
)

// faults are the rules at work in a proxy, and what outlives them.
type faults struct {
	armed  atomic.Pointer[arms] // nil: every message passes as it is
	coder  *recordbatch.Coder
	front  numbering // of producers, as their clients number
	legs   numbering // of producers, as they are numbered behind the single endpoint
	ends   ends
	events *events
	looked atomic.Bool // there have been faults, or there are events: what has passed may still be known to them

	mu     sync.Mutex
	closed bool
	active []*Fault
	all    []*Fault // ended ones, too; the one with id n is the nth
}

// arms are what a message has to be held against.
type arms struct{ active []*Fault }

func newFaults(events *events) *faults {
	f := &faults{coder: recordbatch.NewCoder(), events: events}
	f.looked.Store(events != nil)
	f.front.init()
	f.legs.init()
	f.arm()
	return f
}

// Inject puts a rule to work. It acts from the next message on. A proxy that only passes bytes on has no messages, and takes no rules.
func (p *Proxy) Inject(r Rule) (*Fault, error) {
	if p.options.Passthrough {
		return nil, errors.New("rule: a proxy in passthrough decodes nothing that a rule could match: have it end TLS itself, or do without")
	}
	m, err := r.compile()
	if err != nil {
		return nil, fmt.Errorf("rule: %w", err)
	}
	s := p.faults
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("kafka proxy: %w", net.ErrClosed)
	}
	s.looked.Store(true)
	f := newFault(m, int64(len(s.all)+1), s.remove)
	s.active, s.all = append(s.active, f), append(s.all, f)
	s.arm()
	return f, nil
}

// Faults returns the faults that have not ended, oldest first.
func (p *Proxy) Faults() []*Fault {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	return slices.Clone(p.faults.active)
}

// AllFaults returns every fault that there has been, ended ones included: the one with id n is the nth.
func (p *Proxy) AllFaults() []*Fault {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	return slices.Clone(p.faults.all)
}

// Injected is how many faults there have been, ended ones included.
func (p *Proxy) Injected() int64 {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	return int64(len(p.faults.all))
}

// remove forgets a fault that has ended. Its caller has the fault's lock, so nobody may take that one while having ours.
func (s *faults) remove(f *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active = slices.DeleteFunc(s.active, func(other *Fault) bool { return other == f })
	if !slices.ContainsFunc(s.active, func(f *Fault) bool { return f.matcher.Action == Drop }) {
		s.ends.forget()
		s.front.prune()
		s.legs.prune()
	}
	s.arm()
}

// arm says what messages are to be held against; the caller has the lock, or nobody else knows of the faults yet.
func (s *faults) arm() {
	if len(s.active) == 0 && !s.front.used() && !s.legs.used() && s.events == nil {
		s.armed.Store(nil)
		return
	}
	s.armed.Store(&arms{active: slices.Clone(s.active)})
}

// close ends all faults; wait waits until they have.
func (s *faults) close() (wait func()) {
	s.mu.Lock()
	s.closed = true
	active := slices.Clone(s.active)
	s.mu.Unlock()
	for _, f := range active {
		f.end()
	}
	return func() {
		for _, f := range active {
			<-f.done
		}
	}
}
