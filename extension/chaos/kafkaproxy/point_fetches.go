package kafkaproxy

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// fetchSessions are those of one connection (KIP-227): a request names only what changed, so what it asks for has to be remembered.
// Clients do not go on with a session on another connection.
type fetchSessions struct {
	mu   sync.Mutex
	byID map[int32]map[fetchedPart]struct{}
}

// fetchedPart is a partition that a Fetch request asks for, as it names its topic, and by the name once that is known.
type fetchedPart struct {
	name      string
	id        [16]byte
	partition int32
	topic     string
}

// request follows what a session asks for.
func (s *fetchSessions) request(c *call) {
	message, err := c.request()
	if err != nil {
		return // take has decoded it before
	}
	m := message.(*kmsg.FetchRequest)
	if m.SessionID == 0 || m.SessionEpoch > 0 && len(m.Topics) == 0 && len(m.ForgottenTopics) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	session := s.byID[m.SessionID]
	if m.SessionEpoch <= 0 || session == nil {
		delete(s.byID, m.SessionID)
		return
	}
	for _, p := range partsOf(m) {
		session[p] = struct{}{}
	}
	for _, t := range m.ForgottenTopics {
		for _, partition := range t.Partitions {
			delete(session, fetchedPart{name: t.Topic, id: t.TopicID, partition: partition})
		}
	}
}

// response notes the session that a broker has made of a request.
func (s *fetchSessions) response(c *call) {
	message, err := c.request()
	if err != nil {
		return
	}
	m := message.(*kmsg.FetchRequest)
	if m.Version < 7 || m.SessionEpoch != 0 {
		return
	}
	reply, err := c.reply()
	if err != nil {
		return
	}
	answer := reply.(*kmsg.FetchResponse)
	if answer.SessionID == 0 || answer.ErrorCode != 0 {
		return
	}
	session := map[fetchedPart]struct{}{}
	for _, p := range partsOf(m) {
		session[p] = struct{}{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[int32]map[fetchedPart]struct{}{}
	}
	s.byID[answer.SessionID] = session
}

// asked returns what a Fetch request asks for, in order.
func (s *fetchSessions) asked(c *call, names *topicNames) []fetchedPart {
	message, err := c.request()
	if err != nil {
		return nil
	}
	m := message.(*kmsg.FetchRequest)
	all := partsOf(m)
	s.mu.Lock()
	if session := s.byID[m.SessionID]; m.SessionEpoch > 0 && session != nil {
		all = slices.Collect(maps.Keys(session))
	}
	s.mu.Unlock()
	for i := range all {
		all[i].topic = names.name(all[i].name, all[i].id)
	}
	slices.SortFunc(all, func(a, b fetchedPart) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
	})
	return all
}

// partsOf returns the partitions that a Fetch request names.
func partsOf(m *kmsg.FetchRequest) []fetchedPart {
	var all []fetchedPart
	for _, t := range m.Topics {
		for _, p := range t.Partitions {
			all = append(all, fetchedPart{name: t.Topic, id: t.TopicID, partition: p.Partition})
		}
	}
	return all
}
