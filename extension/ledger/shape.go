package ledger

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// shape is what metadata shows of a cluster, and what of it changed.
type shape struct {
	known      bool
	brokers    []MetadataBroker // by id and address
	controller int32            // −1: not known
	leaders    map[TopicPartition]int32
	changes    bounded[shapeChange]
}

// shapeChange is a difference between two metadata answers.
type shapeChange struct {
	who string
	at  time.Time

	// One of these: brokers, the leader of a partition, or the controller.
	brokersBefore, brokersAfter []MetadataBroker
	tp                          *TopicPartition
	before, after               int32
}

// saw compares an answer with what is known, and goes on from what it shows.
func (s *shape) saw(m *Metadata, at time.Time) {
	brokers := slices.Clone(m.Brokers)
	slices.SortFunc(brokers, func(a, b MetadataBroker) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Address, b.Address))
	})
	if !s.known {
		s.known, s.brokers, s.controller, s.leaders = true, brokers, m.Controller, map[TopicPartition]int32{}
	}
	if !slices.Equal(s.brokers, brokers) {
		s.changes.add(shapeChange{who: m.Who, at: at, brokersBefore: s.brokers, brokersAfter: brokers})
		s.brokers = brokers
	}
	if m.Controller >= 0 {
		if s.controller >= 0 && s.controller != m.Controller {
			s.changes.add(shapeChange{who: m.Who, at: at, before: s.controller, after: m.Controller})
		}
		s.controller = m.Controller
	}
	for _, tp := range slices.SortedFunc(maps.Keys(m.Leaders), TopicPartition.compare) {
		leader := m.Leaders[tp]
		if before, ok := s.leaders[tp]; ok && before != leader {
			s.changes.add(shapeChange{who: m.Who, at: at, tp: &tp, before: before, after: leader})
		}
		s.leaders[tp] = leader
	}
}
