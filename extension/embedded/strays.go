package embedded

import "github.com/twmb/franz-go/pkg/kerr"

// refuseStrays answers what is queued by processes that do not lead the partition any more. What a broker has accepted that was
// asked to end is stored nevertheless.
func (l *life) refuseStrays(p *partition) {
	info := l.kfake.PartitionInfo(p.topic, p.partition)
	if info == nil {
		return
	}
	b := l.members.get(info.Leader)
	if b == nil {
		return
	}
	leader := b.alive()
	for _, e := range p.withdrawAll(func(e *entry) bool { return e.by != leader && !e.by.leaving() }) {
		if !l.mischief.late(l, p, e) {
			e.fail(kerr.NotLeaderForPartition, "another broker has taken over")
		}
	}
}

// withdraw drops what a process has queued, that is dead: nobody waits for it any more.
func (l *life) withdraw(dead *process) {
	for _, p := range partitionsOf(l.catalog.all()) {
		for _, e := range p.withdrawAll(func(e *entry) bool { return e.by == dead }) {
			e.fail(kerr.NotLeaderForPartition, "the broker is dead")
		}
	}
}
