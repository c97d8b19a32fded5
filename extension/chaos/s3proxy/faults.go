package s3proxy

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
)

// faults are the rules at work in a proxy.
type faults struct {
	armed atomic.Pointer[[]*Fault] // what requests are to be held against, nil: nothing

	mu     sync.Mutex
	closed bool
	active []*Fault
	all    []*Fault // ended ones, too; the one with id n is the nth
}

// Inject puts a rule to work. It acts from the next request on. After Close it is an error that wraps net.ErrClosed.
func (p *Proxy) Inject(r Rule) (*Fault, error) {
	m, err := r.compile()
	if err != nil {
		return nil, fmt.Errorf("rule: %w", err)
	}
	s := &p.faults
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("s3 proxy: %w", net.ErrClosed)
	}
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
	s.arm()
}

// arm says what requests are to be held against; the caller has the lock.
func (s *faults) arm() {
	if len(s.active) == 0 {
		s.armed.Store(nil)
		return
	}
	active := slices.Clone(s.active)
	s.armed.Store(&active)
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
