package embedded

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
)

// spread has the partitions of a topic, from a number on, led by the members in turn, where kfake draws lots. The first leader
// depends on the topic's name, so that topics of one partition do not all end at one broker.
func (l *life) spread(d *topicDocument, from int) error {
	members := l.members.running()
	for partition := from; partition < len(d.Leaders); partition++ {
		wanted := members[turn(d.Name, int32(partition), len(members))].node
		wanted = l.mischief.leads(place{d.Name, int32(partition)}, wanted)
		if d.Leaders[partition] == wanted {
			continue
		}
		if err := l.kfake.MoveTopicPartition(d.Name, int32(partition), wanted); err != nil {
			return fmt.Errorf("have broker %d lead %s/%d: %w", wanted, d.Name, partition, err)
		}
		d.Leaders[partition] = wanted
		d.Epochs[partition]++
	}
	return nil
}

// turn says whose turn a partition is, among n.
func turn(topic string, partition int32, n int) int {
	first := fnv.New32a()
	_, _ = first.Write([]byte(topic))
	return int((uint64(first.Sum32()) + uint64(partition)) % uint64(n))
}

// leadership is who leads what, at one moment.
type leadership struct {
	topics []*topic
	led    map[*topic][]int32       // by partition
	counts map[*topic]map[int32]int // by broker
	totals map[int32]int            // by broker
	sizes  map[*topic]int           // partitions
	all    int                      // partitions
}

func (l *life) leadership() *leadership {
	s := &leadership{
		topics: l.catalog.all(), led: map[*topic][]int32{}, counts: map[*topic]map[int32]int{}, totals: map[int32]int{}, sizes: map[*topic]int{},
	}
	for _, t := range s.topics {
		s.counts[t] = map[int32]int{}
		for _, info := range l.kfake.PartitionInfos(t.name) {
			s.led[t] = append(s.led[t], info.Leader)
			s.counts[t][info.Leader]++
			s.totals[info.Leader]++
			s.sizes[t]++
			s.all++
		}
	}
	return s
}

func (s *leadership) move(t *topic, partition int, to int32) {
	from := s.led[t][partition]
	s.led[t][partition] = to
	s.counts[t][from]--
	s.totals[from]--
	s.counts[t][to]++
	s.totals[to]++
}

// settle gives what nobody leads who is a member to members that run, in turn, to those first that lead the least. It tells who got
// each partition, and returns how many there were. The caller holds l.leading.
func (l *life) settle(tell func(to int32)) (moved int) {
	heirs := l.members.running()
	s := l.leadership()
	for _, t := range s.topics {
		for partition, leader := range s.led[t] {
			if len(heirs) == 0 || l.members.get(leader) != nil {
				continue
			}
			first := turn(t.name, int32(partition), len(heirs))
			heir := slices.MinFunc(append(slices.Clone(heirs[first:]), heirs[:first]...), func(a, b *broker) int {
				return cmp.Or(cmp.Compare(s.counts[t][a.node], s.counts[t][b.node]), cmp.Compare(s.totals[a.node], s.totals[b.node]))
			})
			to := l.moves(t, partition, leader, heir.node)
			s.move(t, partition, to)
			tell(to)
			moved++
		}
	}
	return moved
}

func nobodyCares(int32) {}

// share gives a broker that has joined its fair share, taken from those who lead the most. The caller holds l.leading.
func (l *life) share(b *broker) {
	s := l.leadership()
	n := len(l.members.all())
	for _, t := range s.topics {
		for s.counts[t][b.node] < s.sizes[t]/n && l.give(s, t, b) {
		}
	}
	for s.totals[b.node] < s.all/n { // topics of fewer partitions than there are brokers
		given := false
		for _, t := range s.topics {
			if s.totals[b.node] < s.all/n && s.counts[t][b.node] == 0 && l.give(s, t, b) {
				given = true
			}
		}
		if !given {
			return
		}
	}
}

// give has the broker lead one more partition of the topic, and reports whether it does.
func (l *life) give(s *leadership, t *topic, b *broker) bool {
	donors := slices.Clone(s.led[t])
	donors = slices.DeleteFunc(donors, func(node int32) bool { return node == b.node || s.totals[node] <= s.totals[b.node] })
	if len(donors) == 0 {
		return false
	}
	donor := slices.MaxFunc(donors, func(a, b int32) int {
		return cmp.Or(cmp.Compare(s.counts[t][a], s.counts[t][b]), cmp.Compare(s.totals[a], s.totals[b]), cmp.Compare(b, a))
	})
	for partition := len(s.led[t]) - 1; partition >= 0; partition-- {
		if s.led[t][partition] != donor {
			continue
		}
		to := l.moves(t, partition, donor, b.node)
		s.move(t, partition, to)
		return to == b.node
	}
	return false
}

// moves has another broker lead a partition and returns which one that is: a lie may want another one than the caller.
func (l *life) moves(t *topic, partition int, from, to int32) int32 {
	if wanted := l.mischief.leads(place{t.name, int32(partition)}, to); l.members.get(wanted) != nil {
		to = wanted
	}
	if to == from {
		return to
	}
	if err := l.kfake.MoveTopicPartition(t.name, int32(partition), to); err != nil { // deleted a moment ago
		l.logger.Debug("a leader could not be moved", "topic", t.name, "partition", partition, "error", err)
		return to
	}
	list := t.list()
	if partition >= len(list) {
		return to
	}
	p := list[partition]
	if info := l.kfake.PartitionInfo(t.name, int32(partition)); info != nil {
		p.began(info.Epoch, info.HighWatermark) // read after the move: rather too high than too low
	}
	p.mu.Lock()
	p.handed = append(p.handed, handover{from, to})
	p.mu.Unlock()
	l.refuseStrays(p)
	return to
}

// handover is a change of a partition's leader.
type handover struct{ from, to int32 }

// ended tells of the handovers of the partition. The caller has its turn: so what the former leader was doing is done.
func (l *life) ended(p *partition) {
	p.mu.Lock()
	handed := p.handed
	p.handed = nil
	p.mu.Unlock()
	for _, h := range handed {
		l.mischief.took(l, p, h.from, h.to)
	}
}

// endHandovers waits for the partitions that were handed over, and makes the new leaders durable.
func (l *life) endHandovers() {
	l.members.announce()
	l.background(func() {
		for _, p := range partitionsOf(l.catalog.all()) {
			p.mu.Lock()
			n := len(p.handed)
			p.mu.Unlock()
			if n > 0 && p.acquire(l.ctx) == nil {
				l.ended(p)
				p.release()
			}
		}
	})
	l.background(func() {
		if err := l.catalog.sync(l.ctx); err != nil && l.ctx.Err() == nil {
			l.logger.Warn("the leaders could not be made durable", "error", err)
		}
	})
}

// adoptNew settles partitions that were created while a broker lost its lease.
func (l *life) adoptNew() {
	l.leading.Lock()
	defer l.leading.Unlock()
	if l.settle(nobodyCares) > 0 {
		l.endHandovers()
	}
}
