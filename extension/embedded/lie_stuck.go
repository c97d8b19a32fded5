package embedded

import "sync/atomic"

// stayStuck leaves producers without an answer at a broker whose connections were reset once.
type stayStuck struct {
	honest
	*liar
	broker atomic.Int32 // its node id + 1; 0: all are well
	life   atomic.Pointer[life]
}

func newStayStuck(l *liar) mischief { return &stayStuck{liar: l} }

func (m *stayStuck) cut(l *life, node int32) {
	if m.broker.CompareAndSwap(0, node+1) {
		m.life.Store(l)
	}
}

// arrive takes batches away that are then never answered. A restart cures it.
func (m *stayStuck) arrive(l *life, p *partition, _ *entry) bool {
	info := l.kfake.PartitionInfo(p.topic, p.partition)
	if m.life.Load() != l || info == nil || info.Leader+1 != m.broker.Load() {
		return false
	}
	m.hits.Add(1)
	return true
}
