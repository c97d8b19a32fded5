package embedded

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"
	"sync"
)

// members are the brokers that hold a lease, dead and paused ones for as long as it lasts: they lead partitions, coordinate groups
// and are what metadata shows.
type members struct {
	mu   sync.RWMutex
	list []*broker // by node id
	news chan struct{}
}

func newMembers(list []*broker) *members {
	m := &members{news: make(chan struct{})}
	for _, b := range list {
		m.add(b)
	}
	return m
}

func (m *members) add(b *broker) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(slices.Clone(m.list), b)
	slices.SortFunc(m.list, func(a, b *broker) int { return cmp.Compare(a.node, b.node) })
}

func (m *members) remove(b *broker) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = slices.DeleteFunc(slices.Clone(m.list), func(other *broker) bool { return other == b })
}

// all returns the members by node id. The list must not be changed.
func (m *members) all() []*broker {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.list
}

// running returns the members that run, or all of them if none does.
func (m *members) running() []*broker {
	all := m.all()
	var list []*broker
	for _, b := range all {
		if b.running() != nil {
			list = append(list, b)
		}
	}
	if len(list) == 0 {
		return all
	}
	return list
}

// others reports whether another member runs.
func (m *members) others(b *broker) bool {
	return slices.ContainsFunc(m.all(), func(other *broker) bool { return other != b && other.running() != nil })
}

func (m *members) get(node int32) *broker {
	all := m.all()
	if i := slices.IndexFunc(all, func(b *broker) bool { return b.node == node }); i >= 0 {
		return all[i]
	}
	return nil
}

// process returns the process of a member that runs, else nil.
func (m *members) process(node int32) *process {
	if b := m.get(node); b != nil {
		return b.running()
	}
	return nil
}

// changed returns a channel that is closed by the next announce.
func (m *members) changed() <-chan struct{} {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.news
}

// announce wakes those who wait until a broker does something else, or leads something else.
func (m *members) announce() {
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.news)
	m.news = make(chan struct{})
}

// controller is the member with the lowest node id.
func (m *members) controller() int32 {
	if all := m.all(); len(all) > 0 {
		return all[0].node
	}
	return -1
}

// coordinator is the member that coordinates a group or a transactional id: the one with the highest random weight, so that a
// change of the members moves only what has to be moved.
func (m *members) coordinator(key string) *broker {
	var best *broker
	var heaviest uint64
	for _, b := range m.all() {
		h := fnv.New64a()
		_, _ = h.Write([]byte(key))
		_, _ = h.Write([]byte{0, byte(b.node), 0x9e, 0x37, 0x79, 0xb9})
		if weight := h.Sum64(); best == nil || weight > heaviest {
			best, heaviest = b, weight
		}
	}
	return best
}

// leader waits until the broker that leads the partition runs, and returns its process; nil if there is no such partition.
func (l *life) leader(ctx context.Context, at place) (*process, error) {
	for {
		changed := l.members.changed()
		info := l.kfake.PartitionInfo(at.topic, at.partition)
		if info == nil {
			return nil, nil
		}
		if p := l.members.process(info.Leader); p != nil {
			return p, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
