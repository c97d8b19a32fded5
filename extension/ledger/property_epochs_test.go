package ledger_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"k6suite/extension/ledger"
)

// coordinator is a model of one that runs a group (KIP-848): each epoch has one assignment, to which members come one by one; a partition
// is given to a member when nobody else has it, and a member comes to an epoch when it has given up what is not its own there.
type coordinator struct {
	r       *rand.Rand
	l       *ledger.Ledger
	epoch   int32
	target  map[int32]*epochMember // of this epoch, by partition
	members []*epochMember
	readers int
}

// epochMember is a member, as the coordinator sees it and as it sees itself.
type epochMember struct {
	name     string
	epoch    int32
	assigned map[int32]bool // by the coordinator, with what is to be given up and was not yet
	thrown   bool           // out, and does not know it yet

	known   int32          // its epoch, as it knows
	owned   map[int32]bool // as it knows
	arrived map[int32]bool // in an answer that it is about to act upon; nil: none
}

const epochPartitions = 5

func (c *coordinator) change() {
	c.epoch++
	c.target = map[int32]*epochMember{}
	for p := range int32(epochPartitions) {
		if len(c.members) > 0 {
			c.target[p] = c.members[c.r.IntN(len(c.members))]
		}
	}
}

func (c *coordinator) join() {
	c.readers++
	m := &epochMember{name: fmt.Sprintf("reader %d", c.readers), assigned: map[int32]bool{}, owned: map[int32]bool{}}
	c.members = append(c.members, m)
	c.change()
	c.heard(m, true)
}

// remove takes a member out of the group: it left, or was silent for too long.
func (c *coordinator) remove(m *epochMember) {
	c.members = slices.DeleteFunc(c.members, func(other *epochMember) bool { return other == m })
	m.assigned, m.thrown = map[int32]bool{}, true
	c.change()
}

// heard is what a heartbeat of a member does; the answer may be lost.
func (c *coordinator) heard(m *epochMember, answered bool) {
	keep := map[int32]bool{}
	for p := range m.assigned {
		if c.target[p] == m {
			keep[p] = true
		}
	}
	mustGiveUp := slices.ContainsFunc(slices.Collect(maps.Keys(m.owned)), func(p int32) bool { return !keep[p] })
	if !mustGiveUp {
		m.assigned, m.epoch = keep, c.epoch
		for p, owner := range c.target {
			if owner == m && !c.taken(p) {
				m.assigned[p] = true
				keep[p] = true
			}
		}
	}
	if answered {
		m.known, m.arrived = m.epoch, maps.Clone(keep)
	}
}

func (c *coordinator) taken(partition int32) bool {
	return slices.ContainsFunc(c.members, func(m *epochMember) bool { return m.assigned[partition] })
}

// act has a member do what the last answer said: give up, then take.
func (c *coordinator) act(m *epochMember) {
	if m.arrived == nil {
		return
	}
	m.owned, m.arrived = m.arrived, nil
	c.claim(m)
}

func (c *coordinator) claim(m *epochMember) {
	var owned []ledger.TopicPartition
	for p := range m.owned {
		owned = append(owned, tp(p))
	}
	c.l.Owns("g", m.name, m.known, owned)
}

// step is one thing that happens: members seldom come and go, so that epochs last for long enough to be compared.
func (c *coordinator) step(thrown *[]*epochMember) {
	if len(c.members) == 0 || c.r.IntN(40) == 0 && len(c.members) < 6 {
		c.join()
		return
	}
	m := c.members[c.r.IntN(len(c.members))]
	switch what := c.r.IntN(80); {
	case what == 0:
		c.remove(m)
		*thrown = append(*thrown, m) // it says for a while yet what it has
	case what == 1:
		c.remove(m)
	case what < 25:
		if m.arrived == nil { // else it is busy with the last answer, and only says that it is alive
			c.heard(m, c.r.IntN(5) > 0)
		}
	case what < 50:
		c.act(m)
	default:
		c.claim(m)
		if len(*thrown) > 0 {
			c.claim((*thrown)[c.r.IntN(len(*thrown))])
		}
	}
}

func TestPropertyMembersOfManyEpochs(t *testing.T) {
	t.Parallel()
	eachSeed(t, tries(t, 1000), func(seed uint64) error {
		h := newHistory(t)
		c := &coordinator{r: rand.New(rand.NewPCG(seed, 848)), l: h.l}
		var thrown []*epochMember
		for range 100 + c.r.IntN(400) {
			c.step(&thrown)
		}
		if got := h.l.Judge(h.options).Findings; len(got) > 0 {
			return fmt.Errorf("of a coordinator that keeps its promises: %v", got)
		}
		for len(c.members) < 2 {
			c.join()
		}
		for range 10 { // until all have come to the epoch
			for _, m := range c.members {
				c.heard(m, true)
				c.act(m)
			}
		}
		p := int32(c.r.IntN(epochPartitions))
		wrong := c.members[0]
		if c.target[p] == wrong {
			wrong = c.members[1]
		}
		wrong.owned[p] = true
		c.claim(wrong)
		if total(h.l.Judge(h.options).Findings, ledger.GroupDouble) != 1 {
			return fmt.Errorf("two owners of partition %d at epoch %d are not found", p, c.epoch)
		}
		return nil
	})
}
