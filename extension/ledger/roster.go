package ledger

import "slices"

// roster is the producers that a ledger knows.
type roster struct {
	all       []*Producer   // in the order in which they came
	instances [][]*Producer // by instance and number among its producers; nil: not known
}

// of finds a producer by its 24-bit number, or nil.
func (r *roster) of(number uint32) *Producer {
	if instance := int(number >> 16); instance < len(r.instances) {
		if of := r.instances[instance]; int(number&0xffff) < len(of) {
			return of[number&0xffff]
		}
	}
	return nil
}

// with returns a roster with one more producer, and leaves this one as it is.
func (r *roster) with(p *Producer) *roster {
	out := &roster{all: slices.Clone(r.all), instances: slices.Clone(r.instances)}
	if instance := int(p.number >> 16); instance < len(out.instances) {
		out.instances[instance] = slices.Clone(out.instances[instance])
	}
	out.add(p)
	return out
}

// add adds a producer, which gets its index; nobody else may look meanwhile.
func (r *roster) add(p *Producer) {
	instance, place := int(p.number>>16), int(p.number&0xffff)
	for len(r.instances) <= instance {
		r.instances = append(r.instances, nil)
	}
	for len(r.instances[instance]) <= place {
		r.instances[instance] = append(r.instances[instance], nil)
	}
	r.instances[instance][place] = p
	p.index = len(r.all)
	r.all = append(r.all, p)
}

// put replaces a producer by one of the same number.
func (r *roster) put(index int, p *Producer) {
	p.index = index
	r.all[index] = p
	r.instances[p.number>>16][p.number&0xffff] = p
}

// own is how many producers an instance has.
func (r *roster) own(instance uint8) int {
	if int(instance) < len(r.instances) {
		return len(r.instances[instance])
	}
	return 0
}

// sibling stands in for a producer of another instance of the run, or is nil where there is no such instance. Only that instance
// knows what it has sent, so that anything may be its.
func (l *Ledger) sibling(number uint32) *Producer {
	instance := int(number >> 16)
	if instance >= l.instances || instance == int(l.instance) || l.merged {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.producers.Load()
	if p := known.of(number); p != nil {
		return p
	}
	p := &Producer{ledger: l, number: number, sibling: true}
	p.next.Store(maxSequence + 1)
	l.producers.Store(known.with(p))
	return p
}

// ReadOfSiblings is how many records of other instances a group has seen.
func (l *Ledger) ReadOfSiblings(group string) (n int64) {
	l.mu.RLock()
	number, ok := l.groups[group]
	l.mu.RUnlock()
	if !ok {
		return 0
	}
	for _, p := range l.producers.Load().all {
		if p.sibling {
			p.mu.Lock()
			n += at(&p.seen, number).count()
			p.mu.Unlock()
		}
	}
	return n
}

// alone says that other instances of the run know more, and that the ledger is not made of all of them.
func (l *Ledger) alone() bool { return l.instances > 1 && !l.merged }

// ofSiblings gives the offsets at which reads show records of other instances; the caller holds the partition's lock.
func (v *partView) ofSiblings(l *Ledger) *bitmap {
	all := setOf(0, 0)
	if !l.alone() {
		return all
	}
	known := l.producers.Load()
	v.eachClaim(func(offset int64, _, read cell) {
		if p := known.of(read.serial().Producer()); read != 0 && p != nil && p.sibling {
			all.Add(uint64(offset))
		}
	})
	return all
}
